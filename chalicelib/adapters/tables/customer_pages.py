"""Lists of customers: which index serves which filter, and where the next page begins.

    index            range key                               for
    by_sync_status   <status>#<id>                           statuses that are the same on every account
                     linked#<account>#<status>#<id>          statuses that only the account of the link has
    by_email         <address in small letters>#<id>
    by_name          <folded name> TAB <id>

The indexes hold keys, so a page is a query of keys and a batch read of the items. An index lags behind its table, so
each customer that was read is compared with the filter again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib.adapters.tables.codec import decode, decode_item
from chalicelib.adapters.tables.database import read_items, translating_errors
from chalicelib.adapters.tables.keys import TEXT_FORM, key, position_of
from chalicelib.adapters.tables.models import CustomerItem
from chalicelib.adapters.tables.pages import page_of, places_between, read_at
from chalicelib.domain.customer import STATUSES_OF_ONE_ACCOUNT, Customer, SyncStatus
from chalicelib.domain.customer_fields import comparable_address
from chalicelib.domain.customer_filter import CustomerFilter, comparable_name
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.ports.storage import Page

NAME_LETTERS = 100
"""The most characters of a folded name in its key: 400 bytes, and with the id far below DynamoDB's limit of 1,024."""

_LINKED = "linked"
_NO_ACCOUNT = ""
_END_OF_NAME = "\t"
"""Sorts before every character of a folded name, so that Ann comes before Ann Lee."""
_BEHIND_EVERY_NAME = "\U0010ffff"

_READ = ("customer_id", "document", "packed")
"""The attributes of an item that hold the customer."""

Bounds = tuple[str, str]
"""A range of an index between two range keys. Neither bound is the range key of a customer."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """The ranges of an index to read, in the order of its range keys."""

    index: GlobalSecondaryIndex[CustomerItem]
    organization_id: OrganizationId
    range_key: UnicodeAttribute
    parts: Sequence[Bounds]
    form: str

    @property
    def name(self) -> str:
        """Returns the list's identity, so that a cursor of another list is refused."""
        return key(self.index.Meta.index_name, self.organization_id, *(low for low, _ in self.parts))

    def places_after(self, position: str | None, count: int) -> Iterator[tuple[str, CustomerId]]:
        """Yields each range key after `position` with the customer's id. Each query reads `count`."""
        for low, high in self.parts:
            places = places_between(
                self.index, self.organization_id, self.range_key, low, high, position=position, count=count
            )
            yield from ((place, CustomerId(item.customer_id)) for place, item in places)


def customer_page(
    organization_id: OrganizationId, customer_filter: CustomerFilter, first: int, after: str | None
) -> Page[Customer]:
    """Returns a page of all customers in the order of their ids, or of the customers that match the filter.

    A page of all customers takes one query, and a second query if some of its customers are erased. Any other page
    takes one query and one batch read, and a second batch read if it has 100 customers. A page that crosses from one
    range to the next takes a second query.
    """
    listing = _listing(organization_id, customer_filter)
    if listing is None:
        return _page_of_all(organization_id, first, after)
    position = position_of(listing.name, after, listing.form) if after is not None else None
    rows = read_at(listing.places_after(position, first + 1), first + 1, partial(several_customers, organization_id))
    return page_of(_matching_customers(rows, customer_filter), listing.name, first)


def several_customers(
    organization_id: OrganizationId, customer_ids: Sequence[CustomerId]
) -> Mapping[CustomerId, Customer]:
    """Returns the customers with these ids that the organization has, by id. At most 100 ids, in one batch read."""
    keys = [{"organization_id": organization_id, "customer_id": each} for each in dict.fromkeys(customer_ids)]
    customers = (decode_item(Customer, item) for item in read_items(CustomerItem, keys, _READ))
    return {customer.id: customer for customer in customers}


def status_key(customer: Customer) -> str:
    """Returns the customer's range key in `by_sync_status`.

    A status that depends on the linked account begins with that account, because a customer that is `synced` on a
    former account is listed as `waiting_for_invoice`. Customers that wait on any account are among the linked ones,
    too.
    """
    status = customer.sync_status
    if status in STATUSES_OF_ONE_ACCOUNT:
        return key(_LINKED, customer.account_of_status or _NO_ACCOUNT, status, customer.id)
    if status is SyncStatus.WAITING_FOR_INVOICE:
        return key(_LINKED, _NO_ACCOUNT, status, customer.id)
    return key(status, customer.id)


def email_key(customer: Customer) -> str | None:
    """Returns the customer's range key in `by_email`, or None without an address."""
    email = customer.profile.email
    return key(comparable_address(email), customer.id) if email else None


def name_key(customer: Customer) -> str | None:
    """Returns the customer's range key in `by_name`, or None without a name."""
    name = comparable_name(customer.profile.display_name or "")
    return f"{name[:NAME_LETTERS]}{_END_OF_NAME}{customer.id}" if name else None


def _listing(organization_id: OrganizationId, customer_filter: CustomerFilter) -> _Listing | None:
    """Returns the ranges of an index that hold the customers of a filter, or None for the table itself."""
    if customer_filter.email is not None:
        return _by_email(organization_id, customer_filter.email)
    if customer_filter.name is not None:
        return _by_name(organization_id, customer_filter.name)
    if customer_filter.sync_status is not None:
        return _by_status(organization_id, customer_filter.sync_status, customer_filter.account_id)
    return None


def _by_email(organization_id: OrganizationId, email: str) -> _Listing:
    address = key(comparable_address(email))
    parts = [_under(address)]
    return _Listing(CustomerItem.by_email, organization_id, CustomerItem.email_key, parts, _id_under(address))


def _by_name(organization_id: OrganizationId, name: str) -> _Listing:
    beginning = comparable_name(name)[:NAME_LETTERS]
    parts = [(beginning, beginning + _BEHIND_EVERY_NAME)] if beginning else []
    form = rf"{re.escape(beginning)}[^{_END_OF_NAME}]*{_END_OF_NAME}[^{_END_OF_NAME}]+"
    return _Listing(CustomerItem.by_name, organization_id, CustomerItem.name_key, parts, form)


def _by_status(organization_id: OrganizationId, status: SyncStatus, account_id: StripeAccountId | None) -> _Listing:
    """Returns the ranges of `by_sync_status` with the customers that have this status on the connected account."""
    if status is SyncStatus.WAITING_FOR_INVOICE:
        # Customers that wait on any account, and customers of other accounts, but none of the connected account.
        (first, last), (before, behind) = _under(_LINKED), _under(key(_LINKED, account_id or _NO_ACCOUNT))
        parts = [(first, before), (behind, last)] if account_id else [(first, last)]
        form = rf"{_LINKED}#[^#]*#[a-z_]+#[^#]+"
    else:
        of_one_account = status in STATUSES_OF_ONE_ACCOUNT
        place = key(_LINKED, account_id or _NO_ACCOUNT, status) if of_one_account else key(status)
        parts, form = [_under(place)], _id_under(place)
    return _Listing(CustomerItem.by_sync_status, organization_id, CustomerItem.status_key, parts, form)


def _under(place: str) -> Bounds:
    """Returns the bounds of all keys that continue this place."""
    return f"{place}#", f"{place}$"  # $ is the character after #


def _id_under(place: str) -> str:
    """Returns the form of a position in a list of one place."""
    return rf"{re.escape(place)}#[^#]+"


def _page_of_all(organization_id: OrganizationId, first: int, after: str | None) -> Page[Customer]:
    name = key("customers", organization_id)
    after_position = None if after is None else CustomerItem.customer_id > position_of(name, after, TEXT_FORM)
    query = CustomerItem.query(organization_id, after_position, consistent_read=True, page_size=first + 1)
    with translating_errors():
        rows = ((item.customer_id, decode(Customer, item.document, item.packed)) for item in query)
        return page_of(_matching_customers(rows, CustomerFilter()), name, first)


def _matching_customers(
    rows: Iterator[tuple[str, Customer]], customer_filter: CustomerFilter
) -> Iterator[tuple[str, Customer]]:
    """Yields the customers that match the filter, with their places."""
    return ((place, customer) for place, customer in rows if customer_filter.fits(customer))
