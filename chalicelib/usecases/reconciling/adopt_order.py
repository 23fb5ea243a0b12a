"""Restores the order of an invoice from its lines in Stripe, if they name other services than the order.

Only POM gives lines their services. So lines with other services show a change that POM made and lost, because its
tables were restored to an earlier time. Such a service has no claim, and would be billed again.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.identifiers import ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import Order
from chalicelib.ports import Ports
from chalicelib.ports.recoverable_invoice import RecoverableInvoice
from chalicelib.usecases.invoicing.claims import claim_in_portions
from chalicelib.usecases.invoicing.held_services import billed_services
from chalicelib.usecases.invoicing.store_invoice import store


def lost_change(invoice: Invoice, ports: Ports) -> RecoverableInvoice | None:
    """Returns Stripe's record of the order if its lines name other services than the order, or None.

    Lines that somebody added in Stripe, and revisions made there, are not POM's work, so they are ignored.
    """
    fact = invoice.facts.invoice
    if not invoice.live or fact is None or fact.deleted or fact.from_invoice_id is not None:
        return None
    if invoice.saga.running or invoice.edit is not None:
        return None
    if billed_services(invoice, ports) == set(invoice.order.services):
        return None
    recorded = ports.stripe.recorded(invoice.stripe_account_id, fact.id)
    return recorded if recorded is not None and recorded.lines and not recorded.foreign_lines else None


def adopt(invoice: Invoice, recorded: RecoverableInvoice, ports: Ports) -> Invoice:
    """Returns the invoice with Stripe's order. Claims the services in it, and releases those that are no longer in
    it.

    Raises:
        ServiceAlreadyBilled: another live invoice has one of the services. Only claims may have changed.
        StaleWrite: the invoice has changed since it was read.
    """
    order = _as_recorded(invoice.order, recorded)
    former, present = set(invoice.order.services), set(order.services)
    claim_in_portions(invoice, _in_order(order.services, present - former), ports, order=order)
    fact = invoice.facts.invoice
    details = fact.drafted_details if fact is not None and fact.unfinished else invoice.details_as_made

    def adopting(current: Invoice) -> Invoice:
        if current.order != invoice.order:
            return current
        return replace(current, order=order, details_as_made=details).changed(ports.clock.now())

    stored = store(invoice, adopting, ports)
    ports.invoices.release(stored, _in_order(invoice.order.services, former - present))
    return stored


def _as_recorded(order: Order, recorded: RecoverableInvoice) -> Order:
    """Returns the order with Stripe's lines and details. Its payment terms and its fingerprint stay."""
    return replace(
        order,
        line_items=recorded.lines,
        tax=recorded.tax,
        deductions=recorded.deductions,
        memo=recorded.memo,
        footer=recorded.footer,
    )


def _in_order(services: tuple[ServiceId, ...], some: set[ServiceId]) -> list[ServiceId]:
    return [each for each in services if each in some]
