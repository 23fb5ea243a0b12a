"""`PaymentStore` in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.errors import StaleWrite
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
    ) -> Page[SettledMovement]:
        with self._db.lock:
            movements = [row for (owner, _), row in self._db.movements.items() if owner == organization_id]
            fitting = [self._settled(organization_id, row) for row in movements if _fits(row, wanted)]
        name = ("payments", organization_id)
        return page_of(fitting, _position, name, first, after, descending=True)

    def find(self, organization_id: OrganizationId, movement_ids: Sequence[str]) -> Mapping[str, SettledMovement]:
        if len(movement_ids) > 100:
            raise ValueError(f"{len(movement_ids)} keys are more than one batch read takes")
        with self._db.lock:
            return {
                movement_id: self._settled(organization_id, self._db.movements[organization_id, movement_id])
                for movement_id in movement_ids
                if (organization_id, movement_id) in self._db.movements
            }

    def change(
        self,
        organization_id: OrganizationId,
        movement_id: str,
        change: Callable[[SettledMovement], SettledMovement],
    ) -> None:
        key = (organization_id, movement_id)
        with self._db.lock:
            if key not in self._db.movements:
                return
            before = self._settled(organization_id, self._db.movements[key])
            after = change(before)
            if self._settled(organization_id, self._db.movements[key]) != before:
                raise StaleWrite("The payment")
            self._db.movements[key] = after.movement
            if after.settlements:
                self._db.settlements[key] = {each.transaction.id: each for each in after.settlements}

    def settle(self, organization_id: OrganizationId, settlements: Sequence[tuple[str, Settlement]]) -> None:
        with self._db.lock:
            for movement_id, settlement in settlements:
                if (organization_id, movement_id) not in self._db.movements:
                    continue
                stored = self._db.settlements.setdefault((organization_id, movement_id), {})
                if settlement.payout_id is not None or settlement.transaction.id not in stored:
                    stored[settlement.transaction.id] = settlement

    def _settled(self, organization_id: OrganizationId, movement: Movement) -> SettledMovement:
        stored = self._db.settlements.get((organization_id, movement.id), {}).values()
        earliest_first = sorted(stored, key=lambda each: (each.transaction.created, each.transaction.id))
        return SettledMovement(movement, tuple(earliest_first))


def _position(settled: SettledMovement) -> tuple[int, str]:
    return settled.movement.at, settled.movement.id


def _fits(movement: Movement, movement_filter: MovementFilter) -> bool:
    if movement_filter.since is not None and movement.at < movement_filter.since:
        return False
    if movement_filter.before is not None and movement.at >= movement_filter.before:
        return False
    return movement_filter.kind in (None, movement.kind) and movement_filter.method in (None, movement.method)
