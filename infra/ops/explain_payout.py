"""`explain payout`: how a payout stands, what it consists of, and its lines, as POM has them."""

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
from infra.ops import books
from infra.ops.cli import command
from infra.ops.going_on import go_on
from infra.ops.invoice_lines import Forms
from infra.ops.screen import Row, Screen, moment
from infra.ops.stage import Stage
from infra.timeline_words import money

LINES_SHOWN = 100
"""Lines that people see. A payout may have thousands; JSON has all."""

INVOICES_SHOWN = 10
"""Invoices of a payout for which a command is told. The lines have the ids of all."""


@click.command("payout")
@click.argument("organization")
@click.argument("payout")
@command
def explain_payout(stage: Stage, screen: Screen, organization: str, payout: str) -> None:
    """How a payout stands, what it consists of, and its lines. `payouts` compares it with Stripe."""
    show_payout(stage, screen, organization, payout)


def show_payout(stage: Stage, screen: Screen, organization: str, payout: str) -> None:
    """Tells of a payout.

    Raises:
        NotFound: the organization was never connected, or has no such payout.
    """
    connection, _ = books.connected(stage, organization)
    found = stage.ports.payouts.get(connection.organization_id, payout)
    if found is None:
        listing = screen.command("payouts", organization)
        raise NotFound(
            "payout_not_found",
            f"{organization} has no payout {payout}.",
            next_step=f"`{listing}` lists what Stripe has, and `--repair` brings it in.",
        )
    screen.table("payout", f"Payout {found.id} of {organization}", [_payout_row(found)])
    story = story_of(found, related_payouts([found], connection.organization_id, stage.ports))
    screen.fact("explanation", asdict(story), " ".join(filter(None, (story.message, story.next_step))))
    totals = _total_rows(found)
    screen.lines("totals", "What it consists of", totals, [_total_line(each) for each in totals])
    lines = _line_rows(stage, connection.organization_id, found)
    shown = _columns(lines[:LINES_SHOWN])
    title = "Lines" if len(lines) <= LINES_SHOWN else f"Lines, the first {LINES_SHOWN} of {len(lines)}"
    screen.lines("lines", title, lines, shown)
    invoices = dict.fromkeys(row["invoice"] for row in lines if row["invoice"])
    go_on(screen, organization, [("invoice", each) for each in islice(invoices, INVOICES_SHOWN)])


def _payout_row(payout: Payout) -> dict[str, Any]:
    fact = payout.fact
    return {
        "payout": fact.id,
        "status": fact.status,
        "amount": decimal_string(fact.amount, fact.currency),
        "currency": fact.currency,
        "created": moment(fact.created),
        "arrives_on": fact.arrives_on.isoformat(),
        "automatic": fact.automatic,
        "method": fact.method,
        "bank": " ".join(filter(None, (fact.destination, fact.last4))) or None,
        "trace_id": fact.trace_id,
        "reconciliation": fact.reconciliation_status,
        "failure": fact.failure_code,
        "paid_again_in": payout.returned_in,
        "itemized": moment(payout.itemized.at) if payout.itemized is not None else None,
        "compared": moment(payout.compared_at),
    }


def _total_rows(payout: Payout) -> list[dict[str, Any]]:
    """Returns what each kind of line changed the amount by. They add up to the amount."""
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
    moved, owner = line.transaction, line.owner
    return {
        "kind": "outside_pom" if line.outside_pom else line.kind.value,
        "category": moved.category,
        "amount": decimal_string(moved.amount, moved.currency),
        "fee": decimal_string(moved.fee, moved.currency),
        "net": decimal_string(moved.net, moved.currency),
        "currency": moved.currency,
        "number": owner.number if owner is not None else None,
        "invoice": owner.invoice_id if owner is not None else None,
        "source": moved.source_id,
        "transaction": moved.id,
        "description": moved.description,
    }


def _columns(rows: Sequence[Row]) -> list[Forms]:
    """Returns a line for each row: its kind, amount, fee and net, and the invoice's number or Stripe's category.

    The longer forms have the transaction, and the invoice's id.
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
