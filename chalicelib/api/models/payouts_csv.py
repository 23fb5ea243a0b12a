"""Payouts, and the lines of one, as tables for bookkeepers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from chalicelib.api.models.csv_table import csv_table, defused
from chalicelib.api.models.payout_lines import PayoutLineView, line_view
from chalicelib.api.models.payouts import PayoutTotals, PayoutView, payout_view
from chalicelib.domain.money import decimal_string
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.domain.payout_wording import story_of
from chalicelib.domain.terms import day_of
from chalicelib.ports.storage import Page

UNEXPLAINED = "unexplained"
"""The kind of the row for what the lines leave of a payout's amount."""

_YES_NO = {True: "yes", False: "no", None: None}


def _total(of: Callable[[PayoutTotals], str]) -> Callable[[PayoutView], str | None]:
    return lambda row: of(row.totals) if row.totals is not None else None


_PAYOUT_COLUMNS: Mapping[str, Callable[[PayoutView], str | int | None]] = {
    "Arrival": lambda row: row.arrives_on,
    "Created": lambda row: row.created_at,
    "Status": lambda row: defused(row.status),
    "Amount": lambda row: row.amount,
    "Currency": lambda row: defused(row.currency.upper()),
    "Bank": lambda row: defused(row.bank.name) if row.bank is not None else None,
    "Last 4": lambda row: defused(row.bank.last4) if row.bank is not None else None,
    "Payments": _total(lambda totals: totals.payments),
    "Refunds": _total(lambda totals: totals.refunds),
    "Disputes": _total(lambda totals: totals.disputes),
    "Fees": _total(lambda totals: totals.fees),
    "Other": _total(lambda totals: totals.other),
    "Outside POM": _total(lambda totals: totals.outside_pom),
    "Unexplained": _total(lambda totals: totals.unexplained),
    "Invoices": lambda row: row.invoice_count,
    "Lines": lambda row: row.line_count,
    "Tied out": lambda row: _YES_NO[row.tied_out],
    "Method": lambda row: defused(row.method),
    "Automatic": lambda row: _YES_NO[row.automatic],
    "Statement": lambda row: defused(row.statement_descriptor),
    "Trace ID": lambda row: defused(row.trace_id),
    "ID": lambda row: defused(row.id),
    "Message": lambda row: defused(row.message),
    "Next step": lambda row: defused(row.next_step),
}


def payouts_csv(payouts: Iterable[Payout]) -> str:
    """Returns payouts as a table, a row for each. `Arrival` is Stripe's date, `Created` is RFC 3339 in UTC."""
    return csv_table(_PAYOUT_COLUMNS, map(payout_view, payouts))


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a payout, or without one, what the lines leave of the payout's amount."""

    payout: Payout
    day: str
    net: str
    line: PayoutLineView | None = None


def _of_line(of: Callable[[PayoutLineView], str | None]) -> Callable[[_Row], str | None]:
    return lambda row: of(row.line) if row.line is not None else None


_LINE_COLUMNS: Mapping[str, Callable[[_Row], str | None]] = {
    "Day": lambda row: row.day,
    "Time": _of_line(lambda line: line.at),
    "Kind": lambda row: row.line.kind if row.line is not None else UNEXPLAINED,
    "Category": _of_line(lambda line: defused(line.category)),
    "Outside POM": _of_line(lambda line: _YES_NO[line.outside_pom]),
    "Invoice number": _of_line(lambda line: defused(line.number)),
    "Customer": _of_line(lambda line: defused(line.customer_id)),
    "Gross": lambda row: row.line.gross if row.line is not None else row.net,
    "Fee": lambda row: row.line.fee if row.line is not None else decimal_string(0, row.payout.fact.currency),
    "Net": lambda row: row.net,
    "Currency": lambda row: defused(
        (row.line.currency if row.line is not None else row.payout.fact.currency).upper()
    ),
    "Payout": lambda row: defused(row.payout.id),
    "Payout status": lambda row: defused(row.payout.fact.status),
    "Arrival": lambda row: row.payout.fact.arrives_on.isoformat(),
    "Description": lambda row: defused(
        row.line.description if row.line is not None else story_of(row.payout).message
    ),
    "Exchange rate": _of_line(lambda line: line.exchange.rate if line.exchange is not None else None),
    "ID": _of_line(lambda line: defused(line.id)),
    "Invoice ID": _of_line(lambda line: defused(line.invoice_id)),
    "Payment ID": _of_line(lambda line: defused(line.payment_id)),
}


def payout_lines_csv(payout: Payout, page: Page[PayoutLine], time_zone: str) -> str:
    """Returns a page of a payout's lines as a table. Column `Net` of all pages adds up to the payout's amount.

    Without the rows outside POM, column `Fee` adds up to the payout's fees. Column `Gross` of the rows of each kind
    adds up to its payments, refunds, disputes and other. A fee of the account has its amount in `Fee`, and 0 in
    `Gross`.

    What the lines leave of the amount is a row `unexplained` at the end of the last page. If Stripe cannot tell what
    is in the payout, or POM has not read it yet, that is the whole amount. `Day` is a day in `time_zone`, `Time` is
    RFC 3339 in UTC, and `Arrival` is Stripe's date.
    """
    return csv_table(_LINE_COLUMNS, _lines_and_remainder(payout, page, time_zone))


def _lines_and_remainder(payout: Payout, page: Page[PayoutLine], time_zone: str) -> Iterator[_Row]:
    for line in page.items:
        view = line_view(line)
        yield _Row(payout, day_of(line.transaction.created, time_zone).isoformat(), view.net, view)
    if not page.has_next and payout.unexplained:
        rest = decimal_string(payout.unexplained, payout.fact.currency)
        yield _Row(payout, payout.fact.arrives_on.isoformat(), rest)
