"""The rows and lines of `payouts`: a row for JSON, and a line of 80 columns. Amounts are decimal strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.domain.money import decimal_string
from infra.ops.invoice_lines import Forms
from infra.ops.payout_results import PayoutResult
from infra.ops.screen import Row
from infra.timeline_words import money

HEADINGS = ("Arrives", "Payout", "Amount", "Status", "Result")


def payout_row(result: PayoutResult) -> dict[str, Any]:
    """Returns the row of a payout as Stripe has it, with the counts of POM's lines, or null if POM has no lines."""
    fact, itemized = result.fact, result.payout.itemized if result.payout is not None else None
    return {
        "arrives_on": fact.arrives_on.isoformat(),
        "id": fact.id,
        "amount": decimal_string(fact.amount, fact.currency),
        "currency": fact.currency,
        "status": fact.status,
        "lines": itemized.lines if itemized is not None else None,
        "invoices": itemized.invoices if itemized is not None else None,
        "unexplained": decimal_string(itemized.totals.unexplained, fact.currency) if itemized is not None else None,
        "result": result.result.value,
        "why": result.why,
    }


def payout_lines(rows: Sequence[Row]) -> tuple[str, list[Forms]]:
    """Returns a heading and a line in columns for each row. The longer form adds the counts of the lines."""
    cell_rows = [
        (row["arrives_on"], row["id"], money(row["amount"], row["currency"]), row["status"], _result(row))
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *cell_rows, strict=True)]
    arrives, payout, amount, status, _ = widths
    heading, *lines = (
        f"{cells[0]:{arrives}}  {cells[1]:{payout}}  {cells[2]:>{amount}}  {cells[3]:{status}}  {cells[4]}"
        for cells in (HEADINGS, *cell_rows)
    )
    return heading, [(f"{line}  ({_figures(row)})", line) for line, row in zip(lines, rows, strict=True)]


def _result(row: Row) -> str:
    return f"{row['result']}: {row['why']}" if row["why"] else str(row["result"])


def _figures(row: Row) -> str:
    if row["lines"] is None:
        return "no lines"
    unexplained = money(row["unexplained"], row["currency"])
    return f"{row['lines']} lines, {row['invoices']} invoices, unexplained {unexplained}"


def difference_line(row: Row) -> Forms:
    """Returns the line of a difference with its kind, which the run book on payouts explains."""
    subject = "" if row["subject"] == row["payout_id"] else f" {row['subject']}"
    values = f"Stripe says {row['stripe_says']}; POM says {row['we_say']}"
    return (f"{row['payout_id']}{subject} {row['kind']}: {values}",)
