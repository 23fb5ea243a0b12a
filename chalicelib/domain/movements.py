"""Money that came in or went out, one row for each payment, refund and dispute of an invoice.

`GET /payments` lists the rows of an organization. Each is stored in the write that stores its invoice, and only if it
has changed. An invoice's rows add up to what it received.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.invoice import Invoice


class MovementKind(StrEnum):
    """What moved the money. A payment brings it in, the others take it out."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"


OUTSIDE = "outside_stripe"
"""The method of money that did not go through Stripe, if nobody recorded how it came."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One payment, refund or dispute. `id` is Stripe's, or made of ours if the money did not go through Stripe.

    `amount` is minor units and never negative; `at` is epoch seconds UTC. A movement counts once `status` is
    `succeeded`, or `lost` for a dispute.
    """

    id: str
    kind: MovementKind
    status: str
    at: int
    amount: int
    currency: str
    invoice_id: InvoiceId
    customer_id: CustomerId
    number: str | None = None
    """The number of the invoice, if it has one."""
    payment_id: str | None = None
    """The payment that was refunded or disputed."""
    method: str | None = None
    brand: str | None = None
    last4: str | None = None
    reason: str | None = None

    @property
    def counted(self) -> int:
        """Returns what it adds to the money received, in minor units: negative if it went out, 0 if it did not move."""
        if self.kind is MovementKind.PAYMENT:
            return self.amount if self.status == "succeeded" else 0
        return -self.amount if self.status in {"succeeded", "lost"} else 0


@dataclass(frozen=True, slots=True)
class MovementFilter:
    """Which movements to list. Times are epoch seconds UTC; `before` is exclusive."""

    since: int | None = None
    before: int | None = None
    kind: MovementKind | None = None
    method: str | None = None


def movements(invoice: Invoice) -> Iterator[Movement]:
    """Yields all that is known of an invoice's money, in no order."""
    yield from ()


def changed_movements(before: Invoice | None, after: Invoice) -> tuple[Movement, ...]:
    """Returns the rows of `after` that differ from those of `before`, which has been stored. None: all rows."""
    stored = set(movements(before)) if before is not None and before.payments_listed else set()
    return tuple(row for row in movements(after) if row not in stored)
