"""Changes of a Stripe account's balance. Each payment's fee is in one of them, and a payout is a sum of them.

Stripe creates a balance transaction for every payment, refund, dispute and fee, and never changes its amounts
(https://docs.stripe.com/api/balance_transactions).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeePart:
    """A part of a fee, in minor units. `type` is Stripe's word, such as `stripe_fee` or `tax`."""

    type: str
    amount: int
    description: str | None = None


FEES = frozenset({"fee", "network_cost"})
"""Reporting categories of balance transactions that are fees themselves. They name the payment that they belong
to.
"""


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """One change of the balance. `amount`, `fee` and `net` are minor units of `currency`; `net` is `amount - fee`.

    `currency` is the account's settlement currency, which may differ from the payment's. Times are epoch seconds UTC.
    """

    id: str
    type: str
    category: str
    """Stripe's `reporting_category`. It is an open list (https://docs.stripe.com/reports/reporting-categories)."""
    amount: int
    fee: int
    net: int
    currency: str
    created: int
    available_on: int
    """When `net` can be paid out. Stripe means the day in UTC."""
    fee_parts: tuple[FeePart, ...] = ()
    exchange_rate: str | None = None
    """A decimal: `amount` is the source's amount multiplied by it. None if no currency was exchanged."""
    description: str | None = None
    source_type: str | None = None
    """The kind of Stripe object that caused the change, such as `charge`. None if there is no object, as for a
    monthly fee.
    """
    source_id: str | None = None
    source_amount: int | None = None
    """The source's own amount, in minor units of `source_currency`."""
    source_currency: str | None = None
    payment_id: str | None = None
    """The payment that the source belongs to: the id of its payment intent, or of its charge if it has no intent."""

    @property
    def movement_id(self) -> str | None:
        """Returns the id of the row of `GET /payments` that this change belongs to, or None if its source has no
        row.
        """
        if self.source_type == "charge":
            return self.payment_id
        return self.source_id if self.source_type in ("refund", "dispute") else None

    @property
    def gross(self) -> int:
        """Returns the amount before fees, in minor units. `gross - cost` is `net`.

        Stripe books a separate fee as an `amount` without a `fee`. Here it counts as a cost, so that the costs of all
        lines of a payout add up to the fees of its totals.
        """
        return 0 if self.category in FEES else self.amount

    @property
    def cost(self) -> int:
        """Returns the amount that Stripe charged, in minor units. `gross - cost` is `net`."""
        return self.gross - self.net

    @property
    def cost_parts(self) -> tuple[FeePart, ...]:
        """Returns the parts of `cost`. A transaction that is a fee itself is one more part, with Stripe's type."""
        if self.category not in FEES or not self.amount:
            return self.fee_parts
        return (FeePart(self.type, -self.amount, self.description), *self.fee_parts)

    @property
    def moves_a_payment(self) -> bool:
        """Returns True if its source is a payment, a refund or a dispute, of POM or of the company's other
        business.
        """
        return self.movement_id is not None


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a payment, a refund or a dispute changed the balance, and which payout contains the money."""

    transaction: BalanceTransaction
    payout_id: str | None = None
    """None until Stripe names the payout. Stripe names it only for automatic payouts."""


@dataclass(frozen=True, slots=True)
class BalanceAmount:
    """An account's balance in one currency, in minor units. Each may be negative."""

    currency: str
    available: int = 0
    """The money that can be paid out now."""
    pending: int = 0
    """The money that becomes available later."""
