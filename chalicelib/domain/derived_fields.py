"""What follows from an invoice's stored fields."""

from __future__ import annotations

import datetime as dt

from chalicelib.domain.amounts import Amounts
from chalicelib.domain.outside_payment import OutsidePayment
from chalicelib.domain.status import FailedAttempt, InvoiceStatus


class DerivedFields:
    """Where an invoice stands. `Invoice` computes all of these at once, when one is asked for, and stores none.

    Amounts are minor units, times are epoch seconds UTC, and days are of the time zone that the invoice was made in.
    """

    status: InvoiceStatus
    live: bool
    """True if its services count as billed."""
    amounts: Amounts
    """The terms of its money as Stripe says them. The total that POM ordered is not in them."""
    total: int
    total_difference: int
    """Stripe's total less the total that POM ordered."""
    lacks_lines: bool
    """True if POM has yet to add lines to the draft, so that Stripe's total says nothing."""
    balance: int
    """This much is still to be paid."""
    partially_refunded: bool
    disputed: bool
    being_revised: bool
    """True if somebody has begun a revision in Stripe. Only an open invoice can be revised."""
    recorded_payment: OutsidePayment | None
    """The payment that was recorded by hand, if Stripe shows that a payment outside Stripe paid the invoice."""
    drafted_for: str | None
    """The Stripe customer of the draft. None if it is no draft, or if POM does not know the customer."""
    failure: FailedAttempt | None
    """The failed attempt that makes the status `failed`."""
    due_at: int | None
    due_day: dt.date | None
    """The day on which it is due."""
    due_by_terms: bool
    """True if a draft is due as its payment terms say, and not on a day that somebody chose in Stripe."""
    first_day_overdue: dt.date | None
    """The day after the due day while money is expected, or None."""
    overdue: bool
    """True if it was stored as unpaid after its due day. Lists, sums and sentences rest on this fact."""
    paid_on: dt.date | None
    """The day on which the customer paid, or None if it is not paid.

    A payment that was recorded by hand has the day that the office gave, unless a later payment in Stripe completed
    the amount.
    """
    turns_overdue_at: int | None
    """When it turns overdue. None if it is overdue, or if nothing is to be paid."""
