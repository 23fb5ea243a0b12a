"""Reads the status of a customer's erasure."""

from __future__ import annotations

from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import NotFound
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.ports import Ports
from chalicelib.usecases.customers.customers import require_customer


def show_erasure(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> Customer:
    """Returns a customer with its erasure.

    Raises:
        NotFound: this organization has no such customer, or its erasure was never requested.
    """
    customer = require_customer(organization_id, customer_id, ports)
    if customer.erasure is None:
        raise NotFound(
            "erasure_not_found",
            "Nobody has asked to erase this customer.",
            field="customerId",
            next_step="Ask for it with DELETE /v1/customers/{id}.",
        )
    return customer
