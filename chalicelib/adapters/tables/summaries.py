"""Tallies of an organization's invoices. The transaction that changes an invoice adds to them.

    place                        attributes
    total#usd#3                  status:paid:n, status:paid:amount, status:pending:balance, refunded::n …
    collected#2026-11#usd#3      23:n, 23:amount, for the invoices paid on the 23rd

The last part is a shard, which depends on the invoice. So two writes seldom conflict on one item. A total is the sum
over all shards.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping

from chalicelib.adapters.tables.database import Item, Transaction
from chalicelib.adapters.tables.keys import key
from chalicelib.adapters.tables.models import SummaryItem
from chalicelib.adapters.tables.queries import read_between
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.summary import Period
from chalicelib.domain.tallies import PAID, Bucket, Tally, added_up

SHARDS = 8

_TOTAL = "total"
_COLLECTED = "collected"
_MEASURES = ("n", "amount", "balance")
_NEXT = "~"
"""Sorts after every character that may follow in a key."""


class TableSummaries:
    """Implements `SummaryStore`."""

    def tallies(self, organization_id: OrganizationId, paid: Period | None) -> Mapping[Bucket, Tally]:
        totals = read_between(SummaryItem, organization_id, _TOTAL, _TOTAL + _NEXT)
        totals_by_status = (each for item in totals for each in _tallies(item))
        return added_up(totals_by_status, _collected(organization_id, paid) if paid is not None else ())


def _collected(organization_id: OrganizationId, paid: Period) -> Iterator[tuple[Bucket, Tally]]:
    """Yields the tallies of the invoices that were paid on these days. The items are by month."""
    low, high = key(_COLLECTED, _month(paid.first)), key(_COLLECTED, _month(paid.last)) + _NEXT
    first, last = paid.first.isoformat(), paid.last.isoformat()
    for item in read_between(SummaryItem, organization_id, low, high):
        yield from ((bucket, tally) for bucket, tally in _tallies(item) if first <= bucket.of <= last)


def add_tallies(
    transaction: Transaction,
    organization_id: OrganizationId,
    invoice_id: InvoiceId,
    difference: Mapping[Bucket, Tally],
) -> None:
    """Adds the difference that a write of this invoice makes to the tallies, with one update for each place."""
    shard = str(zlib.crc32(invoice_id.encode()) % SHARDS)
    places: dict[str, dict[str, int]] = defaultdict(dict)
    for bucket, tally in difference.items():
        if bucket.kind == PAID:
            month, name = bucket.of[:7], bucket.of[8:]
            place = key(_COLLECTED, month, bucket.currency, shard)
        else:
            place, name = key(_TOTAL, bucket.currency, shard), f"{bucket.kind}:{bucket.of}"
        for measure, amount in zip(_MEASURES, tally, strict=True):
            if amount:
                places[place][f"{name}:{measure}"] = amount
    for place, amounts in places.items():
        transaction.add(place, SummaryItem, {"organization_id": organization_id, "place": place}, amounts)


def _tallies(item: Item) -> Iterator[tuple[Bucket, Tally]]:
    place_kind, *place_parts = item["place"]["S"].split("#")
    currency = place_parts[-2]
    for attribute, value in item.items():
        name, _, measure = attribute.rpartition(":")
        if measure not in _MEASURES or "N" not in value:
            continue
        kind, of = (PAID, f"{place_parts[0]}-{name}") if place_kind == _COLLECTED else name.split(":", 1)
        amounts = dict.fromkeys(_MEASURES, 0) | {measure: int(value["N"])}
        yield Bucket(currency, kind, of), Tally(*amounts.values())


def _month(day: dt.date) -> str:
    return day.isoformat()[:7]
