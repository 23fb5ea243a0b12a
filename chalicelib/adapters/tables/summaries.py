"""Tallies of an organization's invoices, as numbers that are added to in the transaction that changes an invoice.

    place                        attributes
    total#usd#3                  status:paid:n, status:paid:amount, status:pending:balance, refunded::n …
    due#2026-11#usd#3            23:n, 23:amount, for the invoices due on the 23rd
    collected#2026-11#usd#3      the same, for the invoices paid on that day

The last part is a shard, chosen by the invoice: two writes seldom meet at one item, and the sum over all shards is
what counts. The places are named so that what is due from some month on and the totals lie side by side.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping

from chalicelib.adapters.tables.database import Item, Transaction, read_between
from chalicelib.adapters.tables.keys import key
from chalicelib.adapters.tables.models import SummaryItem
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.summary import Period
from chalicelib.domain.tallies import DUE, PAID, Bucket, Tally, added_up

SHARDS = 8

_TOTAL = "total"
_BY_DAY = {DUE: "due", PAID: "collected"}
_KINDS = {place: kind for kind, place in _BY_DAY.items()}
_MEASURES = ("n", "amount", "balance")
_NEXT = "~"
"""Sorts behind whatever may follow in a key."""


class TableSummaries:
    """Fulfils `SummaryStore`."""

    def tallies(self, organization_id: OrganizationId, due_from: dt.date, paid: Period) -> Mapping[Bucket, Tally]:
        due = read_between(SummaryItem, organization_id, key(_BY_DAY[DUE], _month(due_from)), _TOTAL + _NEXT)
        collected = read_between(
            SummaryItem,
            organization_id,
            key(_BY_DAY[PAID], _month(paid.first)),
            key(_BY_DAY[PAID], _month(paid.last)) + _NEXT,
        )
        earliest = {DUE: due_from.isoformat(), PAID: paid.first.isoformat()}
        latest = {PAID: paid.last.isoformat()}
        wanted = (
            (bucket, tally)
            for items in (due, collected)
            for item in items
            for bucket, tally in _tallies(item)
            if earliest.get(bucket.kind, "") <= bucket.of <= latest.get(bucket.kind, _NEXT)
        )
        return added_up(wanted)


def add_tallies(
    transaction: Transaction,
    organization_id: OrganizationId,
    invoice_id: InvoiceId,
    difference: Mapping[Bucket, Tally],
) -> None:
    """Add to the tallies what a write to this invoice changes of them: an item for each place."""
    shard = str(zlib.crc32(invoice_id.encode()) % SHARDS)
    places: dict[str, dict[str, int]] = defaultdict(dict)
    for bucket, tally in difference.items():
        place, name = _position(bucket, shard)
        for measure, amount in zip(_MEASURES, tally, strict=True):
            if amount:
                places[place][f"{name}:{measure}"] = amount
    for place, amounts in places.items():
        transaction.add(place, SummaryItem, (organization_id, place), amounts)


def _position(bucket: Bucket, shard: str) -> tuple[str, str]:
    if bucket.kind in _BY_DAY:
        month, day = bucket.of[:7], bucket.of[8:]
        return key(_BY_DAY[bucket.kind], month, bucket.currency, shard), day
    return key(_TOTAL, bucket.currency, shard), f"{bucket.kind}:{bucket.of}"


def _tallies(item: Item) -> Iterator[tuple[Bucket, Tally]]:
    sort, *rest = item["place"]["S"].split("#")
    currency = rest[-2]
    for attribute, value in item.items():
        name, _, measure = attribute.rpartition(":")
        if measure not in _MEASURES or "N" not in value:
            continue
        kind, of = (_KINDS[sort], f"{rest[0]}-{name}") if sort in _KINDS else name.split(":", 1)
        amounts = dict.fromkeys(_MEASURES, 0) | {measure: int(value["N"])}
        yield Bucket(currency, kind, of), Tally(*amounts.values())


def _month(day: dt.date) -> str:
    return day.isoformat()[:7]
