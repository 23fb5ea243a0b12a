"""Handles services that an invoice holds besides its order, because Stripe refused to undo a change of its draft.

They are on its lines in Stripe until somebody fixes the draft there or POM saves it again.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.errors import Gone
from chalicelib.domain.invoice import Invoice
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.store_invoice import store


def billed_services(invoice: Invoice, ports: Ports) -> frozenset[str]:
    """Returns the services that Stripe's invoice has lines for: none if it is gone."""
    try:
        billed = ports.stripe.billed_lines(invoice.stripe_account_id, invoice.stripe_invoice_id or "")
    except Gone:
        return frozenset()
    return frozenset(service_id for service_id, _ in billed if service_id)


def give_up_held(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice without the held services that are not on its lines. No edit may be under way.

    Raises:
        StaleWrite: the invoice has changed since it was read.
    """
    edit = invoice.edit
    if edit is None:
        return invoice
    billed = billed_services(invoice, ports)
    held = tuple(service_id for service_id in edit.held if service_id in billed)
    ports.invoices.release(invoice, [service_id for service_id in edit.held if service_id not in billed])

    def without_given_up(current: Invoice) -> Invoice:
        # A later edit has its own list of held services, so it stays as it is.
        remaining_edit = replace(edit, held=held) if held else None
        return replace(current, edit=remaining_edit) if current.edit == edit else current

    return store(invoice, without_given_up, ports)
