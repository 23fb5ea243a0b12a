"""What Stripe's lists tell of an invoice without asking for it by itself."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.facts import InvoiceFact, InvoicePaymentFact
from chalicelib.domain.identifiers import InvoiceId


@dataclass(frozen=True, slots=True)
class ListedInvoice:
    """An invoice with its payments; not `complete` if it has more payments than a list shows.

    `invoice_id` is our id where it carries one.
    """

    invoice: InvoiceFact
    payments: tuple[InvoicePaymentFact, ...] = ()
    invoice_id: InvoiceId | None = None
    complete: bool = True
