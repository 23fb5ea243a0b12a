"""The store of customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pynamodb.expressions.condition import Condition

from chalicelib.adapters.tables.acts import put_acts
from chalicelib.adapters.tables.codec import decode_item, encode
from chalicelib.adapters.tables.customer_pages import (
    customer_page,
    email_key,
    name_key,
    several_customers,
    status_key,
)
from chalicelib.adapters.tables.database import Cancelled, Transaction, read_item, translating_errors
from chalicelib.adapters.tables.keys import key
from chalicelib.adapters.tables.markers import MARKER, put_marker
from chalicelib.adapters.tables.models import ClaimItem, CustomerItem
from chalicelib.adapters.tables.versions import has_version, put
from chalicelib.adapters.tables.writes import Values
from chalicelib.domain.acts import Act
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.customer_link import StripeClaim
from chalicelib.domain.errors import DuplicateEvent, StaleWrite
from chalicelib.domain.events import EventMarker
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.ports.storage import Page, StripeCustomerClaimed

WORK = "pending"
"""The partition of the index `pending` with customers that are not yet synced to Stripe.

Customers whose address still has to be searched for in Stripe have one partition for each organization: see
`_to_search`. So do customers that were edited while their account was not connected: see `_waiting_for`.
"""

ERASURES = "erasure"
"""The partition of the index `pending` with unfinished erasures, by the time at which each one continues."""

CLAIM = "claim"

_OBJECT_NAME = "The customer"


class TableCustomers:
    """Implements `CustomerStore`."""

    def get(self, organization_id: OrganizationId, customer_id: CustomerId) -> Customer | None:
        item = read_item(CustomerItem, organization_id, customer_id)
        return decode_item(Customer, item) if item else None

    def several(
        self, organization_id: OrganizationId, customer_ids: Sequence[CustomerId]
    ) -> Mapping[CustomerId, Customer]:
        return several_customers(organization_id, customer_ids)

    def save(self, customer: Customer, act: Act | None = None) -> Customer:
        stored = _next(customer)
        if stored.claim == customer.claim and act is None:
            put(CustomerItem, customer_values(stored), has_version(CustomerItem, customer.version), _OBJECT_NAME)
        else:
            transaction = _transaction_of(customer, stored)
            put_acts(transaction, [act] if act is not None else [])
            _commit(transaction, stored)
        return stored

    def apply(self, customer: Customer, marker: EventMarker) -> Customer:
        stored = _next(customer)
        transaction = _transaction_of(customer, stored)
        put_marker(transaction, marker)
        _commit(transaction, stored)
        return stored

    def holder_of(
        self, organization_id: OrganizationId, account_id: StripeAccountId, stripe_customer_id: str
    ) -> CustomerId | None:
        item = read_item(ClaimItem, organization_id, _claim_key(StripeClaim(account_id, stripe_customer_id)))
        if item:
            return CustomerId(item["holder"]["S"])
        # A link that is older than claims has no claim.
        customer = self.find_by_stripe_id(account_id, stripe_customer_id)
        return customer.id if customer and customer.organization_id == organization_id else None

    def find_by_stripe_id(self, account_id: StripeAccountId, stripe_customer_id: str) -> Customer | None:
        """Returns the customer that is linked to this Stripe customer, or None.

        The index lags, so each customer found in it is read consistently, and returned only if it is still linked.
        """
        with translating_errors():
            linked_items = list(CustomerItem.by_stripe_id.query(key(account_id, stripe_customer_id)))
        for item in linked_items:
            customer = self.get(OrganizationId(item.organization_id), CustomerId(item.customer_id))
            if customer is not None and customer.linked_to(account_id) == stripe_customer_id:
                return customer
        return None

    def page(
        self, organization_id: OrganizationId, customer_filter: CustomerFilter, first: int, after: str | None
    ) -> Page[Customer]:
        return customer_page(organization_id, customer_filter, first, after)

    def pending(self, updated_before: int, limit: int) -> Sequence[tuple[OrganizationId, CustomerId]]:
        with translating_errors():
            items = CustomerItem.pending.query(WORK, CustomerItem.updated_at < updated_before, limit=limit)
            return [(OrganizationId(item.organization_id), CustomerId(item.customer_id)) for item in items]

    def erasures_due(self, now: int, limit: int) -> Sequence[tuple[OrganizationId, CustomerId]]:
        with translating_errors():
            due = CustomerItem.pending.query(ERASURES, CustomerItem.updated_at <= now, limit=limit)
            return [(OrganizationId(item.organization_id), CustomerId(item.customer_id)) for item in due]

    def to_search(self, organization_id: OrganizationId, updated_before: int, limit: int) -> Sequence[CustomerId]:
        with translating_errors():
            items = CustomerItem.pending.query(
                _to_search(organization_id), CustomerItem.updated_at < updated_before, limit=limit
            )
            return [CustomerId(item.customer_id) for item in items]

    def waiting_for(
        self, organization_id: OrganizationId, account_id: StripeAccountId, limit: int
    ) -> Sequence[CustomerId]:
        with translating_errors():
            items = CustomerItem.pending.query(_waiting_for(organization_id, account_id), limit=limit)
            return [CustomerId(item.customer_id) for item in items]

    def without_email(self, organization_id: OrganizationId, limit: int) -> Sequence[CustomerId]:
        with translating_errors():
            items = CustomerItem.without_email.query(organization_id, limit=limit)
            return [CustomerId(item.customer_id) for item in items]


def customer_values(customer: Customer) -> Values:
    """Returns the attributes of a customer.

    An erased customer is in no list, and can be found by its Stripe customer.
    """
    link, erasure, is_listed = customer.link, customer.erasure, not customer.erased
    return {
        "organization_id": customer.organization_id,
        "customer_id": customer.id,
        "version": customer.version,
        "stripe_key": key(link.account_id, link.stripe_customer_id) if link else None,
        "work": _work(customer),
        "updated_at": customer.updated_at if erasure is None else erasure.due_at,
        "emailless_of": customer.organization_id if is_listed and customer.profile.email is None else None,
        "status_key": status_key(customer) if is_listed else None,
        "email_key": email_key(customer) if is_listed else None,
        "name_key": name_key(customer) if is_listed else None,
        **encode(customer),
    }


def _next(customer: Customer) -> Customer:
    return replace(customer, version=customer.version + 1, claim=customer.claim_of_link)


def _transaction_of(customer: Customer, stored: Customer) -> Transaction:
    """Returns the transaction that writes a customer, and its claim if its link has changed."""
    transaction = Transaction()
    transaction.put(_OBJECT_NAME, CustomerItem, customer_values(stored), has_version(CustomerItem, customer.version))
    if stored.claim == customer.claim:
        return transaction
    ours: Condition = ClaimItem.holder.does_not_exist() | (ClaimItem.holder == customer.id)
    if customer.claim is not None:
        former_claim = {"owner": customer.organization_id, "claim": _claim_key(customer.claim)}
        transaction.delete("release", ClaimItem, former_claim, ours)
    if stored.claim is not None:
        claim = {"owner": customer.organization_id, "claim": _claim_key(stored.claim), "holder": customer.id}
        transaction.put(CLAIM, ClaimItem, claim, ours)
    return transaction


def _commit(transaction: Transaction, stored: Customer) -> None:
    try:
        transaction.commit()
    except Cancelled as exc:
        if MARKER in exc.failed_on:
            raise DuplicateEvent from exc
        if _OBJECT_NAME not in exc.failed_on and CLAIM in exc.failed_on and stored.claim is not None:
            raise StripeCustomerClaimed(stored.claim.stripe_customer_id) from exc
        raise StaleWrite(_OBJECT_NAME) from exc


def _claim_key(claim: StripeClaim) -> str:
    return key("customer", claim.account_id, claim.stripe_customer_id)


def _to_search(organization_id: OrganizationId) -> str:
    return key("spellings", organization_id)


def _waiting_for(organization_id: OrganizationId, account_id: StripeAccountId) -> str:
    return key("waiting", organization_id, account_id)


def _work(customer: Customer) -> str | None:
    if customer.erasure is not None:
        return ERASURES if customer.erasure.finished_at is None else None
    if customer.sync_status is SyncStatus.PENDING:
        return WORK
    if customer.waits_for is not None:
        return _waiting_for(customer.organization_id, customer.waits_for)
    return _to_search(customer.organization_id) if customer.search_spellings else None
