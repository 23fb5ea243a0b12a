"""Decides which POM customer owns a Stripe customer.

There is at most one, because otherwise invoices go to the wrong person.
"""

from __future__ import annotations

from contextlib import suppress

from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import (
    AccountUnreachable,
    Conflict,
    Gone,
    Refused,
    StripeCustomerTaken,
    StripeCustomerUnknown,
)
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.ports import Ports


def read_customer(account_id: StripeAccountId, stripe_customer_id: str, ports: Ports) -> CustomerFact:
    """Returns the customer as Stripe has it now. The fact says `deleted` if Stripe has no customer of this id."""
    try:
        return ports.stripe.customer(account_id, stripe_customer_id)
    except Gone:
        return CustomerFact(stripe_customer_id, as_of=0, email=None, deleted=True)


def require_free(
    organization_id: OrganizationId,
    customer_id: CustomerId,
    account_id: StripeAccountId,
    stripe_customer_id: str,
    ports: Ports,
) -> None:
    """Refuses a Stripe customer that does not exist or belongs to another customer. Costs at most one call of Stripe.

    Raises:
        Refused: Stripe has no customer of this id.
        Conflict: the Stripe customer belongs to another customer.
        StripeUnavailable, StripeRefused: as Stripe answers.
    """
    holder = ports.customers.holder_of(organization_id, account_id, stripe_customer_id)
    if holder not in (None, customer_id):
        raise stripe_customer_taken(stripe_customer_id)
    fact = read_customer(account_id, stripe_customer_id, ports)
    if fact.deleted:
        raise stripe_customer_unknown(stripe_customer_id)
    if _marked_for_another(organization_id, customer_id, fact, account_id, ports):
        raise stripe_customer_taken(stripe_customer_id)


def require_free_choice(
    current: Customer | None, customer_id: CustomerId, chosen: str | None, connection: Connection, ports: Ports
) -> None:
    """Refuses a newly chosen Stripe customer that does not exist or belongs to another customer.

    Without a usable connection nothing is checked, because the sync checks again before it links.

    Raises:
        Refused: Stripe has no such customer.
        Conflict: the Stripe customer belongs to another customer.
        StripeUnavailable, StripeRefused: as Stripe answers.
    """
    account_id = connection.account_id if connection.active else None
    if chosen is None or account_id is None or (current is not None and current.linked_to(account_id) == chosen):
        return
    with suppress(AccountUnreachable):  # the sync marks the connection as revoked
        require_free(connection.organization_id, customer_id, account_id, chosen, ports)


def belongs_to_another(customer: Customer, fact: CustomerFact, account_id: StripeAccountId, ports: Ports) -> bool:
    """Returns True if another customer is linked to the Stripe customer, or its metadata names another customer."""
    holder = ports.customers.holder_of(customer.organization_id, account_id, fact.id)
    if holder is not None:
        return holder != customer.id
    return _marked_for_another(customer.organization_id, customer.id, fact, account_id, ports)


def shared_with_its_owner(customer: Customer, fact: CustomerFact, account_id: StripeAccountId, ports: Ports) -> bool:
    """Returns True if another customer was linked to the same Stripe customer before there were claims, and owns it.

    The owner is the customer in the metadata, because that customer wrote its name and address last.
    """
    named_id = fact.pom_customer_id
    linked_before_claims = customer.link is not None and not customer.link.claims
    if (
        not linked_before_claims
        or named_id in (None, customer.id)
        or fact.pom_organization_id != customer.organization_id
    ):
        return False
    owner = ports.customers.get(customer.organization_id, CustomerId(named_id or ""))
    return owner is not None and owner.linked_to(account_id) == fact.id


def _marked_for_another(
    organization_id: OrganizationId,
    customer_id: CustomerId,
    fact: CustomerFact,
    account_id: StripeAccountId,
    ports: Ports,
) -> bool:
    """Returns True if the metadata names another customer, unless that customer is linked elsewhere by now."""
    named_id = fact.pom_customer_id
    if fact.deleted or named_id is None or named_id == customer_id:
        return False
    named_customer = ports.customers.get(organization_id, CustomerId(named_id))
    return named_customer is None or named_customer.linked_to(account_id) in (None, fact.id)


def stripe_customer_taken(stripe_customer_id: str) -> StripeCustomerTaken:
    """Returns the refusal of a Stripe customer that belongs to another customer."""
    return StripeCustomerTaken(
        "stripe_customer_taken",
        f"The Stripe customer {stripe_customer_id} belongs to another customer.",
        field="stripeCustomerId",
        next_step="Choose another Stripe customer, or leave stripeCustomerId out, so that POM finds or creates one.",
    )


def stripe_customer_unknown(stripe_customer_id: str) -> StripeCustomerUnknown:
    """Returns the refusal of a Stripe customer that Stripe does not have, or no longer."""
    return StripeCustomerUnknown(
        "stripe_customer_unknown",
        f"Stripe has no customer {stripe_customer_id}.",
        field="stripeCustomerId",
        next_step="Choose a customer of Stripe, or leave stripeCustomerId out, so that POM finds or creates one.",
    )


def refuses_the_choice(refusal: Refused | Conflict) -> bool:
    """Returns True if the chosen Stripe customer was refused, and not the customer."""
    return isinstance(refusal, StripeCustomerTaken | StripeCustomerUnknown)
