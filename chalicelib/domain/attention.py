"""What needs a person: the kinds of it, and when each began."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.invoice import Invoice


@dataclass(frozen=True, slots=True)
class UnknownInvoice:
    """An invoice of POM's in Stripe that POM does not know. `invoice_id` is the one its metadata names, if any.

    `said` is what is wrong, for people. `at` is when Stripe made it (epoch seconds UTC).
    """

    stripe_id: str
    invoice_id: InvoiceId | None
    said: str
    at: int


@dataclass(frozen=True, slots=True)
class UnknownInvoices:
    """The unknown invoices of an account, as the latest comparison with Stripe found them.

    `at` is when it compared them (epoch seconds UTC). `count` is how many there are; `invoices` may be only some.
    """

    at: int
    count: int
    invoices: tuple[UnknownInvoice, ...]


def invoice_attention_at(invoice: Invoice) -> int | None:
    """Returns since when this invoice needs a person (epoch seconds UTC), or None if it does not."""
    return None
