"""The totals of a list of invoices, computed from the tallies."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.tallies import DISPUTED, NOTHING, OVERDUE, STATUS, Bucket, Tally


@dataclass(frozen=True, slots=True)
class InvoiceTotal:
    """The totals of invoices in one currency. Amounts are minor units, and None if no tally has them."""

    currency: str
    invoices: int
    total: int | None = None
    """The sum of the invoices' totals."""
    balance: int | None = None
    """The amount that is still to be paid."""
    disputed: int | None = None
    """The amount that banks dispute now, in the invoices' currency."""


def totals_of_statuses(
    tallies: Mapping[Bucket, Tally], statuses: Collection[InvoiceStatus]
) -> Sequence[InvoiceTotal]:
    """Returns the totals of the invoices with these statuses, by currency."""
    buckets = [bucket for bucket in tallies if bucket.kind == STATUS and bucket.of in statuses]
    totals = []
    for currency in sorted({bucket.currency for bucket in buckets}):
        tally = NOTHING
        for bucket in buckets:
            tally = tally.plus(tallies[bucket]) if bucket.currency == currency else tally
        totals.append(InvoiceTotal(currency, *tally))
    return _without_empty(totals)


def totals_overdue(tallies: Mapping[Bucket, Tally]) -> Sequence[InvoiceTotal]:
    """Returns the balance of the overdue invoices, by currency. No tally has the sum of their totals."""
    overdue = {bucket.currency: tally for bucket, tally in sorted(tallies.items()) if bucket.kind == OVERDUE}
    return _without_empty(
        [InvoiceTotal(each, tally.invoices, balance=tally.amount) for each, tally in overdue.items()]
    )


def totals_disputed(tallies: Mapping[Bucket, Tally]) -> Sequence[InvoiceTotal]:
    """Returns the disputed amount of the invoices, by currency. No tally has the sum of their totals."""
    disputed = {bucket.currency: tally for bucket, tally in sorted(tallies.items()) if bucket.kind == DISPUTED}
    return _without_empty(
        [InvoiceTotal(each, tally.invoices, disputed=tally.amount) for each, tally in disputed.items()]
    )


def _without_empty(totals: Sequence[InvoiceTotal]) -> Sequence[InvoiceTotal]:
    return [each for each in totals if each.invoices]
