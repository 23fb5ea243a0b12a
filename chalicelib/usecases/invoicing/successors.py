"""Reads the invoices that are related to another one, so that messages about it are up to date."""

from __future__ import annotations

from chalicelib.domain.invoice import Invoice
from chalicelib.domain.related_invoices import NO_RELATED_INVOICES, RelatedInvoices
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports import Ports


def beside(invoice: Invoice, ports: Ports) -> RelatedInvoices:
    """Returns where the services of a void invoice are billed now, and which invoice a draft copy corrects.

    It takes a batch read of claims and a read of each invoice that holds some, for a void invoice. It takes one read
    for a draft copy, and none for any other invoice.
    """
    if invoice.status is InvoiceStatus.VOID:
        return _after(invoice, ports)
    if invoice.corrects is not None and invoice.status is InvoiceStatus.DRAFT:
        return RelatedInvoices(original=ports.invoices.get(invoice.organization_id, invoice.corrects))
    return NO_RELATED_INVOICES


def _after(invoice: Invoice, ports: Ports) -> RelatedInvoices:
    services = invoice.order.services
    holders = ports.invoices.holders(invoice.organization_id, services)
    others = dict.fromkeys(holder for holder in holders.values() if holder != invoice.id)
    known = (ports.invoices.get(invoice.organization_id, each) for each in others)
    live = {each.id: each for each in known if each is not None and each.live}
    return RelatedInvoices(
        tuple(live.values()), has_unbilled_services=any(holders.get(each) not in live for each in services)
    )
