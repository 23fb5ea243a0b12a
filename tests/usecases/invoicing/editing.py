"""Provides drafts, edits of drafts, and what Stripe has of them, for the tests of editing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from chalicelib.domain.billing import BillingTerms
from chalicelib.domain.errors import StripeRefused
from chalicelib.domain.identifiers import ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.usecases.invoicing.edit_draft import EditDraft
from tests.world import OFFICE, ORGANIZATION, World, line


def create_draft(world: World, *services: str, **terms: Any) -> Invoice:
    """Returns a draft of these services that waits for its review. Its events are delivered."""
    draft = world.invoice(*(services or ("svc_1", "svc_2")), send=False, **terms)
    world.deliver()
    return world.now(draft)


def ready_world() -> World:
    """Returns a world with a connected company and one customer."""
    world = World()
    world.connect()
    world.customer()
    world.ports.queues.take()
    return world


@contextmanager
def stripe_refusing_to_undo(world: World) -> Iterator[None]:
    """Makes Stripe refuse each removal of lines after the first, so that it does not undo an edit that it refused."""
    real = world.ports.stripe

    class RefusingStripe:
        remove_calls = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def remove_lines(self, *args: Any) -> Any:
            self.remove_calls += 1
            if self.remove_calls > 1:
                raise StripeRefused("stripe_refused", "No.")
            return real.remove_lines(*args)

    world.ports = replace(world.ports, stripe=RefusingStripe())  # type: ignore[type-var]
    yield
    world.ports = replace(world.ports, stripe=real)  # type: ignore[type-var]


def edit_of(draft: Invoice, *services: str, **changes: Any) -> EditDraft:
    """Returns an edit that bills these services at 75.00 each. `changes` are fields of the edit or of its terms."""
    lines = changes.pop("line_items", tuple(line(service) for service in services))
    terms = BillingTerms(**{name: changes.pop(name) for name in BillingTerms.__slots__ if name in changes})
    return EditDraft(ORGANIZATION, draft.id, OFFICE, lines, terms, **changes)


def lines_in_stripe(world: World, invoice: Invoice) -> list[tuple[str, int]]:
    """Returns the description and the amount in minor units of each line, in the order of the payer's page."""
    ledger = world.double.world.ledgers[invoice.stripe_account_id]
    return [(line["description"], line["amount"]) for line in ledger.lines[invoice.stripe_invoice_id or ""]]


def stripe_invoice(world: World, invoice: Invoice) -> dict[str, Any]:
    """Returns the invoice as Stripe has it."""
    invoices = world.in_stripe(invoice.stripe_account_id)
    return next(each for each in invoices if each["id"] == invoice.stripe_invoice_id)


def claim_holders(world: World) -> dict[str, str]:
    """Returns the id of the invoice that holds the claim of each service."""
    return {service: holder for (_, service), holder in world.ports.database.claims.items()}


def require_stripe_has_the_order(world: World, invoice: Invoice) -> None:
    """Asserts that Stripe has the lines of the order, and that the invoice claims the services of the order and no
    others.
    """
    order = invoice.order
    gateway = world.ports.stripe
    assert gateway.billed_lines(invoice.stripe_account_id, invoice.stripe_invoice_id or "") == order.billed
    mine = {service for service, holder in claim_holders(world).items() if holder == invoice.id}
    assert mine == {ServiceId(line.service_id) for line in order.line_items}
    assert (invoice.edit, invoice.saga.refusal, invoice.saga.resume_at) == (None, None, None)
