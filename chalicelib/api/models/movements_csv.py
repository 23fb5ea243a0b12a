"""An organization's payments, refunds and disputes as CSV, for spreadsheets and bookkeeping programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from chalicelib.api.models.common import instant
from chalicelib.api.models.csv_table import as_text, csv_table
from chalicelib.api.models.settlements import DepositView, ExchangeView, SettledView, settled_view
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.money import decimal_string
from chalicelib.domain.movements import Movement
from chalicelib.domain.terms import day_of
from chalicelib.usecases.payouts.show_deposits import Deposited


@dataclass(frozen=True, slots=True)
class _Row:
    movement: Movement
    settled: SettledView
    day: str
    customer_name: str | None


def _exchange_column(of: Callable[[ExchangeView], str | None]) -> Callable[[_Row], str | None]:
    return lambda row: of(row.settled.exchange) if row.settled.exchange is not None else None


_COLUMNS: Mapping[str, Callable[[_Row], str | None]] = {
    "Day": lambda row: row.day,
    "Time": lambda row: instant(row.movement.at),
    "Kind": lambda row: row.movement.kind,
    "Status": lambda row: as_text(row.movement.status),
    "Amount": lambda row: decimal_string(row.movement.amount, row.movement.currency),
    "Received": lambda row: decimal_string(row.movement.counted, row.movement.currency),
    "Currency": lambda row: as_text(row.movement.currency.upper()),
    "Method": lambda row: as_text(row.movement.method),
    "Brand": lambda row: as_text(row.movement.brand),
    "Last 4": lambda row: as_text(row.movement.last4),
    "Invoice number": lambda row: as_text(row.movement.number),
    "Customer": lambda row: as_text(row.movement.customer_id),
    "Customer name": lambda row: as_text(row.customer_name),
    "Reason": lambda row: as_text(row.movement.reason),
    "ID": lambda row: as_text(row.movement.id),
    "Payment ID": lambda row: as_text(row.movement.payment_id),
    "Invoice ID": lambda row: as_text(row.movement.invoice_id),
    "Fee status": lambda row: row.settled.fee_status,
    "Fee": lambda row: row.settled.fee,
    "Net": lambda row: row.settled.net,
    "Settlement currency": lambda row: as_text((row.settled.settlement_currency or "").upper()),
    "Exchange rate": _exchange_column(lambda exchange: exchange.rate),
    "Amount before exchange": _exchange_column(lambda exchange: exchange.amount),
    "Currency before exchange": _exchange_column(lambda exchange: as_text((exchange.currency or "").upper())),
    "Deposit": lambda row: _deposit_cells(row, lambda deposit: deposit.on),
    "Deposit status": lambda row: _deposit_cells(row, lambda deposit: deposit.status),
    "Payout": lambda row: as_text(_deposit_cells(row, lambda deposit: deposit.payout_id)),
}


def movements_csv(rows: Iterable[Deposited], names: Mapping[CustomerId, str], time_zone: str) -> str:
    """Returns payments, refunds and disputes as CSV. `Day` is a day in `time_zone`; `Time` is RFC 3339 in UTC.

    `names` holds the customers' names.

    If a payment's money is in several deposits, the cells of the deposit columns list all of them, separated by
    semicolons and in the same order in every column. Deposits that are equal in all of these columns are listed once.
    """
    return csv_table(_COLUMNS, (_row(row, names, time_zone) for row in rows))


def _row(deposited: Deposited, names: Mapping[CustomerId, str], time_zone: str) -> _Row:
    movement = deposited.settled.movement
    day, name = day_of(movement.at, time_zone).isoformat(), names.get(movement.customer_id)
    return _Row(movement, settled_view(deposited), day, name)


def _deposit_cells(row: _Row, cell: Callable[[DepositView], str | None]) -> str:
    """Returns the values of `cell` for the row's deposits, separated by semicolons."""
    distinct_deposits = {(each.on, each.status, each.payout_id): each for each in row.settled.deposits}
    return "; ".join(cell(each) or "" for each in distinct_deposits.values())
