"""Commands that bring things up to date: `replay`, `reconcile`, `tie-out`."""

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
from infra.ops import books
from infra.ops.cli import command, dry_run, everybody
from infra.ops.control import chosen
from infra.ops.screen import Screen, moment
from infra.ops.stage import Stage

ONLY_A_RUN_TELLS = ("recovered", "early", "corrected", "goes_on")
"""Of what a reconciliation counts: that which is not known before it is done."""

BODIES_AT_ONCE = 1000
"""Parked events whose bodies are read, for those of them that Stripe does not list."""

AGO = re.compile(r"(\d+)(min|h|d)")
UNITS = {"min": 60, "h": 3600, "d": 86400}


class Moment(click.ParamType[int]):
    """A moment as epoch seconds, said as `2026-11-03T14:00Z`, as a day, or as `90min`, `3h`, `2d` ago."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it, or say that it is none."""
        if isinstance(value, int):
            return value
        if found := AGO.fullmatch(value):
            return int(time.time()) - int(found[1]) * UNITS[found[2]]
        try:
            said = dt.datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value} is no moment: say 2026-11-03T14:00Z, 2026-11-03, or 3h for three hours ago.", param, ctx
            )
        return int((said if said.tzinfo else said.replace(tzinfo=dt.UTC)).timestamp())


@click.command()
@click.argument("organization")
@click.option("--parked", is_flag=True, help="All parked events.")
@click.option("--event", "events", multiple=True, metavar="ID", help="This event; repeatable.")
@click.option(
    "--since",
    type=Moment(),
    help="Events from this moment on that nobody has dealt with: missed or parked.",
)
@click.option("--until", type=Moment(), help="With --since: and not later.")
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
    """Fetch events from Stripe again and apply them. An event that has been applied changes nothing.

    --since leaves out the events that have been dealt with, and says how many they are. --event fetches one of them
    all the same.
    """
    if not parked and not events and since is None:
        raise click.UsageError("Say --parked, --event or --since.")
    _, account_id = books.connected(stage, organization)
    wanted: dict[str, StripeEvent] = {}
    if parked:
        wanted |= {each.id: each for each in _parked(stage, screen, account_id)}
    for event_id in events:
        found = _listed(stage, account_id, event_id)
        if found is None:
            screen.failure(f"Stripe does not list {event_id}: it lists events for 30 days.")
        else:
            wanted[event_id] = found
    dealt_with = 0
    if since is not None:
        for page in stage.ports.stripe.events(account_id, since, until or stage.ports.clock.now()):
            known = stage.ports.events.known(account_id, [each.id for each in page]) if page else frozenset()
            wanted |= {each.id: each for each in page if each.id not in known}
            dealt_with += len(known)
    rows = []
    for event in screen.each(sorted(wanted.values(), key=lambda each: each.created), "Events", len(wanted)):
        kept = books.event(stage, account_id, event.id)
        outcome, error = (_would(kept), None) if dry_run else _applied(stage, account_id, event)
        if outcome == EventOutcome.PARKED:
            screen.failure(f"{event.id} could not be applied. {reason_in_words(error)}")
        rows.append(
            {
                "event": event.id,
                "type": event.type,
                "created": moment(event.created),
                "parked_for": reason_in_words(kept.error) if kept and kept.parked else None,
                "parked_error": kept.error if kept and kept.parked else None,
                "outcome": outcome,
                "error": error,
            }
        )
    columns = ("event", "type", "created", "parked_for", "outcome")
    screen.table("events", "Would be replayed" if dry_run else "Replayed", rows, columns)
    if since is not None:
        said = (
            f"{dealt_with} events since then have been dealt with and are left out; --event ID replays one of them."
        )
        screen.fact("dealtWith", dealt_with, said)


def _would(kept: books.KnownEvent | None) -> str:
    return "would be applied" if kept is None or kept.parked else "duplicate"


def _parked(stage: Stage, screen: Screen, account_id: StripeAccountId) -> Iterator[StripeEvent]:
    """Yields each parked event as Stripe lists it now, or as it came if Stripe does not list it.

    Stripe lists events for 30 days, and by their own dates. An event whose date lay in the future is parked with the
    time at which it came, so it is not found by that.
    """
    bodies = {each.event_id: each.body for each in stage.ports.events.parked(account_id, BODIES_AT_ONCE)}
    for known in list(books.parked(stage, account_id)):
        event = _listed(stage, account_id, known.id)
        if event is None and known.id in bodies:
            event = stage.ports.stripe.read_event(bodies[known.id], account_id)
        if event is None:
            screen.failure(
                f"{known.id} is parked, and neither Stripe's list nor POM has it in a form that can be read."
            )
        else:
            yield event


def _listed(stage: Stage, account_id: StripeAccountId, event_id: str) -> StripeEvent | None:
    """One event out of Stripe's list: by the second in which it was made, if we know that."""
    known = books.event(stage, account_id, event_id)
    now = stage.ports.clock.now()
    since, until = (known.created, known.created) if known else (now - EVENTS_LISTED_FOR, now)
    pages = stage.ports.stripe.events(account_id, since, until)
    return next((each for page in pages for each in page if each.id == event_id), None)


def _applied(stage: Stage, account_id: StripeAccountId, event: StripeEvent) -> tuple[str, str | None]:
    receipt = receive_event(event, Source.SWEEP, stage.ports)
    if receipt.outcome not in (*MARKED, EventOutcome.PARKED):
        stage.ports.events.set_aside(account_id, event.id, stage.ports.clock.now())
    return receipt.outcome.value, receipt.error


@click.command()
@click.argument("organizations", nargs=-1)
@everybody
@click.option("--objects", is_flag=True, help="Compare the objects themselves too.")
@click.option("--since", type=Moment(), help="Look at events from this moment on, if that is before the latest run.")
@dry_run
@command
def reconcile(
    stage: Stage,
    screen: Screen,
    organizations: tuple[str, ...],
    everybody: bool,
    objects: bool,
    since: int | None,
    dry_run: bool,
) -> None:
    """Find what webhooks did not bring, now; the schedule does it by itself.

    `missed` counts events that nobody had dealt with. A dry run counts them and the parked ones, and says whether
    the objects would be compared; what would be recovered or corrected only the run itself can tell.
    """
    rows = []
    for each in screen.each(chosen(stage, organizations, everybody), "Organizations"):
        try:
            connection = stage.ports.connections.get(each)
            if not connection.active:
                found, reason = ReconcileResult(), "not connected"
            elif dry_run:
                found, reason = _looked_at(stage, each, since, objects=objects), None
            else:
                found, reason = reconcile_account(each, stage.ports, objects=objects, since=since), None
        except Exception as error:  # noqa: BLE001 the others are to be reconciled nevertheless
            screen.failure(f"{each}: {type(error).__name__}: {error}")
            continue
        counts = asdict(replace(found, payouts=None)) | (dict.fromkeys(ONLY_A_RUN_TELLS) if dry_run else {})
        rows.append({"organization": each, **counts, **_of_payouts(found.payouts), "left_out": reason})
    screen.table("reconciled", "Would be reconciled" if dry_run else "Reconciled", rows)


def _of_payouts(swept: PayoutsSwept | None) -> dict[str, Any]:
    """Returns how many payouts and fees were found, each None if they were not compared. See `PayoutsSwept`."""
    return {
        "payouts": swept.found if swept is not None else None,
        "payouts_missed": swept.missed if swept is not None else None,
        "payouts_queued": swept.queued if swept is not None else None,
        "payouts_not_tied_out": swept.not_tied_out if swept is not None else None,
        "fees": swept.fees if swept is not None else None,
        "fees_left_before": moment(swept.fees_before) if swept is not None else None,
    }


def _looked_at(stage: Stage, organization_id: str, since: int | None, *, objects: bool) -> ReconcileResult:
    """What a run would find and do, as far as that is known before: nothing is recovered or corrected yet."""
    connection, account_id = books.connected(stage, organization_id)
    now = stage.ports.clock.now()
    seen = missed = 0
    for page in stage.ports.stripe.events(account_id, window_begins(connection, now, since), now):
        known = stage.ports.events.known(account_id, [each.id for each in page]) if page else frozenset()
        seen += len(page)
        missed += len(page) - len(known)
    return ReconcileResult(
        events_seen=seen,
        missed=missed,
        parked=sum(1 for _ in books.parked(stage, account_id)),
        objects=objects or connection.sweep.should_compare_objects(connection.organization_id, now),
    )


@click.command("tie-out")
@click.argument("organizations", nargs=-1)
@everybody
@click.option("--days", type=click.IntRange(1, 31), default=3, show_default=True, help="Today and the days before.")
@command
def tie_out(stage: Stage, screen: Screen, organizations: tuple[str, ...], everybody: bool, days: int) -> None:
    """Stripe's books against ours, by day: paid, refunded, disputed, lost, and what differs. Changes nothing."""
    rows: list[dict[str, Any]] = []
    differing: list[dict[str, Any]] = []
    for each in screen.each(chosen(stage, organizations, everybody), "Organizations"):
        try:
            found = tied_out(each, stage.ports, days=days)
        except Exception as error:  # noqa: BLE001 the others are to be compared nevertheless
            screen.failure(f"{each}: {type(error).__name__}: {error}")
            continue
        rows += [{"organization": each, **_day(day)} for day in found.days]
        differing += [{"organization": each, **asdict(difference)} for difference in found.differences]
    screen.table("days", "Days", rows)
    screen.table("differences", "Differences", differing)
    if differing:
        screen.failure(f"{len(differing)} items differ.")


def _day(day: Any) -> dict[str, str]:
    def said(theirs: int, ours: int) -> str:
        one, other = decimal_string(theirs, day.currency), decimal_string(ours, day.currency)
        return one if one == other else f"{one}, we say {other}"

    theirs, ours = day.stripe, day.ours
    return {
        "day": (moment(day.begins_at) or "")[:10],
        "currency": day.currency,
        "paid": said(theirs.paid, ours.paid),
        "refunded": said(theirs.refunded, ours.refunded),
        "disputed": said(theirs.disputed, ours.disputed),
        "lost": said(theirs.lost, ours.lost),
        "net": said(theirs.net, ours.net),
    }
