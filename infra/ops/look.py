"""Commands that only look: `status` and `explain`."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from chalicelib.domain.canary import Flight
from chalicelib.domain.connection import Connection, Freeze
from chalicelib.domain.explanation import explain as explained
from chalicelib.domain.history import HistoryEntry, in_order
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.money import decimal_string
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.usecases.connecting.webhook_health import arrival_problem
from chalicelib.usecases.invoicing.invoices import get_invoice
from infra.ops import books
from infra.ops.cli import command
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
                "recovered": latest.recovered + latest.corrected if latest else 0,
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
    """Why an invoice stands where it stands, as a timeline."""
    found = get_invoice(OrganizationId(organization), InvoiceId(invoice), stage.ports)
    now = stage.ports.clock.now()
    currency = found.order.currency
    summary = {
        "invoice": found.id,
        "status": found.status.value,
        "total": f"{decimal_string(found.total, currency)} {currency}",
        "paid": decimal_string(found.amounts.paid, currency),
        "refunded": decimal_string(found.amounts.refunded, currency),
        "lost": decimal_string(found.amounts.lost, currency),
        "received": decimal_string(found.amounts.received, currency),
        "balance": decimal_string(found.balance, currency),
        "stripe": found.stripe_invoice_id,
        "step": found.saga.step.value,
        "attempts": found.saga.attempts,
        "resumes": moment(found.saga.resume_at),
    }
    screen.table("invoice", f"Invoice {found.id} of {organization}", [summary])
    screen.fact("explanation", explained(found, now), explained(found, now))
    facts = found.facts
    known: list[Any] = [
        *([facts.invoice] if facts.invoice else []),
        *facts.revisions.values(),
        *facts.payment_intents.values(),
        *facts.charges.values(),
        *facts.payments.values(),
        *facts.refunds.values(),
        *facts.disputes.values(),
        *facts.credit_notes.values(),
    ]
    screen.table(
        "facts",
        "What Stripe said",
        [{"id": fact.id, "status": fact.status, "as_of": moment(fact.as_of)} for fact in known],
    )
    columns = ("at", "kind", "source", "amount", "currency", "actor", "outcome", "reason", "stripe_id", "event_id")
    screen.table("timeline", "Timeline", [_entry(each) for each in in_order(found.history)], columns)


def _entry(entry: HistoryEntry) -> dict[str, Any]:
    """One line of a timeline; the amount is decimal, as in the API and on the invoice above it."""
    told = {**msgspec.to_builtins(entry), "at": moment(entry.at)}
    if entry.amount is not None and entry.currency is not None:
        told["amount"] = decimal_string(entry.amount, entry.currency)
    return told


@explain.command("event")
@click.argument("organization")
@click.argument("event")
@command
def explain_event(stage: Stage, screen: Screen, organization: str, event: str) -> None:
    """What became of one of Stripe's events."""
    _, account_id = books.connected(stage, organization)
    known = books.event(stage, account_id, event)
    if known is None:
        screen.failure(f"{event} has not come, neither by webhook nor by reconciliation.")
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
        "outcome": known.outcome,
        "source": known.source,
        "invoice": known.invoice_id,
        "error": known.error,
    }
