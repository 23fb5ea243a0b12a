"""A payout: money that Stripe sends from an account's balance to a bank account, or debits from that bank account.

https://docs.stripe.com/api/payouts/object. Users know it as a deposit.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Self

from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.terms import day_of

_RANK = {"pending": 0, "in_transit": 1, "paid": 2, "canceled": 3, "failed": 3}
"""The order in which a payout has these statuses. One that was paid may still fail."""

RETURNED = frozenset({"failed", "canceled"})
"""Statuses in which the money is back in the balance."""


@dataclass(frozen=True, slots=True)
class PayoutFact:
    """A payout as Stripe showed it at `as_of`. `amount` is minor units, and negative for a debit of the bank
    account.
    """

    id: str
    as_of: int
    status: str
    amount: int
    currency: str
    created: int
    arrival_date: int
    """The day on which it is expected at the bank, as the epoch second at which that day begins in UTC."""
    automatic: bool = True
    method: str = "standard"
    """`standard` or `instant`."""
    reconciliation_status: str | None = None
    """Stripe can list what is in the payout once this is `completed`. It never can if this is `not_applicable`."""
    balance_transaction_id: str | None = None
    failure_balance_transaction_id: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    original_payout_id: str | None = None
    """The payout that this one reverses."""
    reversed_by_id: str | None = None
    destination: str | None = None
    """The name of the bank, or the brand of a debit card."""
    last4: str | None = None
    statement_descriptor: str | None = None
    trace_id: str | None = None
    """The bank's own reference, which helps to find a deposit that did not arrive."""

    @property
    def arrives_on(self) -> dt.date:
        """Returns the day on which it is expected at the bank. Stripe's date has no time zone."""
        return day_of(self.arrival_date, "UTC")

    @property
    def takes(self) -> bool:
        """Returns True if Stripe debits it from the bank account, because the balance was negative."""
        return self.amount < 0

    @property
    def can_be_itemized(self) -> bool:
        """Returns True if Stripe can list what is in it, now or later.

        Stripe cannot list manual and instant payouts (https://docs.stripe.com/payouts/reconciliation).
        """
        return self.automatic and self.method != "instant" and self.reconciliation_status != "not_applicable"

    @property
    def reconciled(self) -> bool:
        """Returns True if Stripe can list what is in it now."""
        return self.can_be_itemized and self.reconciliation_status == "completed"

    @property
    def under_way(self) -> bool:
        """Returns True if Stripe has neither paid nor ended it."""
        return self.status not in {"paid", *RETURNED}

    @property
    def returned(self) -> bool:
        """Returns True if the money is back in the balance."""
        return self.status in RETURNED

    @property
    def precedence(self) -> tuple[int, int, bool]:
        return self.as_of, _RANK.get(self.status, 0), self.reconciled


@dataclass(frozen=True, slots=True)
class Totals:
    """The parts of a payout's amount, in minor units. They add up to the amount."""

    payments: int = 0
    """Payments towards POM's invoices, before fees."""
    refunds: int = 0
    disputes: int = 0
    fees: int = 0
    """The fees of all these parts, and fees of the account."""
    other: int = 0
    """Everything else that concerns the account, such as money that Stripe holds back."""
    outside_pom: int = 0
    """Payments, refunds and disputes of the company's other business, after their fees."""
    unexplained: int = 0
    """The payout's amount less the sum of all lines."""

    @property
    def sum(self) -> int:
        explained = self.payments + self.refunds + self.disputes + self.fees + self.other + self.outside_pom
        return explained + self.unexplained


@dataclass(frozen=True, slots=True)
class Itemization:
    """The sums of a payout's lines, which POM read at `at` (epoch seconds UTC)."""

    at: int
    lines: int
    invoices: int
    """The number of POM's invoices that have a line in it."""
    totals: Totals
    pays_again: tuple[str, ...] = ()
    """Ids of earlier payouts whose amounts came back into the balance and are paid out again with this one."""

    @property
    def tied_out(self) -> bool:
        """Returns True if the lines add up to the payout's amount exactly."""
        return self.totals.unexplained == 0


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout of an organization's account, and the sums of its lines. `version` counts stored changes."""

    organization_id: OrganizationId
    account_id: StripeAccountId
    fact: PayoutFact
    paid_seen_at: int | None = None
    """When Stripe first showed it as paid (epoch seconds UTC). A payout that was paid may still fail."""
    returned_seen_at: int | None = None
    """When Stripe first showed it as failed or canceled (epoch seconds UTC). That may be days after it was paid."""
    listed_until: str | None = None
    """While POM reads its lines: the id of the last stored balance transaction. Stripe lists the newest first."""
    itemized: Itemization | None = None
    returned_in: str | None = None
    """The id of the later payout that paid this payout's money out again."""
    compared_at: int = 0
    """When its lines last matched Stripe's, each of them with its payment (epoch seconds UTC).

    0 if that never happened. A line whose payment POM has not stored yet sets it to 0 again.
    """
    version: int = field(default=0)

    @property
    def id(self) -> str:
        return self.fact.id

    @property
    def came_back_at(self) -> int:
        """Returns when its money came back into the balance, as far as POM knows (epoch seconds UTC).

        Payouts that were stored until 2026-11-28 have no `returned_seen_at`.
        """
        return self.fact.as_of if self.returned_seen_at is None else self.returned_seen_at

    @property
    def tied_out(self) -> bool | None:
        """Returns True if its lines add up to its amount exactly, or None if POM does not have its lines."""
        return self.itemized.tied_out if self.itemized is not None else None

    @property
    def unexplained(self) -> int:
        """Returns the amount that its lines do not explain, in minor units: the whole amount if POM has no lines."""
        return self.itemized.totals.unexplained if self.itemized is not None else self.fact.amount

    def knowing(self, fact: PayoutFact) -> Self:
        """Returns this payout with Stripe's data in `fact`, unless a later reading is stored."""
        latest = max(self.fact, fact, key=lambda each: each.precedence)
        paid_at = _earlier(self.paid_seen_at, fact.as_of) if fact.status == "paid" else self.paid_seen_at
        returned_at = _earlier(self.returned_seen_at, fact.as_of) if fact.returned else self.returned_seen_at
        if replace(latest, as_of=self.fact.as_of) == self.fact:
            latest = self.fact  # A new reading with the same content is not stored.
        return replace(self, fact=latest, paid_seen_at=paid_at, returned_seen_at=returned_at)


def _earlier(seen_at: int | None, at: int) -> int:
    return at if seen_at is None else min(seen_at, at)


def new_payout(fact: PayoutFact, organization_id: OrganizationId, account_id: StripeAccountId) -> Payout:
    """Returns a payout that POM sees for the first time."""
    return Payout(organization_id, account_id, fact).knowing(fact)


@dataclass(frozen=True, slots=True)
class PayoutFilter:
    """The payouts to list, by arrival day: epoch seconds of days in UTC. `before` is exclusive."""

    since: int | None = None
    before: int | None = None
