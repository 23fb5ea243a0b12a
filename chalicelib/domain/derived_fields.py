"""The fields of an invoice that are derived from its stored fields."""

from __future__ import annotations

import datetime as dt

from chalicelib.domain.amounts import Amounts
from chalicelib.domain.outside_payment import OutsidePayment
from chalicelib.domain.status import FailedAttempt, InvoiceStatus


class DerivedFields:
    """The derived fields. `Invoice` computes all of them at once when the first one is read, and stores none.

    Amounts are minor units, times are epoch seconds UTC, and days are in the time zone that the invoice was created
    in.
    """

    status: InvoiceStatus
    live: bool
    """True if its services count as billed."""
    amounts: Amounts
    """The terms of its money by Stripe's figures. The total that POM ordered is not among them."""
    total: int
    total_difference: int
    """Stripe's total less the total that POM ordered."""
    lacks_lines: bool
    """True if POM has yet to add lines to the draft, so that Stripe's total is meaningless."""
    balance: int
    """The amount that is still to be paid."""
    partially_refunded: bool
    disputed: bool
    being_revised: bool
    """True if a user has begun a revision in Stripe. Only an open invoice can be revised."""
    recorded_payment: OutsidePayment | None
    """The payment that was recorded by hand, if Stripe shows that a payment outside Stripe paid the invoice."""
    drafted_for: str | None
    """The Stripe customer of the draft. None if it is not a draft, or if POM does not know the customer."""
    failure: FailedAttempt | None
    """The failed attempt that makes the status `failed`."""
    due_at: int | None
    due_day: dt.date | None
    """The day on which it is due."""
    due_by_terms: bool
    """True if a draft is due by its payment terms, and not on a day that a user chose in Stripe."""
    first_day_overdue: dt.date | None
    """The day after the due day while money is expected, or None."""
    overdue: bool
    """True if it was stored as unpaid after its due day. Lists, sums and sentences use this stored fact."""
    paid_on: dt.date | None
    """The day on which the customer paid, or None if it is not paid.

    For a payment that was recorded by hand it is the day that the office entered, unless a later payment in Stripe
    completed the amount.
    """
    turns_overdue_at: int | None
    """When it turns overdue. None if it is overdue, or if nothing is to be paid."""
