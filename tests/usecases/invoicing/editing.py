"""Drafts and changes of them, as the tests of editing need them."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.billing import BillingTerms
from chalicelib.domain.identifiers import ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.usecases.invoicing.edit_draft import EditDraft
from tests.world import OFFICE, ORGANIZATION, World, line


def create_draft(world: World, *services: str, **terms: Any) -> Invoice:
    """Returns a draft of these services that waits for its review, in a world that has heard of it."""
    draft = world.invoice(*(services or ("svc_1", "svc_2")), send=False, **terms)
    world.deliver()
    return world.now(draft)


def ready_world() -> World:
    """Returns a world with a company that is connected and has a customer."""
    world = World()
    world.connect()
    world.customer()
    world.ports.queues.take()
    return world


def edit_of(draft: Invoice, *services: str, **changes: Any) -> EditDraft:
    """Returns a request to bill these services at 75.00 each; `changes` are fields of it or of its terms."""
    lines = changes.pop("line_items", tuple(line(service) for service in services))
    terms = BillingTerms(**{name: changes.pop(name) for name in BillingTerms.__slots__ if name in changes})
    return EditDraft(ORGANIZATION, draft.id, OFFICE, lines, terms, **changes)


def lines_in_stripe(world: World, invoice: Invoice) -> list[tuple[str, int]]:
    """Returns what the payer reads in each line, and its amount in minor units, in the order of the page."""
    ledger = world.double.world.ledgers[invoice.stripe_account_id]
    return [(line["description"], line["amount"]) for line in ledger.lines[invoice.stripe_invoice_id or ""]]


def stripe_invoice(world: World, invoice: Invoice) -> dict[str, Any]:
    """Returns the invoice as Stripe has it."""
    invoices = world.in_stripe(invoice.stripe_account_id)
    return next(each for each in invoices if each["id"] == invoice.stripe_invoice_id)


def claim_holders(world: World) -> dict[str, str]:
    """Returns who holds each service."""
    return {service: holder for (_, service), holder in world.ports.database.claims.items()}


def require_stripe_has_the_order(world: World, invoice: Invoice) -> None:
    """Requires that Stripe has the lines of the order, and that the invoice holds its services and no others."""
    order = invoice.order
    gateway = world.ports.stripe
    assert gateway.billed_lines(invoice.stripe_account_id, invoice.stripe_invoice_id or "") == order.billed
    mine = {service for service, holder in claim_holders(world).items() if holder == invoice.id}
    assert mine == {ServiceId(line.service_id) for line in order.line_items}
    assert (invoice.edit, invoice.saga.refusal, invoice.saga.resume_at) == (None, None, None)
