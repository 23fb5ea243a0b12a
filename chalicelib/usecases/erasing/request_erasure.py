"""Requests the erasure of a customer. After one write, POM accepts nothing new for the customer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from chalicelib.domain.acts import Act, CustomerAct
from chalicelib.domain.connection import usable_account
from chalicelib.domain.customer import Customer
from chalicelib.domain.erasure import Erasure, InStripe
from chalicelib.domain.erasure_blockers import refusal_of_erasure
from chalicelib.domain.errors import Conflict, Retryable, StaleWrite
from chalicelib.domain.identifiers import CustomerId, OrganizationId, UserId
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts
from chalicelib.ports.messages import ErasureJob
from chalicelib.usecases.acts.acting import customer_act
from chalicelib.usecases.customers.customers import require_customer
from chalicelib.usecases.erasing.unsettled import unsettled_of

ATTEMPTS = 10


def request_erasure(
    organization_id: OrganizationId, customer_id: CustomerId, in_stripe: InStripe, user_id: UserId, ports: Ports
) -> Customer:
    """Returns the customer with its erasure, requested now or before. An erasure cannot be taken back.

    If the message cannot be queued, the request still succeeds: `resume_stuck` sends it.

    Raises:
        NotFound: this organization has no such customer.
        Conflict: the customer has unfinished records, which the error names; the Stripe customer is to be deleted and
            the organization is not connected; or an earlier request made another choice.
        StaleWrite: the customer changed during every attempt.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        customer = require_customer(organization_id, customer_id, ports)
        if customer.erased:
            return _asked_for_before(customer, in_stripe)
        if in_stripe is InStripe.DELETE:
            usable_account(ports.connections.get(organization_id))
        unsettled = unsettled_of(organization_id, customer_id, ports)
        if unsettled:
            raise refusal_of_erasure(unsettled)
        now = ports.clock.now()
        erasure = Erasure(requested_by=user_id, requested_at=now, in_stripe=in_stripe, due_at=now)
        with suppress(StaleWrite):  # a worker has just stored the result of a sync, or there is a second request
            act = customer_act(organization_id, customer_id, CustomerAct.ERASURE_REQUESTED, ports, actor=user_id)
            return with_erasure(customer, erasure, ports, act)
    raise StaleWrite("The customer")


def with_erasure(customer: Customer, erasure: Erasure, ports: Ports, act: Act | None = None) -> Customer:
    """Returns the customer, stored with this erasure, and queues the work on it.

    If the message cannot be queued, `resume_stuck` sends it.

    Raises:
        StaleWrite: somebody else changed the customer.
    """
    closed = ports.customers.save(replace(customer, erasure=erasure), act)
    with suppress(Retryable):
        ports.queues.send(ErasureJob(customer.organization_id, customer.id))
    return closed


def _asked_for_before(customer: Customer, in_stripe: InStripe) -> Customer:
    """Returns the customer if its erasure was requested with the same choice.

    Raises:
        Conflict: the earlier request made another choice, so the caller would wrongly believe that the new choice
            counts.
    """
    if customer.erasure is not None and customer.erasure.in_stripe is not in_stripe:
        raise Conflict(
            "erasure_choice_made",
            f"The erasure was requested before with inStripe={customer.erasure.in_stripe}, which cannot be changed.",
            field="inStripe",
            next_step="Load the erasure to see it. A kept Stripe customer can be deleted in the Stripe dashboard.",
        )
    return customer
