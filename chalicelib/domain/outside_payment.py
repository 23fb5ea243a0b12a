"""A payment that did not go through Stripe, as the office records it in POM."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from chalicelib.domain.errors import Refused
from chalicelib.domain.identifiers import UserId
from chalicelib.domain.terms import day_in_words

METHODS = ("cash", "check", "bank_transfer", "card_terminal", "other")
DAYS_BEFORE_INVOICE = 366
"""A payment may be at most this many days older than its invoice, because an older one is a mistyped year."""


@dataclass(frozen=True, slots=True)
class OutsidePayment:
    """A payment that a user recorded for a Stripe invoice. `recorded_at` is epoch seconds UTC.

    Stripe stores only the time of recording, so POM stores the day on which the customer paid.
    """

    paid_on: dt.date
    method: str
    reference: str | None
    recorded_at: int
    recorded_by: UserId
    stripe_invoice_id: str

    @property
    def way(self) -> str:
        """Returns the method and the reference, such as `check No. 1042`."""
        return " ".join(part for part in (way_of(self.method), self.reference) if part)


def way_of(method: str) -> str:
    """Returns a method in words, such as `bank transfer`."""
    return method.replace("_", " ")


def require_known_method(method: str) -> None:
    """Refuses a method that is not in METHODS.

    Raises:
        Refused: the method is unknown.
    """
    if method not in METHODS:
        raise Refused(
            "payment_method_unknown",
            "This method is not known.",
            field="method",
            next_step=f"Use one of {', '.join(METHODS)}.",
        )


def require_plausible_day(paid_on: dt.date, *, invoiced_on: dt.date, today: dt.date) -> None:
    """Refuses a day of payment in the future, or long before the invoice. Days are in the organization's time zone.

    Raises:
        Refused: the day is not plausible.
    """
    if paid_on > today:
        raise Refused(
            "paid_on_in_future",
            f"The day of payment has not come yet: for this organization today is {day_in_words(today)}.",
            field="paidOn",
            next_step="Give today or an earlier day, or record the payment on its day.",
        )
    if paid_on < invoiced_on - dt.timedelta(days=DAYS_BEFORE_INVOICE):
        raise Refused(
            "paid_on_too_early",
            f"{day_in_words(paid_on)} is more than a year before the invoice was made.",
            field="paidOn",
            next_step="Correct the day of payment; look at the year.",
        )
