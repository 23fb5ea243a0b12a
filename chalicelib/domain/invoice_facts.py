"""What is known of one invoice, and what follows from that: the type that `Invoice.facts` has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from chalicelib.domain.amounts import Amounts, amounts_of
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.status import FailedAttempt, InvoiceStatus, failed_attempt, status_of


@dataclass(frozen=True)
class Facts(Snapshots):
    """The snapshots of one invoice with what they come to. Each derived value is computed once for the same facts."""

    @cached_property
    def failed_attempt(self) -> FailedAttempt | None:
        return failed_attempt(self)

    @cached_property
    def status(self) -> InvoiceStatus:
        """Returns where the invoice stands in Stripe.

        Raises:
            ValueError: nothing is known of the invoice yet.
        """
        return status_of(self)

    @cached_property
    def amounts(self) -> Amounts:
        """Returns the terms of the invoice's money as Stripe says them. The total that POM ordered is not in them."""
        return amounts_of(self)
