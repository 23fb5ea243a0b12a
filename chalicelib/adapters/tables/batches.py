"""Batches, their items, the progress of each lane, and the pace of each lane.

    place                    holds
    batch#<id>               the header; its counts and its round are attributes, so that they can be added to
    item#<id>#<position>     an item
    part#<id>#<lane>         the progress of a lane with the batch
    lane#<lane>              the latest pace of the lane, in any batch

A lane is one of the workers that share a batch. An organization has one Stripe account at a time, so its lanes are
the account's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from chalicelib.adapters.tables.acts import put_acts
from chalicelib.adapters.tables.codec import decode, decode_item, encode
from chalicelib.adapters.tables.customers import customer_values
from chalicelib.adapters.tables.database import (
    MAX_ITEMS_AT_ONCE,
    Cancelled,
    Item,
    Transaction,
    read_item,
    read_items,
    translating_errors,
)
from chalicelib.adapters.tables.keys import DATED_FORM, cursor, key, moment, parts_of_key, position_of
from chalicelib.adapters.tables.markers import expiry
from chalicelib.adapters.tables.models import BatchItem as Row
from chalicelib.adapters.tables.models import CustomerItem
from chalicelib.adapters.tables.pages import page_of
from chalicelib.adapters.tables.queries import read_between
from chalicelib.adapters.tables.versions import commit, has_version, put
from chalicelib.adapters.tables.writes import Values
from chalicelib.domain.acts import Act
from chalicelib.domain.batch import OUTCOMES, Batch, BatchItem, BatchKind, Part, StoredItem
from chalicelib.domain.customer import Customer
from chalicelib.domain.identifiers import BatchId, OrganizationId
from chalicelib.domain.pacing import Pace
from chalicelib.domain.retention import PACES
from chalicelib.ports.storage import Page

WORK = "part"
"""The one partition of `due_work`."""

_OBJECT_NAME = "The batch"
_DIGITS = 6
_NEXT = "~"
"""Sorts after every character that may follow in a key."""


class TableBatches:
    """Implements `BatchStore`."""

    def get(self, organization_id: OrganizationId, batch_id: BatchId) -> Batch | None:
        item = read_item(Row, organization_id, key("batch", batch_id))
        return _batch(item) if item else None

    def save(self, batch: Batch, parts: Sequence[Part] = ()) -> Batch:
        stored = replace(batch, version=batch.version + 1)
        transaction = Transaction()
        transaction.put(_OBJECT_NAME, Row, _header(stored), has_version(Row, batch.version))
        for part in parts:
            transaction.put(f"part {part.lane}", Row, _part(part), has_version(Row, part.version))
        commit(transaction, _OBJECT_NAME)
        return stored

    def add_items(self, batch: Batch, items: Sequence[BatchItem]) -> None:
        for start in range(0, len(items), MAX_ITEMS_AT_ONCE):
            missing = {str(item.position): item for item in items[start : start + MAX_ITEMS_AT_ONCE]}
            while missing:
                transaction = Transaction()
                for name, item in missing.items():
                    transaction.put(name, Row, _row(batch, item), has_version(Row, 0))
                try:
                    transaction.commit()
                except Cancelled as exc:
                    missing = {name: item for name, item in missing.items() if name not in exc.failed_on}
                else:
                    break

    def items_at(self, batch: Batch, positions: Sequence[int]) -> Sequence[BatchItem]:
        keys = [{"organization_id": batch.organization_id, "place": _place(batch.id, each)} for each in positions]
        items = [decode_item(BatchItem, item) for item in read_items(Row, keys, ("document", "packed"))]
        return sorted(items, key=lambda item: item.position)

    def items(self, batch: Batch, first: int, after: str | None) -> Page[BatchItem]:
        name = key("items", batch.organization_id, batch.id)
        first_place = key("item", batch.id, "")
        form = rf"{re.escape(first_place)}[0-9]{{{_DIGITS}}}"
        low = first_place if after is None else position_of(name, after, form) + _NEXT
        in_batch = Row.place.between(low, key("item", batch.id, _NEXT))
        with translating_errors():
            stored_items = list(Row.query(batch.organization_id, in_batch, consistent_read=True, limit=first + 1))
        rows = ((item.place, decode(BatchItem, item.document, item.packed)) for item in stored_items)
        return page_of(rows, name, first)

    def every_item(
        self, organization_id: OrganizationId, after: str | None = None
    ) -> Iterator[tuple[str, StoredItem]]:
        listing, first_place = key("every item", organization_id), key("item", "")
        form = rf"{first_place}[^#]+#[0-9]{{{_DIGITS}}}"
        low = first_place if after is None else position_of(listing, after, form) + _NEXT
        for item in read_between(Row, organization_id, low, key("item", _NEXT)):
            place = item["place"]["S"]
            expires_at = int(item["expires_at"]["N"]) if "expires_at" in item else None
            batch_id = BatchId(parts_of_key(place)[1])
            yield cursor(listing, place), StoredItem(batch_id, decode_item(BatchItem, item), expires_at)

    def rewrite(self, organization_id: OrganizationId, batch_id: BatchId, item: BatchItem) -> None:
        rewritten = replace(item, version=item.version + 1)
        document = encode(rewritten)
        values = {
            "version": rewritten.version,
            "document": document.get("document"),
            "packed": document.get("packed"),
        }
        transaction = Transaction()
        place = {"organization_id": organization_id, "place": _place(batch_id, item.position)}
        transaction.set("item", Row, place, values, has_version(Row, item.version))
        commit(transaction, _OBJECT_NAME)

    def decide(self, batch: Batch, item: BatchItem, customer: Customer | None = None, act: Act | None = None) -> None:
        transaction = Transaction()
        decided_item = replace(item, version=item.version + 1)
        transaction.put("item", Row, _row(batch, decided_item), has_version(Row, item.version))
        if customer is not None:
            stored_customer = replace(customer, version=customer.version + 1)
            customer_unchanged = has_version(CustomerItem, customer.version)
            transaction.put("customer", CustomerItem, customer_values(stored_customer), customer_unchanged)
        header = {"organization_id": batch.organization_id, "place": key("batch", batch.id)}
        transaction.add("batch", Row, header, {item.status.value: 1, "version": 1}, Row.round == batch.round)
        put_acts(transaction, [act] if act is not None else [])
        commit(transaction, _OBJECT_NAME)

    def page(self, organization_id: OrganizationId, kind: BatchKind, first: int, after: str | None) -> Page[Batch]:
        name = key("batches", organization_id, kind)
        high = key(kind, _NEXT) if after is None else position_of(name, after, f"{key(kind, '')}{DATED_FORM}")
        # BETWEEN includes the position itself.
        query = Row.by_created.query(
            organization_id,
            Row.created_key.between(key(kind, ""), high),
            scan_index_forward=False,
            limit=first + 2,
        )
        with translating_errors():
            items = [item for item in query if item.created_key != high]
        rows = ((item.created_key, _batch(item.serialize())) for item in items)
        return page_of(rows, name, first)

    def part(self, organization_id: OrganizationId, batch_id: BatchId, lane: int) -> Part | None:
        item = read_item(Row, organization_id, key("part", batch_id, str(lane)))
        return decode_item(Part, item) if item else None

    def parts(self, organization_id: OrganizationId, lanes: Sequence[tuple[BatchId, int]]) -> Sequence[Part]:
        places = (key("part", batch_id, str(lane)) for batch_id, lane in lanes)
        keys = [{"organization_id": organization_id, "place": place} for place in places]
        return [decode_item(Part, item) for item in read_items(Row, keys)]

    def save_part(self, part: Part) -> Part:
        put(Row, _part(part), has_version(Row, part.version), _OBJECT_NAME)
        return replace(part, version=part.version + 1)

    def due_parts(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, BatchId, int]]:
        with translating_errors():
            due = list(Row.due_work.query(WORK, Row.resume_at <= now, limit=limit))
        return list(_part_keys(due))

    def pace(self, organization_id: OrganizationId, lane: int) -> Pace | None:
        item = read_item(Row, organization_id, key("lane", str(lane)))
        return decode_item(Pace, item) if item else None

    def save_pace(self, organization_id: OrganizationId, lane: int, pace: Pace) -> None:
        expires_at = expiry(pace.not_before // 1000 + PACES.seconds)
        with translating_errors():
            Row(organization_id, key("lane", str(lane)), version=1, expires_at=expires_at, **encode(pace)).save()


def _place(batch_id: BatchId, position: int) -> str:
    return key("item", batch_id, f"{position:0{_DIGITS}d}")


def _batch(item: Item) -> Batch:
    counts = {status: int(item[status.value]["N"]) for status in OUTCOMES if status.value in item}
    return replace(
        decode_item(Batch, item),
        counts={status: count for status, count in counts.items() if count},
        version=int(item["version"]["N"]),
    )


def _header(batch: Batch) -> Values:
    return {
        "organization_id": batch.organization_id,
        "place": key("batch", batch.id),
        "version": batch.version,
        "round": batch.round,
        "created_key": key(batch.kind, moment(batch.created_at), batch.id),
        "expires_at": batch.created_at + batch.kind.kept.seconds,
        **{status.value: batch.counts.get(status, 0) for status in OUTCOMES},
        **encode(replace(batch, counts={})),
    }


def _row(batch: Batch, item: BatchItem) -> Values:
    stored = item if item.version else replace(item, version=1)
    return {
        "organization_id": batch.organization_id,
        "place": _place(batch.id, item.position),
        "version": stored.version,
        "expires_at": batch.items_expire_at,
        **encode(stored),
    }


def _part(part: Part) -> Values:
    stored = replace(part, version=part.version + 1)
    return {
        "organization_id": part.organization_id,
        "place": key("part", part.batch_id, str(part.lane)),
        "version": stored.version,
        "work": WORK if part.resume_at is not None else None,
        "resume_at": part.resume_at,
        "expires_at": part.expires_at,
        **encode(stored),
    }


def _part_keys(due: Sequence[Row]) -> Iterator[tuple[OrganizationId, BatchId, int]]:
    for item in due:
        _, batch_id, lane = item.place.split("#")
        yield OrganizationId(item.organization_id), BatchId(batch_id), int(lane)
