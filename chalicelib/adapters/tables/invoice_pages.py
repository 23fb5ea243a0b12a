"""Lists of invoices: which index serves which filter, and where the next page begins.

The indexes hold keys, so a page is a query of keys and a batch read of the items. An index lags behind its table, so
each invoice that was read is compared with the filter again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib.adapters.tables.database import read_items
from chalicelib.adapters.tables.invoice_items import LETTER_OF_GROUP, QUARTER, UNDATED, quarter_of, stored_invoice
from chalicelib.adapters.tables.keys import DATED_FORM, HIGHEST, LOWEST, key, moment, position_of
from chalicelib.adapters.tables.models import InvoiceItem
from chalicelib.adapters.tables.pages import page_of, places_between, read_at
from chalicelib.domain import attention
from chalicelib.domain.attention import AttentionKind
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import OPEN_STATUSES, STATUSES_OF, StatusGroup
from chalicelib.ports.storage import InvoiceFilter, Page

_NUMBERED_FORM = r"[^#]+#[^#]+"
"""The form of a position in a list by number: a number and an id."""

_READ = ("organization_id", "invoice_id", "document", "packed")
"""The attributes of an item that hold the invoice."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """The range of an index to read: from `low` (inclusive) to `high` (exclusive)."""

    index: GlobalSecondaryIndex[InvoiceItem]
    partition: str
    range_key: UnicodeAttribute
    low: str
    high: str
    newest_first: bool = True
    form: str = DATED_FORM

    @property
    def name(self) -> str:
        """Returns the list's identity, so that a cursor of another list is refused."""
        return key(self.index.Meta.index_name, self.partition, self.form)


def invoice_page(
    organization_id: OrganizationId, invoice_filter: InvoiceFilter, first: int, after: str | None
) -> Page[Invoice]:
    """Returns one page of the invoices that match the filter.

    It takes one query and one batch read, because each offered filter is a range of an index. It takes more only if
    the index lags and still has invoices that no longer match. A page of 100 takes a second batch read for the 101st
    invoice, which shows that there is a next page.
    """
    listing = _listing(organization_id, invoice_filter)
    position = position_of(listing.name, after, listing.form) if after is not None else None
    places = places_between(
        listing.index,
        listing.partition,
        listing.range_key,
        listing.low,
        listing.high,
        position=position,
        count=first + 1,
        newest_first=listing.newest_first,
    )
    ids = ((place, InvoiceId(item.invoice_id)) for place, item in places)
    rows = read_at(ids, first + 1, partial(several_invoices, organization_id))
    return page_of(_matching_invoices(rows, invoice_filter), listing.name, first)


def several_invoices(
    organization_id: OrganizationId, invoice_ids: Sequence[InvoiceId]
) -> Mapping[InvoiceId, Invoice]:
    """Returns the invoices with these ids that the organization has, by id. At most 100 ids, in one batch read."""
    keys = [{"organization_id": organization_id, "invoice_id": each} for each in dict.fromkeys(invoice_ids)]
    invoices = (stored_invoice(item) for item in read_items(InvoiceItem, keys, _READ))
    return {invoice.id: invoice for invoice in invoices}


def _listing(organization_id: OrganizationId, invoice_filter: InvoiceFilter) -> _Listing:
    """Returns the range of an index with the invoices of this filter."""
    if invoice_filter.number is not None:
        return _by_number(organization_id, invoice_filter.number)
    if invoice_filter.attention is not None:
        return _by_attention(organization_id, invoice_filter.attention)
    if invoice_filter.overdue:
        return _by_due_date(organization_id, invoice_filter, InvoiceItem.overdue, InvoiceItem.overdue_key)
    if invoice_filter.by_due_date:
        return _by_due_date(organization_id, invoice_filter, InvoiceItem.by_due_date, InvoiceItem.due_key)
    if invoice_filter.updated_from is not None or invoice_filter.updated_before is not None:
        return _by_updated(organization_id, invoice_filter)
    if invoice_filter.group is not None:
        return _by_group(organization_id, invoice_filter, invoice_filter.group)
    return _by_created(organization_id, invoice_filter)


def _by_created(organization_id: OrganizationId, invoice_filter: InvoiceFilter) -> _Listing:
    """Returns the range by time of creation: all invoices, or those of a customer or status, or the disputed ones."""
    index: GlobalSecondaryIndex[InvoiceItem] = InvoiceItem.by_created
    partition, range_key = str(organization_id), InvoiceItem.created_key
    if invoice_filter.customer_id is not None:
        index, partition = InvoiceItem.by_customer, key(organization_id, invoice_filter.customer_id)
    elif invoice_filter.status is not None:
        index, partition = InvoiceItem.by_status, key(organization_id, invoice_filter.status.value)
    elif invoice_filter.disputed:
        index, range_key = InvoiceItem.disputed, InvoiceItem.disputed_key
    low, high = _created_between(invoice_filter)
    return _Listing(index=index, partition=partition, range_key=range_key, low=low, high=high)


def _by_group(organization_id: OrganizationId, invoice_filter: InvoiceFilter, group: StatusGroup) -> _Listing:
    """Returns the range of a group of statuses by time of creation."""
    letter = LETTER_OF_GROUP[group]
    low, high = _created_between(invoice_filter)
    return _Listing(
        index=InvoiceItem.by_group,
        partition=organization_id,
        range_key=InvoiceItem.group_key,
        low=f"{letter}#{low}",
        high=f"{letter}#{high}",
        form=f"{letter}#{DATED_FORM}",
    )


def _created_between(invoice_filter: InvoiceFilter) -> tuple[str, str]:
    return (
        LOWEST if invoice_filter.created_from is None else moment(invoice_filter.created_from),
        HIGHEST if invoice_filter.created_before is None else moment(invoice_filter.created_before),
    )


def _by_due_date(
    organization_id: OrganizationId,
    invoice_filter: InvoiceFilter,
    index: GlobalSecondaryIndex[InvoiceItem],
    range_key: UnicodeAttribute,
) -> _Listing:
    """Returns the range by due date. Invoices without one come last, unless the filter has due dates."""
    since, before = invoice_filter.due_from, invoice_filter.due_before
    end = HIGHEST if since is None else UNDATED
    return _Listing(
        index=index,
        partition=organization_id,
        range_key=range_key,
        low=LOWEST if since is None else moment(since),
        high=end if before is None else moment(before),
        newest_first=False,
    )


def _by_updated(organization_id: OrganizationId, invoice_filter: InvoiceFilter) -> _Listing:
    """Returns the range by the quarter of an hour of the latest change. The filter's times become whole quarters."""
    since, before = _whole_quarters(invoice_filter)
    return _Listing(
        index=InvoiceItem.by_updated,
        partition=organization_id,
        range_key=InvoiceItem.updated_key,
        low=LOWEST if since is None else moment(since),
        high=HIGHEST if before is None else moment(before),
    )


def _whole_quarters(invoice_filter: InvoiceFilter) -> tuple[int | None, int | None]:
    """Returns the filter's times of the latest change, widened to whole quarters of an hour."""
    since, before = invoice_filter.updated_from, invoice_filter.updated_before
    return (
        None if since is None else quarter_of(since),
        None if before is None else quarter_of(before - 1) + QUARTER,
    )


def _by_attention(organization_id: OrganizationId, kind: AttentionKind) -> _Listing:
    """Returns the range by the time at which an invoice began to need a person for this reason."""
    return _Listing(
        index=InvoiceItem.attention,
        partition=key(organization_id, kind.value),
        range_key=InvoiceItem.attention_key,
        low=LOWEST,
        high=HIGHEST,
    )


def _by_number(organization_id: OrganizationId, number: str) -> _Listing:
    """Returns the range of one number. Invoices share a number only if the Stripe account was changed."""
    return _Listing(
        index=InvoiceItem.by_number,
        partition=organization_id,
        range_key=InvoiceItem.number_key,
        low=f"{key(number)}#",
        high=f"{key(number)}$",  # $ is the character after #
        form=_NUMBERED_FORM,
    )


def _matching_invoices(
    rows: Iterator[tuple[str, Invoice]], invoice_filter: InvoiceFilter
) -> Iterator[tuple[str, Invoice]]:
    """Yields the invoices that match the filter, with their places."""
    return ((place, invoice) for place, invoice in rows if _matches(invoice, invoice_filter))


def _matches(invoice: Invoice, invoice_filter: InvoiceFilter) -> bool:
    number = invoice.facts.invoice.number if invoice.facts.invoice else None
    updated_from, updated_before = _whole_quarters(invoice_filter)
    return (
        invoice_filter.number in (None, number)
        and invoice_filter.status in (None, invoice.status)
        and (invoice_filter.group is None or invoice.status in STATUSES_OF[invoice_filter.group])
        and invoice_filter.customer_id in (None, invoice.order.customer_id)
        and invoice_filter.overdue in (False, invoice.overdue)
        and invoice_filter.disputed in (False, invoice.disputed)
        and _between(invoice_filter.created_from, invoice.created_at, invoice_filter.created_before)
        and _between(updated_from, invoice.updated_at, updated_before)
        and (not invoice_filter.by_due_date or _is_due(invoice, invoice_filter))
        and (invoice_filter.attention is None or _needs_a_person(invoice, invoice_filter.attention))
    )


def _needs_a_person(invoice: Invoice, kind: AttentionKind) -> bool:
    trouble = attention.most_urgent(invoice)
    return trouble is not None and trouble.kind is kind


def _is_due(invoice: Invoice, invoice_filter: InvoiceFilter) -> bool:
    if invoice.status not in OPEN_STATUSES:
        return False
    if invoice.due_at is None:
        return invoice_filter.due_from is None and invoice_filter.due_before is None
    return _between(invoice_filter.due_from, invoice.due_at, invoice_filter.due_before)


def _between(first: int | None, at: int, before: int | None) -> bool:
    return (first is None or at >= first) and (before is None or at < before)
