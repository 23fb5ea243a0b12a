"""Deletes a customer's Stripe customer, if the erasure asks for it."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.customer import Customer
from chalicelib.domain.erasure import Erasure
from chalicelib.domain.errors import AccountUnreachable, StripeRefused
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.revocation import mark_revoked

NOT_CONNECTED, OF_OTHER_ACCOUNT = "stripe_not_connected", "stripe_customer_of_other_account"


def delete_in_stripe(customer: Customer, erasure: Erasure, ports: Ports) -> Erasure:
    """Returns the erasure after the Stripe customer was deleted, or with the reason why it could not be deleted.

    POM deletes the linked Stripe customer on the connected account. It also deletes those that it created for the
    customer and could not store. These carry POM's ids and have one of the customer's addresses.

    Raises:
        StripeUnavailable: the call must be repeated.
    """
    connection = ports.connections.get(customer.organization_id)
    account_id = connection.account_id
    if not connection.active or account_id is None:
        return replace(erasure, not_deleted_because=NOT_CONNECTED)
    if customer.link is not None and customer.link.account_id != account_id:
        return replace(erasure, not_deleted_because=OF_OTHER_ACCOUNT)
    try:
        for stripe_customer_id in sorted(_stripe_customers_of(customer, account_id, ports)):
            ports.stripe.delete_customer(account_id, stripe_customer_id)
    except AccountUnreachable:
        mark_revoked(customer.organization_id, account_id, ports)
        return replace(erasure, not_deleted_because=NOT_CONNECTED)
    except StripeRefused as refusal:
        return replace(erasure, not_deleted_because=refusal.code)
    return replace(erasure, deleted_in_stripe_at=ports.clock.now())


def _stripe_customers_of(customer: Customer, account_id: StripeAccountId, ports: Ports) -> set[str]:
    linked_id = customer.linked_to(account_id)
    stripe_ids = {linked_id} if linked_id is not None else set()
    addresses = {each for each in (customer.profile.email, *customer.unlinked_emails) if each}
    for email in sorted(addresses | {each.lower() for each in addresses}):
        for fact in ports.stripe.find_customers(account_id, email):
            ids = (fact.pom_organization_id, fact.pom_customer_id)
            if ids == (customer.organization_id, customer.id) and not fact.deleted:
                stripe_ids.add(fact.id)
    return stripe_ids
