"""Tallies: numbers of invoices and sums of money, in buckets that can be added up."""

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
    """The group of invoices that a tally counts. `of` is a status, a day such as 2026-11-23, or empty.

    `kind` is a word and not an enumeration, because another release may have counted the invoice.
    """

    currency: str
    kind: str
    of: str = ""


class Tally(NamedTuple):
    """A number of invoices and two sums in minor units. Only tallies by status have a `balance`."""

    invoices: int
    amount: int
    balance: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(self.invoices + other.invoices, self.amount + other.amount, self.balance + other.balance)


NOTHING = Tally(0, 0, 0)

Counts: TypeAlias = tuple[tuple[Bucket, Tally], ...]
"""How an invoice was counted when it was last stored."""


def added_up(*parts: Iterable[tuple[Bucket, Tally]]) -> Mapping[Bucket, Tally]:
    """Returns the sum of all parts. Buckets whose tally is zero are left out."""
    total: dict[Bucket, Tally] = {}
    for part in parts:
        for bucket, tally in part:
            total[bucket] = total.get(bucket, NOTHING).plus(tally)
    return {bucket: tally for bucket, tally in total.items() if any(tally)}


def difference_of(before: Mapping[Bucket, Tally], after: Mapping[Bucket, Tally]) -> Mapping[Bucket, Tally]:
    """Returns the tallies to add to `before` to get `after`. Buckets without a difference are left out."""
    differences = {}
    for bucket in {**before, **after}:
        (invoices, amount, balance), former = after.get(bucket, NOTHING), before.get(bucket, NOTHING)
        differences[bucket] = Tally(invoices - former.invoices, amount - former.amount, balance - former.balance)
    return {bucket: tally for bucket, tally in differences.items() if any(tally)}
