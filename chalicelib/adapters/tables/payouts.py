"""An organization's payouts. A payout and its lines share one partition.

place                        holds
payout                       the payout itself, and the only item in the index `by_arrival`
line#<created>#<id>          one line, ordered by the time of its balance transaction
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chalicelib.adapters.tables.codec import decode, decode_item, encode
from chalicelib.adapters.tables.database import read_item, read_items, translating_errors, write_items
from chalicelib.adapters.tables.keys import DATED_FORM, HIGHEST, LOWEST, key, moment, position_of
from chalicelib.adapters.tables.models import PayoutItem
from chalicelib.adapters.tables.pages import page_of
from chalicelib.adapters.tables.queries import read_between
from chalicelib.adapters.tables.versions import has_version, put
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.payout import Payout, PayoutFilter
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.ports.storage import Page

HEADER = "payout"
"""The place of a payout itself."""
_LINE = "line"
_FIRST_LINE, _LAST_LINE = key(_LINE, LOWEST), key(_LINE, HIGHEST)
_OBJECT_NAME = "The payout"


class TablePayouts:
    """Implements `PayoutStore`."""

    def get(self, organization_id: OrganizationId, payout_id: str) -> Payout | None:
        item = read_item(PayoutItem, key(organization_id, payout_id), HEADER)
        return decode_item(Payout, item) if item else None

    def find(self, organization_id: OrganizationId, payout_ids: Sequence[str]) -> Mapping[str, Payout]:
        keys = [{"payout_key": key(organization_id, each), "place": HEADER} for each in dict.fromkeys(payout_ids)]
        payouts = (decode_item(Payout, item) for item in read_items(PayoutItem, keys, ("document", "packed")))
        return {payout.id: payout for payout in payouts}

    def save(self, payout: Payout) -> Payout:
        stored = replace(payout, version=payout.version + 1)
        values = {
            "payout_key": key(stored.organization_id, stored.id),
            "place": HEADER,
            "organization_id": stored.organization_id,
            "arrival_key": key(moment(stored.fact.arrival_date), stored.id),
            "version": stored.version,
            **encode(stored),
        }
        put(PayoutItem, values, has_version(PayoutItem, payout.version), _OBJECT_NAME)
        return stored

    def page(
        self, organization_id: OrganizationId, payout_filter: PayoutFilter, first: int, after: str | None
    ) -> Page[Payout]:
        listing = key("payouts", organization_id)
        position = position_of(listing, after, DATED_FORM) if after is not None else HIGHEST
        low = LOWEST if payout_filter.since is None else moment(payout_filter.since)
        high = min(position, HIGHEST if payout_filter.before is None else moment(payout_filter.before))
        if low >= high:
            return Page((), None, False)
        with translating_errors():
            query = PayoutItem.by_arrival.query(
                organization_id,
                PayoutItem.arrival_key.between(low, high),
                scan_index_forward=False,
                limit=first + 2,  # one more row shows a next page, and BETWEEN includes the position itself
            )
            items = [item for item in query if item.arrival_key != high]
        rows = ((str(item.arrival_key), decode(Payout, item.document, item.packed)) for item in items)
        return page_of(rows, listing, first)

    def put_lines(self, organization_id: OrganizationId, payout_id: str, lines: Sequence[PayoutLine]) -> None:
        places = {_place(line): encode(line) for line in lines}
        partition = key(organization_id, payout_id)
        puts = [{"payout_key": partition, "place": place, **stored} for place, stored in places.items()]
        write_items(PayoutItem, puts=puts)

    def remove_lines(self, organization_id: OrganizationId, payout_id: str, lines: Sequence[PayoutLine]) -> None:
        partition = key(organization_id, payout_id)
        places = dict.fromkeys(map(_place, lines))
        write_items(PayoutItem, deletes=[{"payout_key": partition, "place": place} for place in places])

    def lines(
        self, organization_id: OrganizationId, payout_id: str, first: int, after: str | None
    ) -> Page[PayoutLine]:
        partition = key(organization_id, payout_id)
        listing = key("lines", partition)
        position = position_of(listing, after, f"{key(_LINE, '')}{DATED_FORM}") if after is not None else _LAST_LINE
        with translating_errors():
            query = PayoutItem.query(
                partition,
                PayoutItem.place.between(_FIRST_LINE, position),
                consistent_read=True,
                scan_index_forward=False,
                limit=first + 2,
            )
            items = [item for item in query if item.place != position]
        rows = ((item.place, decode(PayoutLine, item.document, item.packed)) for item in items)
        return page_of(rows, listing, first)

    def all_lines(self, organization_id: OrganizationId, payout_id: str) -> Iterator[PayoutLine]:
        for item in read_between(PayoutItem, key(organization_id, payout_id), _FIRST_LINE, _LAST_LINE):
            yield decode_item(PayoutLine, item)


def _place(line: PayoutLine) -> str:
    return key(_LINE, moment(line.transaction.created), line.transaction.id)
