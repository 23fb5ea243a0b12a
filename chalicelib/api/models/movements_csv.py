"""An organization's money in and out as a table, for spreadsheets and bookkeeping programs."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from io import StringIO

from chalicelib.api.models.common import instant
from chalicelib.domain.money import decimal_string
from chalicelib.domain.movements import Movement
from chalicelib.domain.terms import day_of

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")  # noqa: RUF001
"""A cell that begins like this may be run as a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""

_COLUMNS: Mapping[str, Callable[[Movement], str | None]] = {
    "Kind": lambda row: row.kind,
    "Status": lambda row: _defused(row.status),
    "Amount": lambda row: decimal_string(row.amount, row.currency),
    "Received": lambda row: decimal_string(row.counted, row.currency),
    "Currency": lambda row: _defused(row.currency.upper()),
    "Method": lambda row: _defused(row.method),
    "Brand": lambda row: _defused(row.brand),
    "Last 4": lambda row: _defused(row.last4),
    "Invoice number": lambda row: _defused(row.number),
    "Customer": lambda row: _defused(row.customer_id),
    "Reason": lambda row: _defused(row.reason),
    "ID": lambda row: _defused(row.id),
    "Payment ID": lambda row: _defused(row.payment_id),
    "Invoice ID": lambda row: _defused(row.invoice_id),
}


def movements_csv(movements: Iterable[Movement], time_zone: str) -> str:
    """Returns the movements as RFC 4180 has it, under a header row.

    `Day` is a day in `time_zone`, `Time` is RFC 3339 in UTC. Amounts are decimals with a point, in the currency's
    units. Only they may begin with a minus sign.
    """
    table = StringIO()
    writer = csv.writer(table)  # its lines end with CR and LF
    writer.writerow(["Day", "Time", *_COLUMNS])
    for row in movements:
        day = day_of(row.at, time_zone).isoformat()
        writer.writerow([day, instant(row.at), *(cell(row) for cell in _COLUMNS.values())])
    return table.getvalue()


def _defused(value: str | None) -> str | None:
    """Returns a text that no spreadsheet takes for a formula, because an apostrophe stands before it."""
    return f"'{value}" if value is not None and value.lstrip(" ").startswith(FORMULA_STARTS) else value
