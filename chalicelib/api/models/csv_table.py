"""CSV tables (RFC 4180) for spreadsheets and bookkeeping programs."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from io import StringIO
from typing import TypeVar

T = TypeVar("T")

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")  # noqa: RUF001
"""Characters with which a formula may begin (https://owasp.org/www-community/attacks/CSV_Injection)."""


def csv_table(columns: Mapping[str, Callable[[T], str | int | None]], rows: Iterable[T]) -> str:
    """Returns the rows as CSV, under a header row. `columns` maps each column's name to a function of the row.

    Amounts are decimals with a point, in units of their currency. Only amounts may begin with a minus sign, so every
    text that comes from people or from Stripe has to go through `as_text`.
    """
    table = StringIO()
    writer = csv.writer(table)  # It ends lines with CR and LF, as RFC 4180 requires.
    writer.writerow(columns)
    writer.writerows([cell(row) for cell in columns.values()] for row in rows)
    return table.getvalue()


def as_text(value: str | None) -> str | None:
    """Returns the value, with an apostrophe in front if a spreadsheet could take it for a formula."""
    return f"'{value}" if value is not None and value.lstrip(" ").startswith(FORMULA_STARTS) else value
