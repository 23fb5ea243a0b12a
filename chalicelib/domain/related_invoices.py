"""Invoices related to another one: the invoice that it corrects, and the invoices that bill its services now.

An invoice does not store these, because its services may be billed again years later, and a copy may be deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus

MAX_NAMED = 3
"""A sentence names at most this many invoices."""


@dataclass(frozen=True, slots=True)
class RelatedInvoices:
    """`billed_on` are the live invoices that bill services of a void one. `original` is the invoice that a copy
    corrects.

    `has_unbilled_services` is True if some services of the void invoice are on no live invoice.
    """

    billed_on: tuple[Invoice, ...] = ()
    has_unbilled_services: bool = True
    original: Invoice | None = None


NO_RELATED_INVOICES = RelatedInvoices()


def reference(invoice: Invoice) -> str:
    """Returns words by which users find an invoice: its number, or its id while Stripe has not numbered it."""
    fact = invoice.facts.invoice
    if fact is not None and fact.number is not None:
        return f"the invoice {fact.number}"
    return f"the {'draft' if invoice.status is InvoiceStatus.DRAFT else 'invoice'} {invoice.id}"


def references(invoices: Sequence[Invoice]) -> str:
    """Returns words such as `the invoice A-0001 and the draft inv_1`."""
    words = [reference(invoice) for invoice in invoices[:MAX_NAMED]]
    if len(invoices) > MAX_NAMED:
        words.append("others")
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def where_billed(related: RelatedInvoices) -> str:
    """Returns a sentence about which services of a void invoice can be billed again, and where the others are
    billed.
    """
    if not related.billed_on:
        return "Its services can be billed again."
    if related.has_unbilled_services:
        return f"Some of its services are on {references(related.billed_on)} now. The others can be billed again."
    return f"Its services are on {references(related.billed_on)} now."


def what_to_do_instead(related: RelatedInvoices) -> str:
    """Returns the next step for a user who wants to continue with a void invoice."""
    if not related.billed_on:
        return "Bill its services again."
    return f"{where_billed(related)} Open {'that one' if len(related.billed_on) == 1 else 'those'} instead."
