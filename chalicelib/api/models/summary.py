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
Total = Annotated[Money, Meta(description="The sum of the totals of the invoices, in `currency` of these sums.")]
Balance = Annotated[Money, Meta(description="What is still to be paid of them, in `currency` of these sums.")]
Amount = Annotated[Money, Meta(description="The amounts of all of them together, in `currency` of these sums.")]


class SummaryQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The days that `paidInPeriod` covers."""

    first: (
        Annotated[
            dt.date,
            Meta(description="The first day, in the organization's time zone. The first of this month if left out."),
        ]
        | None
    ) = msgspec.field(default=None, name="from")
    last: (
        Annotated[
            dt.date,
            Meta(
                description="The last day, included, in the organization's time zone. The end of this month "
                "if left out."
            ),
        ]
        | None
    ) = msgspec.field(default=None, name="to")


class StatusSums(msgspec.Struct, rename="camel"):
    """The invoices of one status: the sum of their totals, and what is still to be paid."""

    count: Count
    total: Total
    balance: Balance


class StatusTable(msgspec.Struct, rename="camel", kw_only=True):
    """Every status, those without invoices too."""

    creating: Annotated[StatusSums, Meta(description="Invoices that POM is making in Stripe.")]
    draft: Annotated[StatusSums, Meta(description="Drafts, which nobody has been sent.")]
    pending: Annotated[StatusSums, Meta(description="Invoices that wait for their payment.")]
    paid: Annotated[StatusSums, Meta(description="Invoices of which nothing is left to pay.")]
    failed: Annotated[StatusSums, Meta(description="Invoices of which the latest attempt to pay failed.")]
    refunded: Annotated[StatusSums, Meta(description="Invoices of which all that was paid was given back.")]
    void: Annotated[StatusSums, Meta(description="Invoices that were voided.")]
    uncollectible: Annotated[StatusSums, Meta(description="Invoices that were given up. They can still be paid.")]


class OverdueSums(msgspec.Struct, rename="camel"):
    """Pending and failed invoices whose due day is over."""

    count: Count
    balance: Balance


class PaidSums(msgspec.Struct, rename="camel"):
    """Invoices that were paid in full on these days, and what was paid for them.

    Parts that were paid of open invoices are not in it. `count` includes invoices that were settled without money,
    such as by the customer's credit balance. Lost disputes are taken off, on the day of the payment. Refunds are not.
    """

    from_: Annotated[Day, Meta(description="The first day of the period, in `timeZone`.")] = msgspec.field(
        name="from"
    )
    to: Annotated[Day, Meta(description="The last day of the period, included, in `timeZone`.")]
    count: Count
    amount: Amount


class Sums(msgspec.Struct, rename="camel"):
    """Invoices, and an amount of each."""

    count: Count
    amount: Amount


class CurrencySums(msgspec.Struct, rename="camel", kw_only=True):
    """All invoices of one currency.

    `refunded` includes partial refunds, and what was given back outside Stripe. `disputed` is what banks dispute
    now, in the currency of the dispute. `lost` is what banks took back for good, in the invoice's currency.
    """

    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    by_status: Annotated[StatusTable, Meta(description="The sums of each status.")]
    overdue: Annotated[OverdueSums, Meta(description="Invoices whose due day is over and that are not paid.")]
    paid_in_period: Annotated[PaidSums, Meta(description="Invoices that were paid in full in the period.")]
    refunded: Annotated[
        Sums, Meta(description="What was given back, partial refunds and money outside Stripe included.")
    ]
    disputed: Annotated[Sums, Meta(description="The sum that banks dispute now, in the currency of the dispute.")]
    lost: Annotated[Sums, Meta(description="What banks took back for good, in the invoice's currency.")]


class SummaryView(msgspec.Struct, rename="camel"):
    """What the invoices come to, by currency. Days are those of `timeZone`."""

    today: Annotated[Day, Meta(description="The day on which the sums were made, in `timeZone`.")]
    time_zone: Annotated[
        str, Meta(description="The organization's time zone, an IANA name.", examples=["America/Phoenix"])
    ]
    data: Annotated[list[CurrencySums], Meta(description="One for each currency of an invoice.")]


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
