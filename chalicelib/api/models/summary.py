"""The summary as it is asked for and answered."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Day, Money
from chalicelib.domain.money import decimal_string
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import CurrencySummary, Period
from chalicelib.domain.tallies import NOTHING, Tally
from chalicelib.usecases.invoicing.summary import Summary

Count = Annotated[int, Meta(ge=0, description="How many invoices.")]


class SummaryQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The days that `paidInPeriod` covers."""

    first: Annotated[dt.date, Meta(description="The first day; the first of the month if left out.")] | None = (
        msgspec.field(default=None, name="from")
    )
    last: (
        Annotated[dt.date, Meta(description="The last day, included; the end of this month if left out.")] | None
    ) = msgspec.field(default=None, name="to")


class StatusSums(msgspec.Struct, rename="camel"):
    """The invoices of one status: what they were made out for, and what is still to be paid."""

    count: Count
    total: Money
    balance: Money


class StatusTable(msgspec.Struct, rename="camel", kw_only=True):
    """Every status, those without invoices too."""

    creating: StatusSums
    draft: StatusSums
    pending: StatusSums
    paid: StatusSums
    failed: StatusSums
    refunded: StatusSums
    void: StatusSums
    uncollectible: StatusSums


class OverdueSums(msgspec.Struct, rename="camel"):
    """Pending and failed invoices whose due day is over."""

    count: Count
    balance: Money


class PaidSums(msgspec.Struct, rename="camel"):
    """Invoices that were paid in full on these days, and what was paid for them.

    Parts that were paid of open invoices are not in it. `count` includes invoices that were settled without money,
    such as by the customer's credit balance. Lost disputes are taken off, on the day of the payment. Refunds are not.
    """

    from_: Day = msgspec.field(name="from")
    to: Day
    count: Count
    amount: Money


class Sums(msgspec.Struct, rename="camel"):
    """Invoices, and an amount of each."""

    count: Count
    amount: Money


class CurrencySums(msgspec.Struct, rename="camel", kw_only=True):
    """All invoices of one currency.

    `refunded` includes partial refunds, and what was given back outside Stripe. `disputed` is what banks dispute
    now, in the currency of the dispute. `lost` is what banks took back for good, in the invoice's currency.
    """

    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    by_status: StatusTable
    overdue: OverdueSums
    paid_in_period: PaidSums
    refunded: Sums
    disputed: Sums
    lost: Sums


class SummaryView(msgspec.Struct, rename="camel"):
    """What the invoices come to, by currency. Days are those of `timeZone`."""

    today: Day
    time_zone: Annotated[str, Meta(description="The organization's time zone.", examples=["America/Phoenix"])]
    data: list[CurrencySums]


def summary_view(summary: Summary) -> SummaryView:
    return SummaryView(
        today=summary.today.isoformat(),
        time_zone=summary.time_zone,
        data=[_currency_sums(each, summary.period) for each in summary.currencies],
    )


def _currency_sums(summary: CurrencySummary, period: Period) -> CurrencySums:
    def money(amount: int) -> str:
        return decimal_string(amount, summary.currency)

    def sums(tally: Tally) -> Sums:
        return Sums(tally.invoices, money(tally.amount))

    def of_status(status: InvoiceStatus) -> StatusSums:
        tally = summary.by_status.get(status, NOTHING)
        return StatusSums(tally.invoices, money(tally.amount), money(tally.balance))

    return CurrencySums(
        currency=summary.currency,
        by_status=StatusTable(**{status.value: of_status(status) for status in InvoiceStatus}),
        overdue=OverdueSums(summary.overdue.invoices, money(summary.overdue.amount)),
        paid_in_period=PaidSums(
            period.first.isoformat(), period.last.isoformat(), summary.paid.invoices, money(summary.paid.amount)
        ),
        refunded=sums(summary.refunded),
        disputed=sums(summary.disputed),
        lost=sums(summary.lost),
    )
