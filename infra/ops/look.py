"""Commands that only look: `status` and `explain`."""

from __future__ import annotations

from typing import Any

import click

from chalicelib.domain.canary import Flight
from chalicelib.domain.connection import Connection, Freeze
from chalicelib.domain.explanation import explain as explained
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.payments import payments_of
from chalicelib.domain.timeline import timeline
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.usecases.connecting.webhook_health import arrival_problem
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
from infra.ops.refused import HOURS, refused_signatures
from infra.ops.screen import Screen, ago, moment
from infra.ops.stage import Stage

STUCK_AT_ONCE = 500


@click.command()
@command
def status(stage: Stage, screen: Screen) -> None:
    """One screen: organizations, queues, parked events, dead letters, stuck invoices, and how webhooks get in.

    Refused signatures are a figure and no more: anybody can send some.
    """
    now = stage.ports.clock.now()
    rows: list[dict[str, Any]] = []
    frozen: list[dict[str, Any]] = []
    for connection in screen.each(books.organizations(stage), "Organizations"):
        if connection.frozen is not None:
            frozen.append(_freeze(connection.organization_id, connection.frozen))
        account = connection.account_id
        last = stage.ports.events.last_received_at(account) if account else None
        latest = connection.sweep.latest
        rows.append(
            {
                "organization": connection.organization_id,
                "account": account,
                "status": connection.status(now).value,
                "frozen": connection.frozen is not None,
                "last_event": ago(last, now),
                "swept": ago(connection.sweep.swept_until, now),
                "recovered": latest.recovered + latest.corrected + latest.payouts if latest else 0,
                "webhooks": _webhooks(connection, stage),
                "parked": sum(1 for _ in books.parked(stage, account)) if account else 0,
            }
        )
    freeze = stage.ports.connections.platform_freeze()
    if freeze is not None:
        since = f"since {moment(freeze.at)}, by {freeze.by}: {freeze.reason}"
        screen.fact("platformFrozen", since, f"FROZEN for everybody, whoever connects now included, {since}")
    screen.table("organizations", "Organizations", rows)
    screen.table("frozen", "Frozen organizations", frozen)
    screen.table("queues", "Queues", books.queue_depths(stage))
    stuck = stage.ports.invoices.due_for_work(now, STUCK_AT_ONCE)
    screen.table("stuck", "Stuck invoices", [{"organization": one, "invoice": other} for one, other in stuck])
    endpoint = _endpoint(stage.ports.connections.webhook_check(), now)
    screen.fact("webhookEndpoint", endpoint, f"Webhook endpoint in Stripe: {endpoint}")
    canary = _canary(stage.ports.connections.canary_flight(), now)
    screen.fact("canary", canary, f"Canary: {canary}")
    refused = refused_signatures(stage)
    figure = "unknown" if refused is None else refused
    screen.fact("refusedSignatures", figure, f"Webhooks refused for their signature in {HOURS} hours: {figure}")


def _freeze(organization_id: OrganizationId, freeze: Freeze) -> dict[str, Any]:
    return {"organization": organization_id, "since": moment(freeze.at), "by": freeze.by, "reason": freeze.reason}


def _webhooks(connection: Connection, stage: Stage) -> str:
    """Returns in words what the sweep found out about whether webhooks arrive."""
    if not connection.active:
        return "not connected"
    return arrival_problem(connection, stage.ports) or "no problem known"


def _endpoint(check: WebhookCheck | None, now: int) -> str:
    if check is None:
        return "not looked at yet"
    if not check.usable(now):
        return f"not known: the latest look, {ago(check.at, now)} ago, is too old or Stripe did not answer"
    return check.problem or "as it should be"


def _canary(flight: Flight | None, now: int) -> str:
    if flight is None:
        return "not flown yet"
    if not flight.usable(now):
        return f"not known: the latest flight is {ago(flight.at, now)} old"
    return f"{flight.problem or flight.verdict}, {ago(flight.at, now)} ago"


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
