"""The query of the summary of an organization's invoices, and the summary."""

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

Count = Annotated[int, Meta(ge=0, description="The number of invoices.")]
Total = Annotated[Money, Meta(description="The sum of the invoices' totals, in the `currency` of these sums.")]
Balance = Annotated[Money, Meta(description="The sum that remains to be paid, in the `currency` of these sums.")]
Amount = Annotated[Money, Meta(description="The sum of the amounts, in the `currency` of these sums.")]


class SummaryQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The first and the last day of `paidInPeriod`."""

    first: (
        Annotated[
            dt.date,
            Meta(
                description="The first day, in the organization's time zone. If left out, the first day of this "
                "month."
            ),
        ]
        | None
    ) = msgspec.field(default=None, name="from")
    last: (
        Annotated[
            dt.date,
            Meta(
                description="The last day, inclusive, in the organization's time zone. If left out, the last day "
                "of this month."
            ),
        ]
        | None
    ) = msgspec.field(default=None, name="to")


class StatusSums(msgspec.Struct, rename="camel"):
    """The invoices with one status: their number, the sum of their totals, and the sum that remains to be paid."""

    count: Count
    total: Total
    balance: Balance


class StatusTable(msgspec.Struct, rename="camel", kw_only=True):
    """The sums of every status, including those without invoices."""

    creating: Annotated[StatusSums, Meta(description="Invoices that POM is creating in Stripe.")]
    draft: Annotated[StatusSums, Meta(description="Drafts, which have not been sent.")]
    pending: Annotated[StatusSums, Meta(description="Invoices that await payment.")]
    paid: Annotated[StatusSums, Meta(description="Invoices that are paid in full.")]
    failed: Annotated[StatusSums, Meta(description="Invoices whose latest attempt to pay failed.")]
    refunded: Annotated[StatusSums, Meta(description="Invoices whose whole payment was refunded.")]
    void: Annotated[StatusSums, Meta(description="Invoices that were voided.")]
    uncollectible: Annotated[
        StatusSums, Meta(description="Invoices whose payment is no longer expected. They can still be paid.")
    ]


class OverdueSums(msgspec.Struct, rename="camel"):
    """Pending and failed invoices whose due day has passed."""

    count: Count
    balance: Balance


class PaidSums(msgspec.Struct, rename="camel"):
    """The invoices that were paid in full in the period, and the amount that was paid for them.

    Partial payments of open invoices are not included. `count` includes invoices that were settled without money, for
    example by the customer's credit balance. Lost disputes are subtracted on the day of the payment. Refunds are not
    subtracted.
    """

    from_: Annotated[Day, Meta(description="The first day of the period, in `timeZone`.")] = msgspec.field(
        name="from"
    )
    to: Annotated[Day, Meta(description="The last day of the period, inclusive, in `timeZone`.")]
    count: Count
    amount: Amount


class Sums(msgspec.Struct, rename="camel"):
    """The number of invoices, and the sum of an amount."""

    count: Count
    amount: Amount


class CurrencySums(msgspec.Struct, rename="camel", kw_only=True):
    """The sums of all invoices in one currency.

    `refunded` includes partial refunds and money returned outside Stripe. `disputed` is the sum of the open disputes,
    in the currency of the dispute. `lost` is the sum that banks took back permanently, in the invoice's currency.
    """

    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    by_status: Annotated[StatusTable, Meta(description="The sums of each status.")]
    overdue: Annotated[OverdueSums, Meta(description="Unpaid invoices whose due day has passed.")]
    paid_in_period: Annotated[PaidSums, Meta(description="Invoices that were paid in full in the period.")]
    refunded: Annotated[
        Sums,
        Meta(description="Money that was returned to customers, including partial refunds and money outside Stripe."),
    ]
    disputed: Annotated[Sums, Meta(description="The sum of the open disputes, in the currency of the dispute.")]
    lost: Annotated[Sums, Meta(description="The sum that banks took back permanently, in the invoice's currency.")]


class SummaryView(msgspec.Struct, rename="camel"):
    """The sums of the organization's invoices, by currency. Days are days of `timeZone`."""

    today: Annotated[Day, Meta(description="The day on which the sums were computed, in `timeZone`.")]
    time_zone: Annotated[
        str, Meta(description="The organization's time zone, an IANA name.", examples=["America/Phoenix"])
    ]
    data: Annotated[list[CurrencySums], Meta(description="One entry for each currency of an invoice.")]


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
