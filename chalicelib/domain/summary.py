"""The summary: how each invoice counts, how a change of an invoice changes the sums, and the sums themselves.

An invoice stores how it was last counted. So a change adds only the difference to the sums, in the same write. The
invoices themselves are never added up.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from chalicelib.domain.amounts import disputed_amount
from chalicelib.domain.erased_records import invoice_without_person
from chalicelib.domain.errors import Refused
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import Movement, changed_movements
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.tallies import (
    DISPUTED,
    LOST,
    NOTHING,
    OVERDUE,
    PAID,
    REFUNDED,
    STATUS,
    Bucket,
    Counts,
    Tally,
    difference_of,
)

MAX_DAYS = 366


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included."""

    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True)
class CurrencySummary:
    """All invoices of one currency. Statuses without invoices are left out."""

    currency: str
    by_status: Mapping[InvoiceStatus, Tally]
    overdue: Tally
    paid: Tally
    refunded: Tally
    disputed: Tally
    lost: Tally


def contribution(invoice: Invoice) -> Mapping[Bucket, Tally]:
    """Returns how one invoice counts. Days are in the time zone that the invoice was created in.

    A copy counts once it has replaced the invoice that it corrects.
    """
    if invoice.replaces_nothing_yet:
        return {}
    currency, balance, amounts, paid_on = invoice.order.currency, invoice.balance, invoice.amounts, invoice.paid_on
    counts = {Bucket(currency, STATUS, invoice.status.value): Tally(1, invoice.total, balance)}
    if invoice.overdue:
        counts[Bucket(currency, OVERDUE)] = Tally(1, balance)
    if paid_on is not None:
        # Refunds are not deducted. Money that a bank took back was not paid.
        counts[Bucket(currency, PAID, paid_on.isoformat())] = Tally(1, amounts.paid - amounts.lost)
    if amounts.refunded:
        counts[Bucket(currency, REFUNDED)] = Tally(1, amounts.refunded)
    if amounts.lost:
        counts[Bucket(currency, LOST)] = Tally(1, amounts.lost)
    open_disputes = [dispute for dispute in invoice.facts.disputes.values() if dispute.open]
    if open_disputes:
        amount = sum(disputed_amount(invoice.facts, dispute) for dispute in open_disputes)
        counts[Bucket(currency, DISPUTED)] = Tally(1, amount)
    return counts


class InvoiceWrite(NamedTuple):
    """An invoice to store or to remove, with the resulting difference of the tallies. Stores accept only this
    type.
    """

    invoice: Invoice
    difference: Mapping[Bucket, Tally]
    counted: Counts = ()
    """How the invoice counts now. It is stored with the invoice."""
    movements: tuple[Movement, ...] = ()
    """The rows of its money that have changed. They are stored with the invoice."""

    def stored(self) -> Invoice:
        """Returns the invoice as it is stored: with the next version, and with how it counts."""
        return replace(self.invoice, version=self.invoice.version + 1, counted=self.counted, payments_listed=True)


def invoice_write(invoice: Invoice, before: Invoice | None = None) -> InvoiceWrite:
    """Returns the write that stores the invoice and how it counts now.

    If its counts are unchanged, they also keep their order. `before` is the invoice that is stored at present.
    """
    if invoice.erased_at is not None:
        invoice = invoice_without_person(invoice, invoice.erased_at)
    counts = contribution(invoice)
    difference = difference_of(dict(invoice.counted), counts)
    counted = tuple(counts.items()) if difference else invoice.counted
    return InvoiceWrite(invoice, difference, counted, changed_movements(before, invoice))


def invoice_removal(invoice: Invoice) -> InvoiceWrite:
    """Returns the write that removes the invoice and its share of the sums."""
    return InvoiceWrite(invoice, difference_of(dict(invoice.counted), {}))


def summaries_by_currency(tallies: Mapping[Bucket, Tally]) -> list[CurrencySummary]:
    """Returns the summaries of the tallies, one for each currency."""
    return [_of_currency(currency, tallies) for currency in sorted({bucket.currency for bucket in tallies})]


def period_from(first: dt.date | None, last: dt.date | None, today: dt.date) -> Period:
    """Returns the requested period, by default this month.

    Raises:
        Refused: the period ends before it begins, or is longer than a year.
    """
    last = last or _end_of_month(max(first or today, today))
    first = first or last.replace(day=1)
    if first > last:
        raise Refused(
            "period_invalid",
            "The period ends before it begins.",
            field="from",
            next_step="Give a `from` that is not after `to`.",
        )
    if (last - first).days >= MAX_DAYS:
        raise Refused(
            "period_invalid",
            f"The period is longer than {MAX_DAYS} days.",
            field="from",
            next_step="Ask for a year at most, and add up the answers.",
        )
    return Period(first, last)


def _of_currency(currency: str, tallies: Mapping[Bucket, Tally]) -> CurrencySummary:
    ours = {bucket: tally for bucket, tally in tallies.items() if bucket.currency == currency}
    by_status = {
        status: ours[bucket] for status in InvoiceStatus if (bucket := Bucket(currency, STATUS, status)) in ours
    }
    return CurrencySummary(
        currency=currency,
        by_status=by_status,
        overdue=ours.get(Bucket(currency, OVERDUE), NOTHING),
        paid=_sum(ours[bucket] for bucket in ours if bucket.kind == PAID),
        refunded=ours.get(Bucket(currency, REFUNDED), NOTHING),
        disputed=ours.get(Bucket(currency, DISPUTED), NOTHING),
        lost=ours.get(Bucket(currency, LOST), NOTHING),
    )


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = NOTHING
    for tally in tallies:
        total = total.plus(tally)
    return total


def _end_of_month(day: dt.date) -> dt.date:
    return day.replace(day=monthrange(day.year, day.month)[1])
