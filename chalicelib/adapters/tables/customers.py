"""POM's customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.adapters.tables.codec import decoded, decoded_item, encoded
from chalicelib.adapters.tables.database import answering, read
from chalicelib.adapters.tables.keys import cursor, key, position_of
from chalicelib.adapters.tables.models import CustomerItem
from chalicelib.adapters.tables.versions import put, put_marked, unchanged
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.events import EventMarker
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.domain.storage import Page

WORK = "pending"
"""The one partition of the index `pending`."""

_WHAT = "The customer"


class TableCustomers:
    """Fulfils `CustomerStore`."""

    def get(self, organization_id: OrganizationId, customer_id: CustomerId) -> Customer | None:
        item = read(CustomerItem, organization_id, customer_id)
        return decoded_item(Customer, item) if item else None

    def save(self, customer: Customer) -> Customer:
        stored = replace(customer, version=customer.version + 1)
        put(customer_item(stored), unchanged(CustomerItem, customer.version), _WHAT)
        return stored

    def apply(self, customer: Customer, marker: EventMarker) -> Customer:
        stored = replace(customer, version=customer.version + 1)
        put_marked(customer_item(stored), unchanged(CustomerItem, customer.version), marker, _WHAT)
        return stored

    def find_by_stripe_id(self, account_id: StripeAccountId, stripe_customer_id: str) -> Customer | None:
        """The index only says where to look: what is answered was read consistently, and is still linked."""
        with answering():
            known = list(CustomerItem.by_stripe_id.query(key(account_id, stripe_customer_id)))
        for item in known:
            customer = self.get(OrganizationId(item.organization_id), CustomerId(item.customer_id))
            if customer is not None and customer.linked_to(account_id) == stripe_customer_id:
                return customer
        return None

    def page(self, organization_id: OrganizationId, first: int, after: str | None) -> Page[Customer]:
        name = key("customers", organization_id)
        beyond = None if after is None else CustomerItem.customer_id > position_of(name, after)
        found = CustomerItem.query(organization_id, beyond, consistent_read=True, limit=first + 1)
        with answering():
            items = list(found)
        shown = items[:first]
        return Page(
            items=tuple(decoded(Customer, item.document, item.packed) for item in shown),
            end_cursor=cursor(name, shown[-1].customer_id) if shown else None,
            has_next=len(items) > first,
        )

    def pending(self, updated_before: int, limit: int) -> Sequence[tuple[OrganizationId, CustomerId]]:
        with answering():
            left = CustomerItem.pending.query(WORK, CustomerItem.updated_at < updated_before, limit=limit)
            return [(OrganizationId(item.organization_id), CustomerId(item.customer_id)) for item in left]

    def without_email(self, organization_id: OrganizationId, limit: int) -> Sequence[CustomerId]:
        with answering():
            found = CustomerItem.without_email.query(organization_id, limit=limit)
            return [CustomerId(item.customer_id) for item in found]


def customer_item(customer: Customer) -> CustomerItem:
    """The customer as it is stored."""
    link = customer.link
    return CustomerItem(
        customer.organization_id,
        customer.id,
        version=customer.version,
        stripe_key=key(link.account_id, link.stripe_customer_id) if link else None,
        work=WORK if customer.sync_status is SyncStatus.PENDING else None,
        updated_at=customer.updated_at,
        emailless_of=customer.organization_id if customer.profile.email is None else None,
        **encoded(customer),
    )
