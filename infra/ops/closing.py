"""Closes customers for their erasure on an operator's word: at once. A worker waits for what is not settled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from chalicelib.adapters.tables.models import CustomerItem
from chalicelib.domain.acts import CustomerAct
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.erasure import Erasure, InStripe
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import CustomerId, OrganizationId, UserId
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts
from chalicelib.ports.paging import AT_ONCE, all_items
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.acts.acting import customer_act
from chalicelib.usecases.erasing.request_erasure import with_erasure

OPERATOR = UserId("operator")
"""Who asked for an erasure that an operator asked for, as the organization is shown it."""

ATTEMPTS = 10


def customers_of(organization_id: OrganizationId, ports: Ports) -> Iterator[CustomerId]:
    """Yields the ids of all customers, of erased ones too, and of those that only invoices know."""
    keys = ["organization_id", "customer_id"]
    stored = [CustomerId(item.customer_id) for item in CustomerItem.query(organization_id, attributes_to_get=keys)]
    yield from stored
    known = set(stored)
    for invoice in all_items(partial(ports.invoices.page, organization_id, InvoiceFilter(), AT_ONCE)):
        if invoice.order.customer_id not in known:
            known.add(invoice.order.customer_id)
            yield invoice.order.customer_id


def close(
    organization_id: OrganizationId, customer_id: CustomerId, in_stripe: InStripe, by: str, ports: Ports
) -> Customer:
    """Returns the customer with its erasure, which is asked for if nobody has yet. Workers do the rest.

    `by` is an operator, whose name the organization is not shown.

    A customer that has no record gets a tombstone: invoices of the customer, which are stored or which a backfill
    finds in Stripe, hold the person too.

    Raises:
        StaleWrite: the customer kept changing all the while.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        customer = ports.customers.get(organization_id, customer_id)
        if customer is not None and customer.erasure is not None:
            return customer
        now = ports.clock.now()
        if customer is None:
            customer = Customer(organization_id, customer_id, Profile(), edition=1, created_at=now, updated_at=now)
        erasure = Erasure(requested_by=OPERATOR, requested_at=now, in_stripe=in_stripe, due_at=now)
        with suppress(StaleWrite):
            act = customer_act(organization_id, customer_id, CustomerAct.ERASURE_REQUESTED, ports, operator=by)
            return with_erasure(customer, erasure, ports, act)
    raise StaleWrite("The customer")


def close_again(
    organization_id: OrganizationId, customer_id: CustomerId, in_stripe: InStripe, by: str, ports: Ports
) -> bool:
    """Has a customer that was erased looked at again as a whole. Returns True if it was open, and is closed anew.

    One that is still closed may have records that are as they were before: a copy or an older release wrote them.

    Raises:
        StaleWrite: the customer kept changing all the while.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        customer = ports.customers.get(organization_id, customer_id)
        if customer is None or customer.erasure is None:
            close(organization_id, customer_id, in_stripe, by, ports)
            return True
        with suppress(StaleWrite):
            with_erasure(customer, customer.erasure.again(ports.clock.now()), ports)
            return False
    raise StaleWrite("The customer")
