"""Lists of invoices: which index serves which filter, and where the next page begins.

The indexes hold keys, so a page is a query of keys and a batch read of the items. An index lags behind its table.
So each item that was read is checked against the filter again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib.adapters.tables.database import MAX_ITEMS_AT_ONCE, answering, read_many
from chalicelib.adapters.tables.invoice_items import QUARTER, quarter_of, stored_invoice
from chalicelib.adapters.tables.keys import DATED_FORM, HIGHEST, LOWEST, cursor, key, moment, position_of
from chalicelib.adapters.tables.models import InvoiceItem
from chalicelib.domain import attention
from chalicelib.domain.attention import AttentionKind
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import OPEN_STATUSES
from chalicelib.ports.storage import InvoiceFilter, Page

_NUMBERED_FORM = r"[^#]+#[^#]+"
"""The form of a position in a list by number: a number and an id."""

_READ = ("organization_id", "invoice_id", "document", "packed")


@dataclass(frozen=True, slots=True)
class _Listing:
    """The part of an index to read: from `low` (inclusive) to `high` (exclusive).

    `filtered` is True if some invoices in this part of the index may not fit the filter.
    """

    index: GlobalSecondaryIndex[InvoiceItem]
    partition: str
    range_key: UnicodeAttribute
    low: str
    high: str
    filtered: bool
    newest_first: bool = True
    form: str = DATED_FORM

    @property
    def name(self) -> str:
        """Identifies the list, so that a cursor of another list is refused."""
        return key(self.index.Meta.index_name, self.partition)


def invoice_page(
    organization_id: OrganizationId, wanted: InvoiceFilter, first: int, after: str | None
) -> Page[Invoice]:
    """Returns one page.

    It takes one query and one batch read, or several of each if some invoices in the index do not fit the filter. A
    page of 100 takes a second batch read for the 101st invoice, which shows that there is a next page.
    """
    listing = _listing(organization_id, wanted)
    position = position_of(listing.name, after, listing.form) if after is not None else None
    places = _places(listing, first + 1, position)
    rows = list(islice(_fitting(organization_id, places, wanted, first + 1), first + 1))
    shown = rows[:first]
    return Page(
        items=tuple(invoice for _, invoice in shown),
        end_cursor=cursor(listing.name, shown[-1][0]) if shown else None,
        has_next=len(rows) > first,
    )


def _listing(organization_id: OrganizationId, wanted: InvoiceFilter) -> _Listing:
    """Returns the part of an index with the fewest invoices that do not fit."""
    if wanted.number is not None:
        return _by_number(organization_id, wanted.number)
    if wanted.attention is not None:
        return _by_attention(organization_id, wanted.attention)
    if wanted.due_before is not None:
        return _by_due_date(organization_id, wanted, wanted.due_before)
    if wanted.updated_from is not None or wanted.updated_before is not None:
        return _by_updated(organization_id, wanted)
    return _by_created(organization_id, wanted)


def _by_created(organization_id: OrganizationId, wanted: InvoiceFilter) -> _Listing:
    """Lists by the time of creation.

    If both a customer and a status are given, this reads the customer's invoices and filters by status, because a
    customer has few invoices.
    """
    index: GlobalSecondaryIndex[InvoiceItem] = InvoiceItem.by_created
    partition: str = organization_id
    if wanted.customer_id is not None:
        index, partition = InvoiceItem.by_customer, key(organization_id, wanted.customer_id)
    elif wanted.status is not None:
        index, partition = InvoiceItem.by_status, key(organization_id, wanted.status.value)
    return _Listing(
        index=index,
        partition=partition,
        range_key=InvoiceItem.created_key,
        low=LOWEST if wanted.created_from is None else moment(wanted.created_from),
        high=HIGHEST if wanted.created_before is None else moment(wanted.created_before),
        filtered=wanted.customer_id is not None and wanted.status is not None,
    )


def _by_due_date(organization_id: OrganizationId, wanted: InvoiceFilter, due_before: int) -> _Listing:
    """Lists by due date. The index holds only unpaid invoices, so few items have to be filtered."""
    return _Listing(
        index=InvoiceItem.by_due_date,
        partition=organization_id,
        range_key=InvoiceItem.due_key,
        low=LOWEST if wanted.due_from is None else moment(wanted.due_from),
        high=moment(due_before),
        filtered=True,
        newest_first=False,
    )


def _by_updated(organization_id: OrganizationId, wanted: InvoiceFilter) -> _Listing:
    """Lists by the time of the latest change.

    The index is ordered by quarters of an hour, so invoices of the first and the last quarter are filtered by their
    exact time.
    """
    since, before = wanted.updated_from, wanted.updated_before
    return _Listing(
        index=InvoiceItem.by_updated,
        partition=organization_id,
        range_key=InvoiceItem.updated_key,
        low=LOWEST if since is None else moment(quarter_of(since)),
        high=HIGHEST if before is None else moment(quarter_of(before - 1) + QUARTER),
        filtered=True,
    )


def _by_attention(organization_id: OrganizationId, kind: AttentionKind) -> _Listing:
    """Lists by the time at which this thing began. The index holds only invoices that need a person."""
    return _Listing(
        index=InvoiceItem.attention,
        partition=key(organization_id, kind.value),
        range_key=InvoiceItem.attention_key,
        low=LOWEST,
        high=HIGHEST,
        filtered=True,
    )


def _by_number(organization_id: OrganizationId, number: str) -> _Listing:
    """Two invoices of an organization have the same number only if it has changed its Stripe account."""
    return _Listing(
        index=InvoiceItem.by_number,
        partition=organization_id,
        range_key=InvoiceItem.number_key,
        low=f"{key(number)}#",
        high=f"{key(number)}$",  # the letter after #
        filtered=False,
        form=_NUMBERED_FORM,
    )


def _places(listing: _Listing, count: int, position: str | None) -> Iterator[tuple[str, str]]:
    """Yields each range key after `position`, with the invoice's id.

    `position` is a bound of the key condition and not an ExclusiveStartKey, so a forged cursor cannot lead outside
    the caller's own partition.
    """
    low, high = listing.low, listing.high
    if position is not None:
        low, high = (low, min(high, position)) if listing.newest_first else (max(low, position), high)
    if low >= high:
        return
    fetched = count + 1  # BETWEEN includes the position itself, or nothing at all
    rows = listing.index.query(
        listing.partition,
        listing.range_key.between(low, high),
        scan_index_forward=not listing.newest_first,
        page_size=max(fetched, MAX_ITEMS_AT_ONCE) if listing.filtered else fetched,
    )
    with answering():
        for item in rows:
            place: str = getattr(item, listing.range_key.attr_name)
            if place != position:
                yield place, item.invoice_id


def _fitting(
    organization_id: OrganizationId, places: Iterator[tuple[str, str]], wanted: InvoiceFilter, count: int
) -> Iterator[tuple[str, Invoice]]:
    """Yields the invoices at these places that fit the filter.

    The first batch read takes `count` items, later ones the maximum.
    """
    at_once = min(count, MAX_ITEMS_AT_ONCE)
    while read := list(islice(places, at_once)):
        keys = [{"organization_id": organization_id, "invoice_id": invoice_id} for _, invoice_id in read]
        items = read_many(InvoiceItem, keys, _READ)
        invoices = {item["invoice_id"]["S"]: item for item in items}
        for place, invoice_id in read:
            invoice = stored_invoice(invoices[invoice_id]) if invoice_id in invoices else None
            if invoice is not None and _fits(invoice, wanted):
                yield place, invoice
        at_once = MAX_ITEMS_AT_ONCE


def _fits(invoice: Invoice, wanted: InvoiceFilter) -> bool:
    number = invoice.facts.invoice.number if invoice.facts.invoice else None
    return (
        wanted.number in (None, number)
        and wanted.status in (None, invoice.status)
        and wanted.customer_id in (None, invoice.order.customer_id)
        and _between(wanted.created_from, invoice.created_at, wanted.created_before)
        and _between(wanted.updated_from, invoice.updated_at, wanted.updated_before)
        and (wanted.due_before is None or _is_due(invoice, wanted))
        and (wanted.attention is None or _needs_a_person(invoice, wanted.attention))
    )


def _needs_a_person(invoice: Invoice, kind: AttentionKind) -> bool:
    trouble = attention.most_urgent(invoice)
    return trouble is not None and trouble.kind is kind


def _is_due(invoice: Invoice, wanted: InvoiceFilter) -> bool:
    if invoice.due_at is None or invoice.status not in OPEN_STATUSES:
        return False
    return wanted.overdue in (False, invoice.overdue) and _between(wanted.due_from, invoice.due_at, wanted.due_before)


def _between(first: int | None, at: int, before: int | None) -> bool:
    return (first is None or at >= first) and (before is None or at < before)
