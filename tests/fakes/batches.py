"""`BatchStore` in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from chalicelib.domain.acts import Act
from chalicelib.domain.batch import Batch, BatchItem, BatchKind, Part, StoredItem
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import BatchId, OrganizationId
from chalicelib.domain.pacing import Pace
from chalicelib.ports.storage import Page
from tests.fakes.database import FakeDatabase, require_unchanged
from tests.fakes.paging import page_of, rows_behind

_WHAT = "The batch"


class FakeBatches:
    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    def get(self, organization_id: OrganizationId, batch_id: BatchId) -> Batch | None:
        with self._db.lock:
            return self._db.batches.get((organization_id, batch_id))

    def save(self, batch: Batch, parts: Sequence[Part] = ()) -> Batch:
        with self._db.lock:
            key = (batch.organization_id, batch.id)
            require_unchanged(self._db.batches, key, batch, _WHAT)
            for part in parts:
                require_unchanged(self._db.parts, _key(part), part, _WHAT)
            for part in parts:
                self.save_part(part)
            counts = {status: count for status, count in batch.counts.items() if count}
            self._db.batches[key] = stored = replace(batch, counts=counts, version=batch.version + 1)
            return stored

    def add_items(self, batch: Batch, items: Sequence[BatchItem]) -> None:
        with self._db.lock:
            for item in items:
                place = (batch.organization_id, batch.id, item.position)
                self._db.batch_items.setdefault(place, replace(item, version=1))

    def items_at(self, batch: Batch, positions: Sequence[int]) -> Sequence[BatchItem]:
        if len(positions) > 100:
            raise ValueError(f"{len(positions)} keys are more than one batch read takes")
        with self._db.lock:
            places = [(batch.organization_id, batch.id, position) for position in sorted(positions)]
            return [self._db.batch_items[place] for place in places if place in self._db.batch_items]

    def items(self, batch: Batch, first: int, after: str | None) -> Page[BatchItem]:
        with self._db.lock:
            rows = [item for place, item in self._db.batch_items.items() if place[:2] == _id(batch)]
        return page_of(rows, lambda item: (item.position, ""), ("items", *_id(batch)), first, after)

    def every_item(
        self, organization_id: OrganizationId, after: str | None = None
    ) -> Iterator[tuple[str, StoredItem]]:
        with self._db.lock:
            rows = [
                StoredItem(place[1], item, self._db.batches[place[:2]].items_expire_at)
                for place, item in self._db.batch_items.items()
                if place[0] == organization_id
            ]
        name = ("every item", organization_id)
        yield from rows_behind(rows, lambda row: (0, f"{row.batch_id}#{row.item.position:06d}"), name, after)

    def rewrite(self, organization_id: OrganizationId, batch_id: BatchId, item: BatchItem) -> None:
        place = (organization_id, batch_id, item.position)
        with self._db.lock:
            require_unchanged(self._db.batch_items, place, item, _WHAT)
            self._db.batch_items[place] = replace(item, version=item.version + 1)

    def decide(self, batch: Batch, item: BatchItem, customer: Customer | None = None, act: Act | None = None) -> None:
        place = (*_id(batch), item.position)
        with self._db.lock:
            header = self._db.batches.get(_id(batch))
            if header is None or header.round != batch.round:
                raise StaleWrite(_WHAT)
            require_unchanged(self._db.batch_items, place, item, _WHAT)
            if customer is not None:
                of = (customer.organization_id, customer.id)
                require_unchanged(self._db.customers, of, customer, "The customer")
                self._db.customers[of] = replace(customer, version=customer.version + 1)
            if act is not None:
                self._db.keep_acts(act)
            self._db.batch_items[place] = replace(item, version=item.version + 1)
            counts = {**header.counts, item.status: header.counts.get(item.status, 0) + 1}
            self._db.batches[_id(batch)] = replace(header, counts=counts, version=header.version + 1)

    def page(self, organization_id: OrganizationId, kind: BatchKind, first: int, after: str | None) -> Page[Batch]:
        with self._db.lock:
            rows = [b for b in self._db.batches.values() if (b.organization_id, b.kind) == (organization_id, kind)]
        name = ("batches", organization_id, kind)
        return page_of(rows, lambda batch: (batch.created_at, batch.id), name, first, after, descending=True)

    def part(self, organization_id: OrganizationId, batch_id: BatchId, lane: int) -> Part | None:
        with self._db.lock:
            return self._db.parts.get((organization_id, batch_id, lane))

    def parts(self, organization_id: OrganizationId, lanes: Sequence[tuple[BatchId, int]]) -> Sequence[Part]:
        if len(lanes) > 100:
            raise ValueError(f"{len(lanes)} keys are more than one batch read takes")
        with self._db.lock:
            stored_parts = (self._db.parts.get((organization_id, batch_id, lane)) for batch_id, lane in lanes)
            return [part for part in stored_parts if part is not None]

    def save_part(self, part: Part) -> Part:
        with self._db.lock:
            require_unchanged(self._db.parts, _key(part), part, _WHAT)
            self._db.parts[_key(part)] = stored = replace(part, version=part.version + 1)
            return stored

    def due_parts(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, BatchId, int]]:
        with self._db.lock:
            due = [(p.resume_at, _key(p)) for p in self._db.parts.values() if p.resume_at is not None]
        return [key for at, key in sorted(due) if at <= now][:limit]

    def pace(self, organization_id: OrganizationId, lane: int) -> Pace | None:
        with self._db.lock:
            return self._db.paces.get((organization_id, lane))

    def save_pace(self, organization_id: OrganizationId, lane: int, pace: Pace) -> None:
        with self._db.lock:
            self._db.paces[organization_id, lane] = pace


def _id(batch: Batch) -> tuple[OrganizationId, BatchId]:
    return batch.organization_id, batch.id


def _key(part: Part) -> tuple[OrganizationId, BatchId, int]:
    return part.organization_id, part.batch_id, part.lane
