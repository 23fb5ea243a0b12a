"""Closes customers for erasure, at once, on an operator's order. A worker waits for their unsettled payments."""

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
"""The user that an organization reads as the requester of an erasure that an operator ordered."""

ATTEMPTS = 10


def customers_of(organization_id: OrganizationId, ports: Ports) -> Iterator[CustomerId]:
    """Yields the ids of all customers, including erased customers and customers that only invoices name."""
    keys = ["organization_id", "customer_id"]
    stored_ids = [
        CustomerId(item.customer_id) for item in CustomerItem.query(organization_id, attributes_to_get=keys)
    ]
    yield from stored_ids
    known_ids = set(stored_ids)
    for invoice in all_items(partial(ports.invoices.page, organization_id, InvoiceFilter(), AT_ONCE)):
        if invoice.order.customer_id not in known_ids:
            known_ids.add(invoice.order.customer_id)
            yield invoice.order.customer_id


def close(
    organization_id: OrganizationId, customer_id: CustomerId, in_stripe: InStripe, by: str, ports: Ports
) -> Customer:
    """Returns the customer with its erasure, and requests the erasure if there is none yet. Workers do the rest.

    `by` is the operator, whose name is not shown to the organization.

    A customer without a record gets a tombstone, because invoices of the customer contain personal data too. These
    invoices are stored, or a later backfill may find them in Stripe.

    Raises:
        StaleWrite: other writers changed the customer during every attempt.
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
    """Has a worker erase every record of an erased customer again. Returns True if the customer was open before.

    A customer that is still closed may have records from before the erasure, written by a restore or an older
    release.

    Raises:
        StaleWrite: other writers changed the customer during every attempt.
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
