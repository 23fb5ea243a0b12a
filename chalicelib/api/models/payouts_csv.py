"""Payouts, and the lines of one payout, as CSV for bookkeepers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from chalicelib.api.models.csv_table import as_text, csv_table
from chalicelib.api.models.payout_lines import PayoutLineView, line_view
from chalicelib.api.models.payouts import PayoutTotals, PayoutView, payout_view
from chalicelib.api.models.settlements import ExchangeView
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.money import decimal_string
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.domain.payout_wording import story_of
from chalicelib.domain.related_payouts import RelatedPayouts
from chalicelib.domain.terms import day_of
from chalicelib.ports.storage import Page

UNEXPLAINED = "unexplained"
"""The kind of the row for the part of a payout's amount that no line explains."""
NOT_ITEMIZED = "not itemized"
"""The kind of the row for a payout's whole amount, if POM does not have the payout's lines."""

REVERSAL = "reversal"
"""The kind of the only row of a payout that reverses another payout. Its amount is the reversed amount."""

_YES_NO = {True: "yes", False: "no", None: None}


def _total_column(of: Callable[[PayoutTotals], str]) -> Callable[[PayoutView], str | None]:
    return lambda row: of(row.totals) if row.totals is not None else None


_PAYOUT_COLUMNS: Mapping[str, Callable[[PayoutView], str | int | None]] = {
    "Arrival": lambda row: row.arrives_on,
    "Created": lambda row: row.created_at,
    "Status": lambda row: as_text(row.status),
    "Amount": lambda row: row.amount,
    "Bank amount": lambda row: row.bank_amount,
    "Currency": lambda row: as_text(row.currency.upper()),
    "Bank": lambda row: as_text(row.bank.name) if row.bank is not None else None,
    "Last 4": lambda row: as_text(row.bank.last4) if row.bank is not None else None,
    "Payments": _total_column(lambda totals: totals.payments),
    "Refunds": _total_column(lambda totals: totals.refunds),
    "Disputes": _total_column(lambda totals: totals.disputes),
    "Fees": _total_column(lambda totals: totals.fees),
    "Other": _total_column(lambda totals: totals.other),
    "Outside POM": _total_column(lambda totals: totals.outside_pom),
    "Unexplained": _total_column(lambda totals: totals.unexplained),
    "Invoices": lambda row: row.invoice_count,
    "Lines": lambda row: row.line_count,
    "Tied out": lambda row: _YES_NO[row.tied_out],
    "Method": lambda row: as_text(row.method),
    "Automatic": lambda row: _YES_NO[row.automatic],
    "Statement": lambda row: as_text(row.statement_descriptor),
    "Trace ID": lambda row: as_text(row.trace_id),
    "ID": lambda row: as_text(row.id),
    "Reverses": lambda row: as_text(row.original_payout_id),
    "Reversed by": lambda row: as_text(row.reversed_by_id),
    "Paid again in": lambda row: as_text(row.paid_again_in),
    "Pays again": lambda row: as_text(" ".join(row.pays_again)) if row.pays_again else None,
    "Account connected": lambda row: _YES_NO[row.account_connected],
    "Message": lambda row: as_text(row.message),
    "Next step": lambda row: as_text(row.next_step),
}


def payouts_csv(payouts: Iterable[Payout], related_payouts: RelatedPayouts) -> str:
    """Returns payouts as CSV, one row for each. `Arrival` is Stripe's date; `Created` is RFC 3339 in UTC.

    `Bank amount` adds up to the money that the bank account received. `Amount` also counts payouts that did not
    arrive.
    """
    return csv_table(_PAYOUT_COLUMNS, (payout_view(payout, related_payouts) for payout in payouts))


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a payout. Without `line`, the part of the payout's amount that no line explains."""

    payout: Payout
    day: str
    net: str
    line: PayoutLineView | None = None
    message: str | None = None
    """Without `line`: the state of the payout, and why it has no line."""


def _line_column(of: Callable[[PayoutLineView], str | None]) -> Callable[[_Row], str | None]:
    return lambda row: of(row.line) if row.line is not None else None


def _exchange_column(of: Callable[[ExchangeView], str | None]) -> Callable[[_Row], str | None]:
    return _line_column(lambda line: of(line.exchange) if line.exchange is not None else None)


_LINE_COLUMNS: Mapping[str, Callable[[_Row], str | None]] = {
    "Day": lambda row: row.day,
    "Time": _line_column(lambda line: line.at),
    "Kind": lambda row: row.line.kind if row.line is not None else _kind_without_line(row.payout),
    "Category": _line_column(lambda line: as_text(line.category)),
    "Outside POM": _line_column(lambda line: _YES_NO[line.outside_pom]),
    "Invoice number": _line_column(lambda line: as_text(line.number)),
    "Customer": _line_column(lambda line: as_text(line.customer_id)),
    "Customer name": _line_column(lambda line: as_text(line.customer_name)),
    "Gross": lambda row: row.line.gross if row.line is not None else row.net,
    "Fee": lambda row: row.line.fee if row.line is not None else decimal_string(0, row.payout.fact.currency),
    "Net": lambda row: row.net,
    "Currency": lambda row: as_text(
        (row.line.currency if row.line is not None else row.payout.fact.currency).upper()
    ),
    "Payout": lambda row: as_text(row.payout.id),
    "Payout status": lambda row: as_text(row.payout.fact.status),
    "Arrival": lambda row: row.payout.fact.arrives_on.isoformat(),
    "Description": lambda row: as_text(row.line.description if row.line is not None else row.message),
    "Exchange rate": _exchange_column(lambda exchange: exchange.rate),
    "Amount before exchange": _exchange_column(lambda exchange: exchange.amount),
    "Currency before exchange": _exchange_column(lambda exchange: as_text((exchange.currency or "").upper())),
    "ID": _line_column(lambda line: as_text(line.id)),
    "Invoice ID": _line_column(lambda line: as_text(line.invoice_id)),
    "Payment ID": _line_column(lambda line: as_text(line.payment_id)),
}


def _kind_without_line(payout: Payout) -> str:
    if payout.itemized is not None:
        return UNEXPLAINED
    return REVERSAL if payout.fact.original_payout_id else NOT_ITEMIZED


def payout_lines_csv(
    payout: Payout,
    page: Page[PayoutLine],
    time_zone: str,
    related_payouts: RelatedPayouts,
    names: Mapping[CustomerId, str],
) -> str:
    """Returns a page of a payout's lines as CSV. The column `Net` of all pages adds up to the payout's amount.

    Without the rows outside POM, the column `Fee` adds up to the payout's fees, and the column `Gross` of each kind
    adds up to the payout's total of that kind. A fee of the account has its amount in `Fee`, and 0 in `Gross`.

    If POM does not have the payout's lines, the table has one row `not itemized` with the whole amount, because
    Stripe cannot list the lines or POM has not read them yet. A payout that reverses another one has one row
    `reversal`. If the lines do not add up to the amount, the last page ends with a row `unexplained` for the
    remainder. `Day` is a day in `time_zone`, `Time` is RFC 3339 in UTC, and `Arrival` is Stripe's date. `names` holds
    the customers' names.
    """
    return csv_table(_LINE_COLUMNS, _lines_and_remainder(payout, page, time_zone, related_payouts, names))


def _lines_and_remainder(
    payout: Payout,
    page: Page[PayoutLine],
    time_zone: str,
    related_payouts: RelatedPayouts,
    names: Mapping[CustomerId, str],
) -> Iterator[_Row]:
    for line in page.items:
        view = line_view(line, names)
        yield _Row(payout, day_of(line.transaction.created, time_zone).isoformat(), view.net, view)
    if not page.has_next and payout.unexplained:
        unexplained = decimal_string(payout.unexplained, payout.fact.currency)
        yield _Row(
            payout, payout.fact.arrives_on.isoformat(), unexplained, message=story_of(payout, related_payouts).message
        )
