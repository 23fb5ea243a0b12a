"""Lists acts, newest first."""

from __future__ import annotations

from chalicelib.domain.acts import Act, Subject
from chalicelib.domain.errors import NotFound
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.ports import Ports
from chalicelib.ports.storage import Page


def history_of(subject: Subject, first: int, after: str | None, ports: Ports) -> Page[Act]:
    """Returns a page of a history, newest first.

    Raises:
        Refused: the cursor is not of this history.
    """
    return ports.acts.page(subject, first, after)


def history_of_customer(
    organization_id: OrganizationId, customer_id: CustomerId, first: int, after: str | None, ports: Ports
) -> Page[Act]:
    """Returns a page of a customer's history, newest first, also if the customer is erased.

    Raises:
        NotFound: this organization has no such customer.
        Refused: the cursor is not of this history.
    """
    if ports.customers.get(organization_id, customer_id) is None:
        raise NotFound(
            "customer_not_found",
            "There is no customer with this id.",
            field="customerId",
            next_step="Look the customer up in the list of customers, or save it with PUT /v1/customers/{id}.",
        )
    return ports.acts.page(Subject.customer_of(organization_id, customer_id), first, after)
