"""`PaymentStore` in memory."""

from __future__ import annotations

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.movements import Movement, MovementFilter
from chalicelib.ports.storage import Page
from tests.fakes.database import FakeDatabase
from tests.fakes.paging import page_of


class FakePayments:
    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    def page(
        self, organization_id: OrganizationId, wanted: MovementFilter, first: int, after: str | None
    ) -> Page[Movement]:
        with self._db.lock:
            movements = [row for (owner, _), row in self._db.movements.items() if owner == organization_id]
        fitting = [row for row in movements if _fits(row, wanted)]
        name = ("payments", organization_id)
        return page_of(fitting, lambda row: (row.at, row.id), name, first, after, descending=True)


def _fits(movement: Movement, wanted: MovementFilter) -> bool:
    if wanted.since is not None and movement.at < wanted.since:
        return False
    if wanted.before is not None and movement.at >= wanted.before:
        return False
    return wanted.kind in (None, movement.kind) and wanted.method in (None, movement.method)
