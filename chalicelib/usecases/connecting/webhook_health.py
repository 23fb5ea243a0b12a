"""Tells whether Stripe's events reach an organization as they happen, by signals that a stranger cannot cause.

Three things say so, and none of them is enough alone:

    Stripe's own list     the endpoint is there, enabled, of our version, and told of everything
    the signed canary     our door takes what each of our secrets signs
    what had to be found  no event had to be fetched after the latest one that a webhook brought

Refused signatures say nothing: anybody can send what is refused. A schedule looks at Stripe's list and keeps what it
saw, so that showing a page never calls Stripe, and an outage of Stripe's is told on the page instead of breaking it.
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
    """`healthy` is None where nothing speaks against it and something is not known; `problem` then says what.

    `checked_at` is when the endpoint in Stripe was looked at, in epoch seconds UTC.
    """

    healthy: bool | None
    problem: str | None
    checked_at: int | None = None


def check_webhooks(url: str, ports: Ports) -> WebhookCheck:
    """Look at Stripe's list of webhook endpoints now, and keep whether the one for `url` is as it has to be."""
    now = ports.clock.now()
    try:
        check = WebhookCheck(now, answered=True, problem=problem_with(ports.stripe.webhook_endpoints(), url))
    except (Refused, AccountUnreachable, Retryable):
        check = WebhookCheck(now, answered=False)
    ports.connections.save_webhook_check(check)
    return check


def webhook_health(connection: Connection, ports: Ports) -> WebhookHealth:
    """What is known of an active connection."""
    now = ports.clock.now()
    check, flight = ports.connections.webhook_check(), ports.connections.canary_run()
    checked_at = check.at if check else None
    if problem := _endpoint_problem(check, now) or _canary_problem(flight, now) or arrival_problem(connection, ports):
        return WebhookHealth(False, problem, checked_at)
    unknown = _unknown_part(check, flight, now)
    return WebhookHealth(None if unknown else True, unknown, checked_at)


def webhooks_are_silent(connection: Connection, hearing: WebhookReach, now: int) -> bool:
    """Whether no webhook has come since the newest event happened that none had brought.

    One that is lost while others come is not that. Events are remembered for 35 days; after that nobody can tell.
    """
    unheard_at = connection.sweep.undelivered_at(now)
    return unheard_at > 0 and hearing.fetched > 0 and not hearing.reached_after(unheard_at)


def arrival_problem(connection: Connection, ports: Ports) -> str | None:
    """What the sweep found, in plain words; None if webhooks bring what happens.

    If no webhook has come since the missed event, the next webhook clears the problem. If single webhooks were lost,
    the next webhook or the next run that finds nothing does.
    """
    sweep, now = connection.sweep, ports.clock.now()
    if sweep.undelivered_at(now) and connection.account_id is not None:
        hearing = WebhookReach.of(ports.events.arrivals(connection.account_id))
        if webhooks_are_silent(connection, hearing, now):
            return _silence_text(hearing)
        recovered_count = sweep.latest.recovered if sweep.latest and sweep.missed_just_now else 0
        if recovered_count and not hearing.reached_after(sweep.missed_found_at):
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


def _canary_problem(flight: CanaryRun | None, now: int) -> str | None:
    return flight.problem if flight is not None and flight.usable(now) else None


def _unknown_part(check: WebhookCheck | None, flight: CanaryRun | None, now: int) -> str | None:
    if check is None:
        return NOT_CHECKED_YET
    if not check.usable(now):
        return NOT_CHECKED_LATELY if check.answered else CHECK_FAILED
    if flight is None:
        return CANARY_NOT_SENT
    if not flight.usable(now):
        return CANARY_NOT_SENT_LATELY
    return CANARY_THROTTLED if flight.verdict is Verdict.THROTTLED else None


def _silence_text(hearing: WebhookReach) -> str:
    fetched_text = f"{_events(hearing.fetched)} had to be fetched."
    if hearing.last_delivered_at is not None:
        since = dt.datetime.fromtimestamp(hearing.last_delivered_at, dt.UTC).strftime("%Y-%m-%d %H:%M")
        return f"Stripe's webhooks have not arrived since {since} UTC: {fetched_text}"
    if hearing.fetched < LATEST_EVENTS:
        return f"Stripe's webhooks have not arrived yet: {fetched_text}"
    return f"Stripe's webhooks have not arrived for long: more than {fetched_text}"


def _events(count: int) -> str:
    return _count_text(count, "event")


def _count_text(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
