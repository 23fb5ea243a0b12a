"""The rows of `GET /payments`: an organization's payments, refunds and disputes, in the order of their time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from chalicelib.adapters.tables.codec import decoded, encoded
from chalicelib.adapters.tables.database import Transaction, answering
from chalicelib.adapters.tables.keys import DATED_FORM, HIGHEST, LOWEST, cursor, key, moment, position_of
from chalicelib.adapters.tables.models import PaymentItem
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.movements import Movement, MovementFilter
from chalicelib.ports.storage import Page

AT_ONCE = 40
"""How many rows the transaction of an invoice can write, in addition to its references, its tallies and the event."""

_FILTERED_PAGE = 3000
"""How many rows one query reads if a filter may leave some out. DynamoDB ends the query at 1 MB in any case."""


class TablePayments:
    """Fulfils `PaymentStore`."""

    def page(
        self, organization_id: OrganizationId, wanted: MovementFilter, first: int, after: str | None
    ) -> Page[Movement]:
        listing = key("payments", organization_id)
        position = position_of(listing, after, DATED_FORM) if after is not None else None
        fitting = (
            (place, movement)
            for place, movement in _newest_first(organization_id, wanted, first, position)
            if _fits(movement, wanted)
        )
        rows = list(islice(fitting, first + 1))
        shown = rows[:first]
        return Page(
            items=tuple(movement for _, movement in shown),
            end_cursor=cursor(listing, shown[-1][0]) if shown else None,
            has_next=len(rows) > first,
        )


def put_movements(transaction: Transaction, organization_id: OrganizationId, movements: Sequence[Movement]) -> None:
    """Adds to the transaction a write of each row. It replaces the whole row."""
    for movement in movements:
        values = {
            "organization_id": organization_id,
            "movement_id": movement.id,
            "time_key": _time_key(movement),
            **encoded(movement),
        }
        transaction.put(f"movement#{movement.id}", PaymentItem, values)


def _time_key(movement: Movement) -> str:
    return key(moment(movement.at), movement.id)


def _newest_first(
    organization_id: OrganizationId, wanted: MovementFilter, first: int, position: str | None
) -> Iterator[tuple[str, Movement]]:
    """Yields the rows of the period after `position`, each with its range key.

    Reads one page, and further ones only if the filter leaves out too many rows.
    """
    low = LOWEST if wanted.since is None else moment(wanted.since)
    high = HIGHEST if wanted.before is None else moment(wanted.before)
    high = high if position is None else min(high, position)
    if low >= high:
        return
    filtered = wanted.kind is not None or wanted.method is not None
    rows = PaymentItem.by_time.query(
        organization_id,
        PaymentItem.time_key.between(low, high),
        scan_index_forward=False,
        page_size=_FILTERED_PAGE if filtered else first + 2,  # BETWEEN includes the position itself
    )
    with answering():
        for row in rows:
            if row.time_key != high:
                yield row.time_key, decoded(Movement, row.document, row.packed)


def _fits(movement: Movement, wanted: MovementFilter) -> bool:
    return wanted.kind in (None, movement.kind) and wanted.method in (None, movement.method)
