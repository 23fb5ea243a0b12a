"""Checks whether Stripe's events arrive, as far as this is possible without an event from Stripe.

Stripe's API returns an endpoint's signing secret only when the endpoint is created. So whether POM has the right
secret is judged by the events: a webhook was accepted, or the sweep had to fetch events because no webhook brought
them.
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
from infra.ops import lookups
from infra.ops.screen import Row, Screen, timestamp
from infra.ops.stage import Stage

NOTE = (
    "Stripe's API does not reveal a signing secret: whether POM has the endpoint's secret is judged by what arrives."
)
CANNOT_BE_JUDGED = "no event yet: cannot be judged"
MARKS = {True: True, False: False, None: "unknown"}


def verify_webhooks(stage: Stage, screen: Screen) -> None:
    """Shows the result of each check. A failed check is a failure of the command; an unknown result is not."""
    deaf: list[Row] = []
    rows = [*_in_stripe(stage), *_canaries(stage), *_arrivals(stage, screen, deaf)]
    table_rows = [{**row, "good": MARKS[row["good"]]} for row in rows]
    screen.table("shown", f"Stripe's events to {stage.webhook_url}", table_rows, ("what", "is", "good"))
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


def _row(check: str, finding: str, good: bool | None) -> Row:
    """Returns the row of a check. `good` is None if the result is unknown or means nothing."""
    return {"what": check, "is": finding, "good": good}


def _in_stripe(stage: Stage) -> Iterator[Row]:
    try:
        endpoints = [each for each in stage.ports.stripe.webhook_endpoints() if is_for(each.url, stage.webhook_url)]
    except IntegrationError as error:
        yield _row("endpoints in Stripe", f"could not be read: Stripe did not respond ({error.code})", False)
        return
    if not endpoints:
        yield _row("endpoint in Stripe", str(problem_with(endpoints, stage.webhook_url)), False)
    second = surplus_endpoints(endpoints, stage.webhook_url)
    one_is_good = problem_with(endpoints, stage.webhook_url) is None
    for each in endpoints:
        if any(each is surplus for surplus in second):
            yield _row(f"surplus endpoint {each.id}", f"{_description(each)}; {SURPLUS}", False)
        elif not each.enabled and one_is_good:
            yield _row(f"endpoint {each.id}", f"{_description(each)}; not needed", None)
        else:
            problem = problem_with([each], stage.webhook_url)
            yield _row(
                f"endpoint {each.id}",
                _description(each) + (f"; {problem}" if problem else ""),
                problem is None,
            )


SURPLUS = (
    "a second endpoint for this URL, with its own secret. If POM has only that secret, it accepts no other events:"
    " delete this endpoint in Stripe once events arrive without it"
)


def _description(endpoint: WebhookEndpoint) -> str:
    return ", ".join(
        (
            "enabled" if endpoint.enabled else "disabled",
            f"version {endpoint.api_version or 'of the Stripe account'}",
            f"{len(endpoint.events)} events",
            "connected accounts" if endpoint.connect else "own account only",
        )
    )


def _canaries(stage: Stage) -> Iterator[Row]:
    """Yields a canary sent now with each secret, and the latest canary of the schedule."""
    flight = send_canaries(stage.ports.own_webhook, stage.ports)
    if not flight.attempts:
        yield _row("canary", f"{flight.verdict}: {flight.problem}", False)
    for number, attempt in enumerate(flight.attempts, 1):
        yield _row(f"canary with secret {number} ({attempt.fingerprint})", *_of_attempt(attempt, flight))
    yield _scheduled_canary(stage.ports.connections.canary_run(), stage.ports.clock.now())


def _of_attempt(attempt: Attempt, flight: CanaryRun) -> tuple[str, bool | None]:
    if attempt.verdict is Verdict.PASSED:
        return "passed", True
    if attempt.verdict is not Verdict.REFUSED:
        return str(attempt.verdict), False
    since = f"refused since {timestamp(attempt.refused_since)}"
    waiting = flight.verdict.passed and flight.at - (attempt.refused_since or flight.at) <= REMEMBERED_FOR
    return (f"{since}: functions read a new secret within five minutes", None) if waiting else (since, False)


def _scheduled_canary(flight: CanaryRun | None, now: int) -> Row:
    if flight is None:
        return _row("canary of the schedule", "not sent yet", None)
    verdict_and_time = f"{flight.verdict}, {timestamp(flight.at)}"
    if not flight.usable(now):
        return _row("canary of the schedule", f"{verdict_and_time}: too old to mean anything", None)
    return _row("canary of the schedule", verdict_and_time, flight.problem is None)


def _arrivals(stage: Stage, screen: Screen, deaf: list[Row]) -> Iterator[Row]:
    """Yields the checks of arrivals, and adds organizations that no webhook reaches to `deaf`."""
    webhook_times: list[int] = []
    now = stage.ports.clock.now()
    connections = [each for each in lookups.organizations(stage) if each.active]
    for connection in screen.each(connections, "Organizations"):
        hearing = _hearing(stage, connection)
        if hearing.last_delivered_at is not None:
            webhook_times.append(hearing.last_delivered_at)
        if webhooks_are_silent(connection, hearing, now):
            deaf.append(_deaf(connection, hearing, now))
    fetched_count = sum(row["events_fetched"] for row in deaf)
    if deaf:
        finding = (
            f"{len(deaf)} of {len(connections)}: {fetched_count} events had to be fetched after the latest webhook"
        )
        yield _row("organizations that no webhook reaches", finding, False)
    elif webhook_times:
        yield _row("organizations that no webhook reaches", "none", True)
    if webhook_times:
        yield _row("latest event by webhook", str(timestamp(max(webhook_times))), None if deaf else True)
    else:
        yield _row("latest event by webhook", "none" if deaf else CANNOT_BE_JUDGED, False if deaf else None)


def _hearing(stage: Stage, connection: Connection) -> WebhookReach:
    account_id = connection.account_id
    return WebhookReach.of(stage.ports.events.arrivals(account_id) if account_id else ())


def _deaf(connection: Connection, hearing: WebhookReach, now: int) -> dict[str, Any]:
    return {
        "organization": connection.organization_id,
        "account": connection.account_id,
        "latest_webhook": timestamp(hearing.last_delivered_at),
        "latest_missed": timestamp(connection.sweep.undelivered_at(now)),
        "events_fetched": hearing.fetched,
    }
