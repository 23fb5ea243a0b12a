"""Tables for spreadsheets and bookkeeping programs, as RFC 4180 has them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from io import StringIO
from typing import TypeVar

T = TypeVar("T")

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")  # noqa: RUF001
"""A cell that begins like this may be run as a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""


def csv_table(columns: Mapping[str, Callable[[T], str | int | None]], rows: Iterable[T]) -> str:
    """Returns the rows under a header row. `columns` has what each column shows of a row, by the column's name.

    Amounts are decimals with a point, in units of their currency. Only they may begin with a minus sign, so every
    text that comes from people or from Stripe has to go through `defused`.
    """
    table = StringIO()
    writer = csv.writer(table)  # its lines end with CR and LF
    writer.writerow(columns)
    writer.writerows([cell(row) for cell in columns.values()] for row in rows)
    return table.getvalue()


def as_text(value: str | None) -> str | None:
    """Returns a text that no spreadsheet takes for a formula, because an apostrophe stands before it."""
    return f"'{value}" if value is not None and value.lstrip(" ").startswith(FORMULA_STARTS) else value
