"""Whether Stripe's events arrive, by everything that can be known of it without asking Stripe to send one.

Stripe's API returns an endpoint's signing secret only when the endpoint is created. Whether ours is the right one is
therefore judged by what arrives: a webhook that was taken, or events that the sweep had to fetch because none was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.domain.canary import REMEMBERED_FOR, Attempt, CanaryRun, Verdict
from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import IntegrationError
from chalicelib.domain.event_arrivals import WebhookReach
from chalicelib.domain.webhook import WebhookEndpoint, is_for, problem_with, surplus_endpoints
from chalicelib.usecases.connecting.webhook_health import webhooks_are_silent
from chalicelib.usecases.events.canary import send_canaries
from infra.ops import books
from infra.ops.screen import Row, Screen, moment
from infra.ops.stage import Stage

NOTE = (
    "Stripe's API does not reveal a signing secret: whether the endpoint's is one of ours is judged by what arrives."
)
CANNOT_BE_JUDGED = "no event yet: cannot be judged"
MARKS = {True: True, False: False, None: "not known"}


def verify_webhooks(stage: Stage, screen: Screen) -> None:
    """Tell what is known, row by row; a row that is not as it has to be is a failure, one that is unknown is not."""
    deaf: list[Row] = []
    rows = [*_in_stripe(stage), *_canaries(stage), *_arrivals(stage, screen, deaf)]
    shown = [{**row, "good": MARKS[row["good"]]} for row in rows]
    screen.table("shown", f"Stripe's events to {stage.webhook_url}", shown, ("what", "is", "good"))
    screen.document["verification"] = [dict(row) for row in rows]
    del screen.document["shown"]
    if deaf:
        screen.table("deaf", "Organizations that no webhook reaches", deaf)
    else:
        screen.document["deaf"] = []
    bad = [f"{row['what']}: {row['is']}" for row in rows if row["good"] is False]
    screen.fact("problem", bad[0] if bad else None, NOTE)
    screen.document["note"] = NOTE
    for each in bad:
        screen.failure(each)
    if bad:
        screen.step("See docs/runbooks/webhook-endpoint.md.")


def _row(what: str, said: str, good: bool | None) -> Row:
    """`good` is None where it is not known, or says nothing."""
    return {"what": what, "is": said, "good": good}


def _in_stripe(stage: Stage) -> Iterator[Row]:
    try:
        found = [each for each in stage.ports.stripe.webhook_endpoints() if is_for(each.url, stage.webhook_url)]
    except IntegrationError as error:
        yield _row("endpoints in Stripe", f"could not be looked at: Stripe did not answer ({error.code})", False)
        return
    if not found:
        yield _row("endpoint in Stripe", str(problem_with(found, stage.webhook_url)), False)
    second = surplus_endpoints(found, stage.webhook_url)
    one_is_good = problem_with(found, stage.webhook_url) is None
    for each in found:
        if any(each is other for other in second):
            yield _row(f"surplus endpoint {each.id}", f"{_described(each)}; {SURPLUS}", False)
        elif not each.enabled and one_is_good:
            yield _row(f"endpoint {each.id}", f"{_described(each)}; not needed", None)
        else:
            problem = problem_with([each], stage.webhook_url)
            yield _row(
                f"endpoint {each.id}",
                _described(each) + (f"; {problem}" if problem else ""),
                problem is None,
            )


SURPLUS = (
    "a second one for this URL, with a secret of its own. If only that secret is kept here, nothing else is heard:"
    " delete it in Stripe once events arrive without it"
)


def _described(endpoint: WebhookEndpoint) -> str:
    return ", ".join(
        (
            "enabled" if endpoint.enabled else "disabled",
            f"version {endpoint.api_version or 'of the Stripe account'}",
            f"{len(endpoint.events)} events",
            "connected accounts" if endpoint.connect else "own account only",
        )
    )


def _canaries(stage: Stage) -> Iterator[Row]:
    """One is flown now, from here, with each secret; the schedule's own latest flight is told beside it."""
    flight = send_canaries(stage.ports.own_webhook, stage.ports)
    if not flight.attempts:
        yield _row("canary", f"{flight.verdict}: {flight.problem}", False)
    for number, attempt in enumerate(flight.attempts, 1):
        yield _row(f"canary with secret {number} ({attempt.fingerprint})", *_of_attempt(attempt, flight))
    yield _scheduled(stage.ports.connections.canary_run(), stage.ports.clock.now())


def _of_attempt(attempt: Attempt, flight: CanaryRun) -> tuple[str, bool | None]:
    if attempt.verdict is Verdict.PASSED:
        return "passed", True
    if attempt.verdict is not Verdict.REFUSED:
        return str(attempt.verdict), False
    since = f"refused since {moment(attempt.refused_since)}"
    waiting = flight.verdict.passed and flight.at - (attempt.refused_since or flight.at) <= REMEMBERED_FOR
    return (f"{since}: functions take a secret in within five minutes", None) if waiting else (since, False)


def _scheduled(flight: CanaryRun | None, now: int) -> Row:
    if flight is None:
        return _row("canary of the schedule", "has not flown yet", None)
    said = f"{flight.verdict}, {moment(flight.at)}"
    if not flight.usable(now):
        return _row("canary of the schedule", f"{said}: too old to say anything", None)
    return _row("canary of the schedule", said, flight.problem is None)


def _arrivals(stage: Stage, screen: Screen, deaf: list[Row]) -> Iterator[Row]:
    """By connected organization; those that hear nothing are added to `deaf`."""
    heard: list[int] = []
    now = stage.ports.clock.now()
    connected = [each for each in books.organizations(stage) if each.active]
    for connection in screen.each(connected, "Organizations"):
        hearing = _hearing(stage, connection)
        if hearing.last_delivered_at is not None:
            heard.append(hearing.last_delivered_at)
        if webhooks_are_silent(connection, hearing, now):
            deaf.append(_deaf(connection, hearing, now))
    fetched = sum(row["events_fetched"] for row in deaf)
    if deaf:
        said = f"{len(deaf)} of {len(connected)}: {fetched} events had to be fetched after the latest webhook"
        yield _row("organizations that no webhook reaches", said, False)
    elif heard:
        yield _row("organizations that no webhook reaches", "none", True)
    if heard:
        yield _row("latest event by webhook", str(moment(max(heard))), None if deaf else True)
    else:
        yield _row("latest event by webhook", "none" if deaf else CANNOT_BE_JUDGED, False if deaf else None)


def _hearing(stage: Stage, connection: Connection) -> WebhookReach:
    account_id = connection.account_id
    return WebhookReach.of(stage.ports.events.arrivals(account_id) if account_id else ())


def _deaf(connection: Connection, hearing: WebhookReach, now: int) -> dict[str, Any]:
    return {
        "organization": connection.organization_id,
        "account": connection.account_id,
        "latest_webhook": moment(hearing.last_delivered_at),
        "latest_missed": moment(connection.sweep.undelivered_at(now)),
        "events_fetched": hearing.fetched,
    }
