"""How many invoices and how much money, in buckets that can simply be added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

STATUS = "status"
REFUNDED = "refunded"
DISPUTED = "disputed"
LOST = "lost"
OVERDUE = "overdue"
PAID = "paid"


class Bucket(NamedTuple):
    """What is counted together: `of` is a status, or a day (2026-11-23), or nothing.

    Kinds are words rather than an enumeration: an invoice may have been counted by another release.
    """

    currency: str
    kind: str
    of: str = ""


class Tally(NamedTuple):
    """A number of invoices and two sums of minor units. `balance` is of statuses only."""

    invoices: int
    amount: int
    balance: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(self.invoices + other.invoices, self.amount + other.amount, self.balance + other.balance)


NOTHING = Tally(0, 0, 0)

Counts: TypeAlias = tuple[tuple[Bucket, Tally], ...]
"""What an invoice was counted as when it was last stored."""


def added_up(*parts: Iterable[tuple[Bucket, Tally]]) -> Mapping[Bucket, Tally]:
    """Returns the sum of all parts. Buckets that come to nothing are left out."""
    total: dict[Bucket, Tally] = {}
    for part in parts:
        for bucket, tally in part:
            total[bucket] = total.get(bucket, NOTHING).plus(tally)
    return {bucket: tally for bucket, tally in total.items() if any(tally)}


def difference_of(before: Mapping[Bucket, Tally], after: Mapping[Bucket, Tally]) -> Mapping[Bucket, Tally]:
    """Returns what has to be added to `before` to make `after`. Buckets without a difference are left out."""
    differences = {}
    for bucket in {**before, **after}:
        (invoices, amount, balance), former = after.get(bucket, NOTHING), before.get(bucket, NOTHING)
        differences[bucket] = Tally(invoices - former.invoices, amount - former.amount, balance - former.balance)
    return {bucket: tally for bucket, tally in differences.items() if any(tally)}
