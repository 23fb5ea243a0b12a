"""`explain`: everything that is known of one thing."""

from __future__ import annotations

from typing import Any

import click

from chalicelib.domain.explanation import explain as explained
from chalicelib.domain.payments import payments_of
from chalicelib.domain.timeline import timeline
from chalicelib.usecases.payouts.show_deposits import deposits_of_invoice
from infra.ops import books
from infra.ops.cli import command
from infra.ops.deposit_lines import deposit_line, deposit_rows
from infra.ops.invoice_lines import (
    entry_line,
    entry_row,
    event_lines,
    event_row,
    fact_line,
    fact_rows,
    invoice_row,
    order_line,
    order_row,
    outcome,
    payment_line,
    payment_row,
)
from infra.ops.screen import Screen, moment
from infra.ops.stage import Stage


@click.group()
def explain() -> None:
    """Everything that is known of one thing."""


@explain.command("invoice")
@click.argument("organization")
@click.argument("invoice")
@command
def explain_invoice(stage: Stage, screen: Screen, organization: str, invoice: str) -> None:
    """Why an invoice stands where it stands: its payments with their fees and deposits, its timeline, its events."""
    found = books.invoice(stage, organization, invoice)
    now = stage.ports.clock.now()
    screen.table("invoice", f"Invoice {found.id} of {organization}", [invoice_row(found)])
    screen.fact("explanation", explained(found, now), explained(found, now))
    orders = [order_row(each, found) for each in found.refund_orders if each.open]
    unknown = "Refunds ordered whose outcome is not known (UTC)"
    screen.lines("refundOrders", unknown, orders, [order_line(each) for each in orders])
    facts = fact_rows(found)
    screen.lines("facts", "What Stripe said (UTC)", facts, [fact_line(each) for each in facts])
    payments = [payment_row(each) for each in payments_of(found)]
    screen.lines("payments", "Payments (UTC)", payments, [payment_line(each) for each in payments])
    deposits = list(deposit_rows(deposits_of_invoice(found, stage.ports).values()))
    screen.lines("deposits", "Fees and deposits", deposits, [deposit_line(each) for each in deposits])
    entries = [entry_row(each) for each in timeline(found)]
    screen.lines("timeline", "Timeline (UTC)", entries, [entry_line(each) for each in entries])
    events = [event_row(each) for each in books.event_log(stage, found.organization_id, found.id)]
    heading, lines = event_lines(events)
    screen.lines("events", "Event log (UTC), the latest arrival first", events, lines, heading)


@explain.command("event")
@click.argument("organization")
@click.argument("event")
@command
def explain_event(stage: Stage, screen: Screen, organization: str, event: str) -> None:
    """What became of one of Stripe's events, how long it took to arrive, and how often it was repeated."""
    _, account_id = books.connected(stage, organization)
    known = books.event(stage, account_id, event)
    if known is None:
        screen.failure(
            f"{event} has not come to {organization}, neither by webhook nor by reconciliation, or it came more than "
            f"35 days ago. Look for it in Stripe's dashboard of {account_id}. If it is there, "
            f"`replay {organization} --event {event}` applies it."
        )
        return
    screen.table("event", f"Event {event}", [_row(known)])


@explain.command("organization")
@click.argument("organization")
@command
def explain_organization(stage: Stage, screen: Screen, organization: str) -> None:
    """An organization's connection, its reconciliation, and its parked events."""
    connection, account_id = books.connected(stage, organization)
    now = stage.ports.clock.now()
    sweep, frozen = connection.sweep, connection.frozen
    told = {
        "account": account_id,
        "status": connection.status(now).value,
        "connected": moment(connection.connected_at),
        "disconnected": moment(connection.disconnected_at),
        "why": connection.disconnect_reason,
        "swept_until": moment(sweep.swept_until),
        "objects_swept": moment(sweep.objects_swept_at),
        "last_event": moment(stage.ports.events.last_received_at(account_id)),
        "frozen": f"{frozen.reason} ({frozen.by}, {moment(frozen.at)})" if frozen else False,
    }
    screen.table("organization", organization, [{"what": name, "is": value} for name, value in told.items()])
    if connection.account is not None:
        missing = [{"field": each.field, "message": each.message} for each in connection.account.requirements]
        screen.table("requirements", "What Stripe still needs of the company", missing)
    screen.table("parked", "Parked events", [_row(each) for each in books.parked(stage, account_id)])


def _row(known: books.KnownEvent) -> dict[str, Any]:
    return {
        "id": known.id,
        "type": known.type,
        "created": moment(known.created),
        "received": moment(known.received_at),
        "lag_s": known.lag,
        "outcome": outcome(known.outcome),
        "source": known.source,
        "repeated": known.repeated,
        "object": known.object_id,
        "invoice": known.invoice_id,
        "error": known.error,
    }
