"""`explain payout`: the state of a payout, its totals and its lines, as POM has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

import click

from chalicelib.domain.errors import NotFound
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.money import decimal_string
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.domain.payout_wording import story_of
from chalicelib.usecases.payouts.related import related_payouts
from infra.ops import lookups
from infra.ops.cli import command
from infra.ops.invoice_lines import Forms
from infra.ops.related import show_related
from infra.ops.screen import Row, Screen, timestamp
from infra.ops.stage import Stage
from infra.timeline_words import money

LINES_SHOWN = 100
"""The number of lines that are printed. A payout may have thousands; JSON has all of them."""

INVOICES_SHOWN = 10
"""The number of invoices of a payout whose command is printed. The lines have the ids of all invoices."""


@click.command("payout")
@click.argument("organization")
@click.argument("payout")
@command
def explain_payout(stage: Stage, screen: Screen, organization: str, payout: str) -> None:
    """Show the state of a payout, its totals and its lines. `payouts` compares it with Stripe."""
    show_payout(stage, screen, organization, payout)


def show_payout(stage: Stage, screen: Screen, organization: str, payout: str) -> None:
    """Shows a payout.

    Raises:
        NotFound: the organization was never connected, or has no such payout.
    """
    connection, _ = lookups.connection_and_account(stage, organization)
    found_payout = stage.ports.payouts.get(connection.organization_id, payout)
    if found_payout is None:
        listing = screen.command("payouts", organization)
        raise NotFound(
            "payout_not_found",
            f"{organization} has no payout {payout}.",
            next_step=f"`{listing}` lists what Stripe has, and `--repair` brings it in.",
        )
    screen.table("payout", f"Payout {found_payout.id} of {organization}", [_payout_row(found_payout)])
    story = story_of(found_payout, related_payouts([found_payout], connection.organization_id, stage.ports))
    screen.fact("explanation", asdict(story), " ".join(filter(None, (story.message, story.next_step))))
    totals = _total_rows(found_payout)
    screen.lines("totals", "Totals", totals, [_total_line(each) for each in totals])
    lines = _line_rows(stage, connection.organization_id, found_payout)
    line_forms = _columns(lines[:LINES_SHOWN])
    title = "Lines" if len(lines) <= LINES_SHOWN else f"Lines, the first {LINES_SHOWN} of {len(lines)}"
    screen.lines("lines", title, lines, line_forms)
    invoices = dict.fromkeys(row["invoice"] for row in lines if row["invoice"])
    show_related(screen, organization, [("invoice", each) for each in islice(invoices, INVOICES_SHOWN)])


def _payout_row(payout: Payout) -> dict[str, Any]:
    fact = payout.fact
    return {
        "payout": fact.id,
        "status": fact.status,
        "amount": decimal_string(fact.amount, fact.currency),
        "currency": fact.currency,
        "created": timestamp(fact.created),
        "arrives_on": fact.arrives_on.isoformat(),
        "automatic": fact.automatic,
        "method": fact.method,
        "bank": " ".join(filter(None, (fact.destination, fact.last4))) or None,
        "trace_id": fact.trace_id,
        "reconciliation": fact.reconciliation_status,
        "failure": fact.failure_code,
        "paid_again_in": payout.returned_in,
        "itemized": timestamp(payout.itemized.at) if payout.itemized is not None else None,
        "compared": timestamp(payout.compared_at),
    }


def _total_rows(payout: Payout) -> list[dict[str, Any]]:
    """Returns the amount that each kind of line contributes. They add up to the payout's amount."""
    if payout.itemized is None:
        return []
    currency = payout.fact.currency
    totals = asdict(payout.itemized.totals)
    return [
        {"what": name, "amount": decimal_string(amount, currency), "currency": currency}
        for name, amount in totals.items()
    ]


def _total_line(row: Row) -> Forms:
    amount = money(row["amount"], row["currency"])
    return (f"{_WHAT.get(row['what'], row['what'].capitalize()):12}  {amount:>16}",)


_WHAT = {"outside_pom": "Outside POM"}


def _line_rows(stage: Stage, organization_id: OrganizationId, payout: Payout) -> list[dict[str, Any]]:
    lines = stage.ports.payouts.all_lines(organization_id, payout.id)
    return [_line_row(line) for line in lines]


def _line_row(line: PayoutLine) -> dict[str, Any]:
    transaction, owner = line.transaction, line.owner
    return {
        "kind": "outside_pom" if line.outside_pom else line.kind.value,
        "category": transaction.category,
        "amount": decimal_string(transaction.amount, transaction.currency),
        "fee": decimal_string(transaction.fee, transaction.currency),
        "net": decimal_string(transaction.net, transaction.currency),
        "currency": transaction.currency,
        "number": owner.number if owner is not None else None,
        "invoice": owner.invoice_id if owner is not None else None,
        "source": transaction.source_id,
        "transaction": transaction.id,
        "description": transaction.description,
    }


def _columns(rows: Sequence[Row]) -> list[Forms]:
    """Returns a line for each row: its kind, amount, fee and net, and the invoice's number or Stripe's category.

    The longer forms add the balance transaction and the invoice's id.
    """
    cells = [
        (row["kind"].replace("_", " "), row["amount"], row["fee"], row["net"], row["number"] or row["category"])
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    forms: list[Forms] = []
    for row, (kind, amount, fee, net, about) in zip(rows, cells, strict=True):
        line = f"{kind:{widths[0]}}  {amount:>{widths[1]}}  fee {fee:>{widths[2]}}  net {net:>{widths[3]}}"
        short = f"{line}  {about}"
        full = f"{line}  {about:{widths[4]}}  {row['transaction']}"
        forms.append((f"{full}  {row['invoice']}", full, short) if row["invoice"] else (full, short))
    return forms
