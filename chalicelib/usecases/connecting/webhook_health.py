"""Reports whether Stripe's events reach an organization in time, by signals that an outsider cannot cause.

Three signals are combined, because none is enough alone:

    Stripe's own list     the endpoint exists, is enabled, has POM's API version, and receives every event type
    the signed canary     POM's endpoint accepts events signed with each of POM's secrets
    recovered events      no event had to be fetched after the latest one that a webhook brought

Refused signatures are ignored, because anybody can send a request that is refused. A schedule reads Stripe's list and
stores the result. So showing a page never calls Stripe, and an outage of Stripe is shown on the page and does not
break it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from chalicelib.domain.canary import CanaryRun, Verdict
from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import AccountUnreachable, Refused, Retryable
from chalicelib.domain.event_arrivals import LATEST_EVENTS, WebhookReach
from chalicelib.domain.webhook import WebhookCheck, problem_with
from chalicelib.ports import Ports

CHECK_FAILED = "Whether Stripe's webhooks are set up for POM could not be checked: Stripe did not answer."
NOT_CHECKED_YET = "Whether Stripe's webhooks are set up for POM has not been looked at yet."
NOT_CHECKED_LATELY = "Whether Stripe's webhooks are set up for POM has not been looked at for a quarter of an hour."
CANARY_NOT_SENT = "Whether POM takes Stripe's events has not been tried yet."
CANARY_THROTTLED = "Whether POM takes Stripe's events could not be tried: too many requests came from somewhere."
CANARY_NOT_SENT_LATELY = "Whether POM takes Stripe's events has not been tried for a quarter of an hour."


@dataclass(frozen=True, slots=True)
class WebhookHealth:
    """The health of an organization's webhooks.

    `healthy` is None if there is no problem and a signal is missing; `problem` then names the signal. `checked_at` is
    the time of the latest check of the endpoint in Stripe (epoch seconds UTC).
    """

    healthy: bool | None
    problem: str | None
    checked_at: int | None = None


def check_webhooks(url: str, ports: Ports) -> WebhookCheck:
    """Checks Stripe's list of webhook endpoints now, and stores whether the endpoint for `url` is right."""
    now = ports.clock.now()
    try:
        check = WebhookCheck(now, answered=True, problem=problem_with(ports.stripe.webhook_endpoints(), url))
    except (Refused, AccountUnreachable, Retryable):
        check = WebhookCheck(now, answered=False)
    ports.connections.save_webhook_check(check)
    return check


def webhook_health(connection: Connection, ports: Ports) -> WebhookHealth:
    """Returns the webhook health of an active connection."""
    now = ports.clock.now()
    check, canary_run = ports.connections.webhook_check(), ports.connections.canary_run()
    checked_at = check.at if check else None
    if (
        problem := _endpoint_problem(check, now)
        or _canary_problem(canary_run, now)
        or arrival_problem(connection, ports)
    ):
        return WebhookHealth(False, problem, checked_at)
    unknown = _unknown_part(check, canary_run, now)
    return WebhookHealth(None if unknown else True, unknown, checked_at)


def webhooks_are_silent(connection: Connection, reach: WebhookReach, now: int) -> bool:
    """Returns True if no webhook has arrived since the newest event happened that had to be fetched.

    Returns False if a single webhook was lost while others arrive. Arrivals are stored for 35 days.
    """
    undelivered_at = connection.sweep.undelivered_at(now)
    return undelivered_at > 0 and reach.fetched > 0 and not reach.reached_after(undelivered_at)


def arrival_problem(connection: Connection, ports: Ports) -> str | None:
    """Returns the problem that the latest sweep found, in plain words, or None if webhooks bring every event.

    If no webhook has arrived since the missed event, the next webhook clears the problem. If single webhooks were
    lost, the next webhook or the next sweep without findings clears it.
    """
    sweep, now = connection.sweep, ports.clock.now()
    if sweep.undelivered_at(now) and connection.account_id is not None:
        reach = WebhookReach.of(ports.events.arrivals(connection.account_id))
        if webhooks_are_silent(connection, reach, now):
            return _silence_text(reach)
        recovered_count = sweep.latest.recovered if sweep.latest and sweep.missed_just_now else 0
        if recovered_count and not reach.reached_after(sweep.missed_found_at):
            return f"The latest check found {_events(recovered_count)} that Stripe's webhooks had not brought."
    if sweep.corrected:
        return (
            f"The latest check corrected {_count_text(sweep.corrected, 'invoice')} that no event of Stripe's told of."
        )
    if sweep.late(now):
        return "Stripe has not been checked for missed events for more than an hour."
    return None


def _endpoint_problem(check: WebhookCheck | None, now: int) -> str | None:
    return check.problem if check is not None and check.usable(now) else None


def _canary_problem(canary_run: CanaryRun | None, now: int) -> str | None:
    return canary_run.problem if canary_run is not None and canary_run.usable(now) else None


def _unknown_part(check: WebhookCheck | None, canary_run: CanaryRun | None, now: int) -> str | None:
    if check is None:
        return NOT_CHECKED_YET
    if not check.usable(now):
        return NOT_CHECKED_LATELY if check.answered else CHECK_FAILED
    if canary_run is None:
        return CANARY_NOT_SENT
    if not canary_run.usable(now):
        return CANARY_NOT_SENT_LATELY
    return CANARY_THROTTLED if canary_run.verdict is Verdict.THROTTLED else None


def _silence_text(reach: WebhookReach) -> str:
    fetched_text = f"{_events(reach.fetched)} had to be fetched."
    if reach.last_delivered_at is not None:
        since = dt.datetime.fromtimestamp(reach.last_delivered_at, dt.UTC).strftime("%Y-%m-%d %H:%M")
        return f"Stripe's webhooks have not arrived since {since} UTC: {fetched_text}"
    if reach.fetched < LATEST_EVENTS:
        return f"Stripe's webhooks have not arrived yet: {fetched_text}"
    return f"Stripe's webhooks have not arrived for long: more than {fetched_text}"


def _events(count: int) -> str:
    return _count_text(count, "event")


def _count_text(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
