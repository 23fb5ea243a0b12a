"""The commands `replay`, `reconcile` and `tie-out`, which bring POM up to date with Stripe."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import click

from chalicelib.domain.events import StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.money import decimal_string
from chalicelib.domain.parked_reasons import reason_in_words
from chalicelib.domain.sweep import EVENTS_LISTED_FOR, PayoutsSwept
from chalicelib.usecases.events.event_outcome import MARKED, EventOutcome
from chalicelib.usecases.events.receive_event import receive_event
from chalicelib.usecases.reconciling.reconcile import ReconcileResult, reconcile_account
from chalicelib.usecases.reconciling.sweep_events import window_begins
from chalicelib.usecases.reconciling.tie_out import tie_out as tied_out
from infra.ops import lookups
from infra.ops.cli import all_organizations, command, dry_run
from infra.ops.control import chosen_organizations
from infra.ops.screen import Screen, timestamp
from infra.ops.stage import Stage

KNOWN_AFTER_A_RUN = ("recovered", "early", "corrected", "goes_on")
"""The counts of a reconciliation that are unknown until it has run."""

BODIES_AT_ONCE = 1000
"""The most parked events whose bodies are read, for events that Stripe does not list any more."""

AGO = re.compile(r"(\d+)(min|h|d)")
UNITS = {"min": 60, "h": 3600, "d": 86400}


class TimeParam(click.ParamType[int]):
    """A time in epoch seconds, entered as `2026-11-03T14:00Z`, as a day, or as `90min`, `3h` or `2d` ago."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Returns the time in epoch seconds. Fails with a usage message if the text is not a time."""
        if isinstance(value, int):
            return value
        if match := AGO.fullmatch(value):
            return int(time.time()) - int(match[1]) * UNITS[match[2]]
        try:
            time_given = dt.datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value} is not a time: enter 2026-11-03T14:00Z, 2026-11-03, or 3h for three hours ago.", param, ctx
            )
        return int((time_given if time_given.tzinfo else time_given.replace(tzinfo=dt.UTC)).timestamp())


@click.command()
@click.argument("organization")
@click.option("--parked", is_flag=True, help="All parked events.")
@click.option("--event", "events", multiple=True, metavar="ID", help="This event; repeatable.")
@click.option(
    "--since",
    type=TimeParam(),
    help="Events since this time that POM has not processed: missed or parked.",
)
@click.option("--until", type=TimeParam(), help="With --since: events until this time.")
@dry_run
@command
def replay(
    stage: Stage,
    screen: Screen,
    organization: str,
    parked: bool,
    events: tuple[str, ...],
    since: int | None,
    until: int | None,
    dry_run: bool,
) -> None:
    """Fetch events from Stripe again and apply them. An event that was applied already changes nothing.

    --since leaves out the events that POM has processed, and shows how many they are. --event fetches such an event
    nevertheless.
    """
    if not parked and not events and since is None:
        raise click.UsageError("Use --parked, --event or --since.")
    _, account_id = lookups.connection_and_account(stage, organization)
    chosen_events: dict[str, StripeEvent] = {}
    if parked:
        chosen_events |= {each.id: each for each in _parked(stage, screen, account_id)}
    for event_id in events:
        stripe_event = _event_in_stripe(stage, account_id, event_id)
        if stripe_event is None:
            screen.failure(f"Stripe does not list {event_id}: it lists events for 30 days.")
        else:
            chosen_events[event_id] = stripe_event
    processed_count = 0
    if since is not None:
        for page in stage.ports.stripe.events(account_id, since, until or stage.ports.clock.now()):
            known_ids = stage.ports.events.known(account_id, [each.id for each in page]) if page else frozenset()
            chosen_events |= {each.id: each for each in page if each.id not in known_ids}
            processed_count += len(known_ids)
    rows = []
    for event in screen.each(
        sorted(chosen_events.values(), key=lambda each: each.created), "Events", len(chosen_events)
    ):
        record = lookups.event(stage, account_id, event.id)
        outcome, error = (_dry_run_outcome(record), None) if dry_run else _apply(stage, account_id, event)
        if outcome == EventOutcome.PARKED:
            screen.failure(f"{event.id} could not be applied. {reason_in_words(error)}")
        rows.append(
            {
                "event": event.id,
                "type": event.type,
                "created": timestamp(event.created),
                "parked_for": reason_in_words(record.error) if record and record.parked else None,
                "parked_error": record.error if record and record.parked else None,
                "outcome": outcome,
                "error": error,
            }
        )
    columns = ("event", "type", "created", "parked_for", "outcome")
    screen.table("events", "Would be replayed" if dry_run else "Replayed", rows, columns)
    if since is not None:
        sentence = (
            f"POM has processed {processed_count} events since then and does not replay them; --event ID replays one."
        )
        screen.fact("dealtWith", processed_count, sentence)


def _dry_run_outcome(record: lookups.EventRecord | None) -> str:
    return "would be applied" if record is None or record.parked else "duplicate"


def _parked(stage: Stage, screen: Screen, account_id: StripeAccountId) -> Iterator[StripeEvent]:
    """Yields each parked event as Stripe lists it now, or as it arrived if Stripe does not list it.

    Stripe lists events for 30 days, by their creation dates. An event whose date lay in the future is parked with the
    time of its arrival, so it cannot be found by that time.
    """
    bodies = {each.event_id: each.body for each in stage.ports.events.parked(account_id, BODIES_AT_ONCE)}
    for record in list(lookups.parked_events(stage, account_id)):
        event = _event_in_stripe(stage, account_id, record.id)
        if event is None and record.id in bodies:
            event = stage.ports.stripe.read_event(bodies[record.id], account_id)
        if event is None:
            screen.failure(
                f"{record.id} is parked, and neither Stripe's list nor POM has it in a form that can be read."
            )
        else:
            yield event


def _event_in_stripe(stage: Stage, account_id: StripeAccountId, event_id: str) -> StripeEvent | None:
    """Returns one event from Stripe's list, or None. It is searched at its creation time, if POM knows that time."""
    record = lookups.event(stage, account_id, event_id)
    now = stage.ports.clock.now()
    since, until = (record.created, record.created) if record else (now - EVENTS_LISTED_FOR, now)
    pages = stage.ports.stripe.events(account_id, since, until)
    return next((each for page in pages for each in page if each.id == event_id), None)


def _apply(stage: Stage, account_id: StripeAccountId, event: StripeEvent) -> tuple[str, str | None]:
    receipt = receive_event(event, Source.SWEEP, stage.ports)
    if receipt.outcome not in (*MARKED, EventOutcome.PARKED):
        stage.ports.events.set_aside(account_id, event.id, stage.ports.clock.now())
    return receipt.outcome.value, receipt.error


@click.command()
@click.argument("organizations", nargs=-1)
@all_organizations
@click.option("--objects", is_flag=True, help="Compare the objects themselves, too.")
@click.option("--since", type=TimeParam(), help="Read events since this time, if it is before the latest run.")
@dry_run
@command
def reconcile(
    stage: Stage,
    screen: Screen,
    organizations: tuple[str, ...],
    all_organizations: bool,
    objects: bool,
    since: int | None,
    dry_run: bool,
) -> None:
    """Fetch and apply the events that webhooks did not bring. The schedule does the same automatically.

    `missed` counts events that POM has not processed. A dry run counts these and the parked events, and shows whether
    the objects would be compared. Only the run itself can count what it recovers and corrects.
    """
    rows = []
    for each in screen.each(chosen_organizations(stage, organizations, all_organizations), "Organizations"):
        try:
            connection = stage.ports.connections.get(each)
            if not connection.active:
                result, reason = ReconcileResult(), "not connected"
            elif dry_run:
                result, reason = _preview(stage, each, since, objects=objects), None
            else:
                result, reason = reconcile_account(each, stage.ports, objects=objects, since=since), None
        except Exception as error:  # noqa: BLE001 the others are to be reconciled nevertheless
            screen.failure(f"{each}: {type(error).__name__}: {error}")
            continue
        counts = asdict(replace(result, payouts=None)) | (dict.fromkeys(KNOWN_AFTER_A_RUN) if dry_run else {})
        rows.append({"organization": each, **counts, **_payout_counts(result.payouts), "left_out": reason})
    screen.table("reconciled", "Would be reconciled" if dry_run else "Reconciled", rows)


def _payout_counts(payouts: PayoutsSwept | None) -> dict[str, Any]:
    """Returns the counts of payouts and fees, each None if they were not compared. See `PayoutsSwept`."""
    return {
        "payouts": payouts.found if payouts is not None else None,
        "payouts_missed": payouts.missed if payouts is not None else None,
        "payouts_queued": payouts.queued if payouts is not None else None,
        "payouts_not_tied_out": payouts.not_tied_out if payouts is not None else None,
        "fees": payouts.fees if payouts is not None else None,
        "fees_left_before": timestamp(payouts.fees_before) if payouts is not None else None,
    }


def _preview(stage: Stage, organization_id: str, since: int | None, *, objects: bool) -> ReconcileResult:
    """Returns the counts that are known before a run. The counts of recovered and corrected objects stay 0."""
    connection, account_id = lookups.connection_and_account(stage, organization_id)
    now = stage.ports.clock.now()
    seen_count = missed_count = 0
    for page in stage.ports.stripe.events(account_id, window_begins(connection, now, since), now):
        known_ids = stage.ports.events.known(account_id, [each.id for each in page]) if page else frozenset()
        seen_count += len(page)
        missed_count += len(page) - len(known_ids)
    return ReconcileResult(
        events_seen=seen_count,
        missed=missed_count,
        parked=sum(1 for _ in lookups.parked_events(stage, account_id)),
        objects=objects or connection.sweep.should_compare_objects(connection.organization_id, now),
    )


@click.command("tie-out")
@click.argument("organizations", nargs=-1)
@all_organizations
@click.option(
    "--days",
    type=click.IntRange(1, 31),
    default=3,
    show_default=True,
    help="The number of days to compare, today included.",
)
@command
def tie_out(stage: Stage, screen: Screen, organizations: tuple[str, ...], all_organizations: bool, days: int) -> None:
    """Compare Stripe's amounts with POM's, and list the objects that differ. Changes nothing.

    Each day has the amounts that were paid, refunded, disputed and lost.
    """
    rows: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    for each in screen.each(chosen_organizations(stage, organizations, all_organizations), "Organizations"):
        try:
            comparison = tied_out(each, stage.ports, days=days)
        except Exception as error:  # noqa: BLE001 the others are to be compared nevertheless
            screen.failure(f"{each}: {type(error).__name__}: {error}")
            continue
        rows += [{"organization": each, **_day(day)} for day in comparison.days]
        differences += [{"organization": each, **asdict(difference)} for difference in comparison.differences]
    screen.table("days", "Days", rows)
    screen.table("differences", "Differences", differences)
    if differences:
        screen.failure(f"{len(differences)} items differ.")


def _day(day: Any) -> dict[str, str]:
    def amounts(stripe_cents: int, pom_cents: int) -> str:
        stripe_amount, pom_amount = (
            decimal_string(stripe_cents, day.currency),
            decimal_string(pom_cents, day.currency),
        )
        return stripe_amount if stripe_amount == pom_amount else f"{stripe_amount}, POM has {pom_amount}"

    theirs, ours = day.stripe, day.ours
    return {
        "day": (timestamp(day.begins_at) or "")[:10],
        "currency": day.currency,
        "paid": amounts(theirs.paid, ours.paid),
        "refunded": amounts(theirs.refunded, ours.refunded),
        "disputed": amounts(theirs.disputed, ours.disputed),
        "lost": amounts(theirs.lost, ours.lost),
        "net": amounts(theirs.net, ours.net),
    }
