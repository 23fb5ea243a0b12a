"""`PayoutStore` in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.payout import Payout, PayoutFilter
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.ports.storage import Page
from tests.fakes.database import FakeDatabase, Place, require_unchanged
from tests.fakes.paging import page_of


class FakePayouts:
    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    def get(self, organization_id: OrganizationId, payout_id: str) -> Payout | None:
        with self._db.lock:
            return self._db.payouts.get((organization_id, payout_id))

    def find(self, organization_id: OrganizationId, payout_ids: Sequence[str]) -> Mapping[str, Payout]:
        if len(payout_ids) > 100:
            raise ValueError(f"{len(payout_ids)} keys are more than one batch read takes")
        with self._db.lock:
            payouts_by_id = {
                payout_id: self._db.payouts.get((organization_id, payout_id)) for payout_id in payout_ids
            }
        return {payout_id: payout for payout_id, payout in payouts_by_id.items() if payout is not None}

    def save(self, payout: Payout) -> Payout:
        with self._db.lock:
            key = (payout.organization_id, payout.id)
            require_unchanged(self._db.payouts, key, payout, "The payout")
            self._db.payouts[key] = stored = replace(payout, version=payout.version + 1)
            return stored

    def page(
        self, organization_id: OrganizationId, wanted: PayoutFilter, first: int, after: str | None
    ) -> Page[Payout]:
        with self._db.lock:
            payouts = [each for (owner, _), each in self._db.payouts.items() if owner == organization_id]
        fitting = [each for each in payouts if _fits(each, wanted)]
        name = ("payouts", organization_id)
        return page_of(fitting, lambda each: (each.fact.arrival_date, each.id), name, first, after, descending=True)

    def put_lines(self, organization_id: OrganizationId, payout_id: str, lines: Sequence[PayoutLine]) -> None:
        with self._db.lock:
            stored = self._lines(organization_id, payout_id)
            all_lines = {**stored, **{_position(line): line for line in lines}}
            self._db.payout_lines[organization_id, payout_id] = all_lines

    def remove_lines(self, organization_id: OrganizationId, payout_id: str, lines: Sequence[PayoutLine]) -> None:
        with self._db.lock:
            stored = self._lines(organization_id, payout_id)
            removed = {_position(line) for line in lines}
            remaining = {position: line for position, line in stored.items() if position not in removed}
            self._db.payout_lines[organization_id, payout_id] = remaining

    def lines(
        self, organization_id: OrganizationId, payout_id: str, first: int, after: str | None
    ) -> Page[PayoutLine]:
        with self._db.lock:
            stored = self._lines(organization_id, payout_id)
        name = ("payout_lines", organization_id, payout_id)
        return page_of(stored.values(), _position, name, first, after, descending=True)

    def all_lines(self, organization_id: OrganizationId, payout_id: str) -> Iterator[PayoutLine]:
        with self._db.lock:
            stored = self._lines(organization_id, payout_id)
        yield from (line for _, line in sorted(stored.items()))

    def _lines(self, organization_id: OrganizationId, payout_id: str) -> Mapping[Place, PayoutLine]:
        return self._db.payout_lines.get((organization_id, payout_id), {})


def _position(line: PayoutLine) -> Place:
    return line.transaction.created, line.transaction.id


def _fits(payout: Payout, payout_filter: PayoutFilter) -> bool:
    if payout_filter.since is not None and payout.fact.arrival_date < payout_filter.since:
        return False
    return payout_filter.before is None or payout.fact.arrival_date < payout_filter.before
