"""Lists of invoices: which index answers which filter, and how a page goes on where the last one ended."""

from __future__ import annotations

from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib.adapters.tables.codec import decoded
from chalicelib.adapters.tables.database import answering
from chalicelib.adapters.tables.keys import DATED_FORM, cursor, key, moment, position_of
from chalicelib.adapters.tables.models import InvoiceItem
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports.storage import InvoiceFilter, Page

_FILTERED_PAGE = 100
"""Items to look at in one query when not all of them will be wanted."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """The part of an index to read: from `low` (inclusive) to `high` (exclusive), less what `rest` filters out."""

    index: GlobalSecondaryIndex[InvoiceItem]
    partition: str
    range_key: UnicodeAttribute
    low: str
    high: str
    rest: Condition | None
    newest_first: bool

    @property
    def name(self) -> str:
        """Tells this list from every other, so that a cursor of one is not taken for another's."""
        return key(self.index.Meta.index_name, self.partition)


_LOWEST, _HIGHEST = "0", "~"


def invoice_page(
    organization_id: OrganizationId, wanted: InvoiceFilter, first: int, after: str | None
) -> Page[Invoice]:
    """One page, by one query unless a filter is left that the index does not know."""
    listing = (
        _by_due_date(organization_id, wanted, wanted.due_before)
        if wanted.due_before is not None
        else _by_time(organization_id, wanted)
    )
    position = position_of(listing.name, after, DATED_FORM) if after is not None else None
    items = _read(listing, first + 1, position)
    shown, has_next = items[:first], len(items) > first
    return Page(
        items=tuple(decoded(Invoice, item.document, item.packed) for item in shown),
        end_cursor=cursor(listing.name, _position(listing, shown[-1])) if shown else None,
        has_next=has_next,
    )


def _by_time(organization_id: OrganizationId, wanted: InvoiceFilter) -> _Listing:
    """A customer has few invoices, so with both given the status is the one to filter by."""
    rest = None
    index: GlobalSecondaryIndex[InvoiceItem] = InvoiceItem.by_created
    partition: str = organization_id
    if wanted.customer_id is not None:
        index, partition = InvoiceItem.by_customer, key(organization_id, wanted.customer_id)
        rest = InvoiceItem.status == wanted.status.value if wanted.status else None
    elif wanted.status is not None:
        index, partition = InvoiceItem.by_status, key(organization_id, wanted.status.value)
    return _Listing(
        index=index,
        partition=partition,
        range_key=InvoiceItem.created_key,
        low=_LOWEST if wanted.created_from is None else moment(wanted.created_from),
        high=_HIGHEST if wanted.created_before is None else moment(wanted.created_before),
        rest=rest,
        newest_first=True,
    )


def _by_due_date(organization_id: OrganizationId, wanted: InvoiceFilter, due_before: int) -> _Listing:
    """The index holds only what is still to be paid, so the other filters go over few items."""
    rest: Condition | None = InvoiceItem.overdue_since.exists() if wanted.overdue else None
    if wanted.customer_id is not None:
        rest &= InvoiceItem.customer_id == wanted.customer_id
    if wanted.status is not None:
        rest &= InvoiceItem.status == wanted.status.value
    if wanted.created_from is not None:
        rest &= InvoiceItem.created_key >= moment(wanted.created_from)
    if wanted.created_before is not None:
        rest &= InvoiceItem.created_key < moment(wanted.created_before)
    return _Listing(
        index=InvoiceItem.by_due_date,
        partition=organization_id,
        range_key=InvoiceItem.due_key,
        low=_LOWEST if wanted.due_from is None else moment(wanted.due_from),
        high=moment(due_before),
        rest=rest,
        newest_first=False,
    )


def _read(listing: _Listing, count: int, position: str | None) -> list[InvoiceItem]:
    """Up to `count` items beyond `position`.

    A position is a bound of the key condition rather than an ExclusiveStartKey, so that no cursor, whatever it
    says, can name a place outside of the caller's own partition.
    """
    low, high = listing.low, listing.high
    if position is not None:
        low, high = (low, min(high, position)) if listing.newest_first else (max(low, position), high)
    if low >= high:
        return []
    fetched = count + 1  # BETWEEN includes the position itself, or nothing at all
    found = listing.index.query(
        listing.partition,
        listing.range_key.between(low, high),
        listing.rest,
        scan_index_forward=not listing.newest_first,
        limit=fetched,
        page_size=fetched if listing.rest is None else max(fetched, _FILTERED_PAGE),
        attributes_to_get=["document", "packed", listing.range_key.attr_name],
    )
    with answering():
        return [item for item in found if _position(listing, item) != position][:count]


def _position(listing: _Listing, item: InvoiceItem) -> str:
    position: str = getattr(item, listing.range_key.attr_name)
    return position
