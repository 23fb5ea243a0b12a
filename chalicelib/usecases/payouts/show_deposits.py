"""Reads the fees of an invoice's payments, and the payouts that contain their money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from chalicelib.domain.deposits import Deposit, SettledMovement, deposits_of, payout_ids, with_own_settlements
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import MovementFilter, movements
from chalicelib.domain.terms import day_of
from chalicelib.ports import Ports
from chalicelib.ports.paging import in_hundreds
from chalicelib.ports.storage import Page
from chalicelib.usecases.invoicing.records import list_movements
from chalicelib.usecases.payouts.related import with_related


@dataclass(frozen=True, slots=True)
class Deposited:
    """A payment, refund or dispute with its fees and the payouts that contain its money."""

    settled: SettledMovement
    deposits: Sequence[Deposit]


def deposits_of_invoice(invoice: Invoice, ports: Ports) -> Mapping[str, Deposited]:
    """Returns the deposits of an invoice's payments, refunds and disputes, by their ids.

    This takes a batch read, and one of the payouts if there are any. An invoice without payments costs nothing.
    """
    rows = list(movements(invoice))
    stored = _stored({row.settlements_row_id for row in rows}, invoice.organization_id, ports)
    settled = with_own_settlements(rows, stored)
    return {each.settled.movement.id: each for each in deposited(settled, invoice.organization_id, ports)}


def list_deposited(
    organization_id: OrganizationId, movement_filter: MovementFilter, first: int, after: str | None, ports: Ports
) -> Page[Deposited]:
    """Returns a page of payments, refunds and disputes, the newest first, with their fees and their deposits.

    Reading a page takes one query, and a batch read of the payouts if there are any. A bank debit that came back
    takes another read if its payment is on another page.

    Raises:
        Refused: the cursor is not from this list.
    """
    page = list_movements(organization_id, movement_filter, first, after, ports)
    listed = {each.movement.id: each for each in page.items}
    rows = [each.movement for each in page.items]
    elsewhere = _stored({row.settlements_row_id for row in rows} - listed.keys(), organization_id, ports)
    settled = with_own_settlements(rows, {**listed, **elsewhere})
    return Page(tuple(deposited(settled, organization_id, ports)), page.end_cursor, page.has_next)


def deposited(
    settled: Iterable[SettledMovement], organization_id: OrganizationId, ports: Ports
) -> Sequence[Deposited]:
    """Returns these payments, refunds and disputes with the deposits that their money is in."""
    rows = list(settled)
    payouts = with_related(payout_ids(rows), organization_id, ports)
    today = day_of(ports.clock.now(), "UTC")
    return [Deposited(each, deposits_of(each, payouts, today)) for each in rows]


def _stored(ids: Set[str], organization_id: OrganizationId, ports: Ports) -> Mapping[str, SettledMovement]:
    """Returns the rows with these ids, each with its stored settlements."""
    rows: dict[str, SettledMovement] = {}
    for hundred_ids in in_hundreds(sorted(ids)):
        rows.update(ports.payments.find(organization_id, hundred_ids))
    return rows
