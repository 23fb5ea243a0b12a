"""Bring a customer to Stripe, whoever asks first: the sync worker or an invoice that is being made.

The e-mail address is the primary identifier. Whom Stripe knows by it already is linked, not doubled; where it
knows several, we link none and ask.
"""

from __future__ import annotations

from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.errors import Refused, StripeUnavailable
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.identifiers import StripeAccountId, digest
from chalicelib.domain.settings import CustomerCreation
from chalicelib.usecases.ports import Ports


def ensure_in_stripe(
    customer: Customer,
    account_id: StripeAccountId,
    ports: Ports,
    creation: CustomerCreation = CustomerCreation.WHEN_SAVED,
) -> Customer:
    """The customer, known to Stripe in its present edition, and stored so.

    One that is to be made only with its first invoice is linked and kept in step if Stripe has it, and waits if not.

    Raises:
        Refused: no e-mail address, several Stripe customers have it, or the chosen one is not there.
        StaleWrite: somebody changed the customer meanwhile.
        StripeUnavailable, StripeRefused: as Stripe answers.
    """
    if customer.in_step_with(account_id):
        return customer
    if customer.profile.email is None:
        raise Refused(
            "customer_email_missing",
            "This customer has no e-mail address, so Stripe cannot send an invoice.",
            field="customerId",
            next_step="Add an e-mail address to the customer.",
        )
    linked = customer.chosen_stripe_customer_id or customer.linked_to(account_id)
    fact = _updated(customer, account_id, linked, ports) if linked else None
    if linked and fact is None:
        customer = _require_once_linked(customer, linked).unlinked()
    fact = fact or _found_by_email(customer, account_id, ports)
    if fact is None and creation is CustomerCreation.WHEN_INVOICED:
        return ports.customers.save(customer.not_synced(SyncStatus.WAITING_FOR_INVOICE, None))
    fact = fact or _created(customer, account_id, ports)
    return ports.customers.save(customer.synced(account_id, fact, customer.edition, ports.clock.now()))


def _require_once_linked(customer: Customer, stripe_customer_id: str) -> Customer:
    """A customer that Stripe had may be made again; one that was only named by mistake may not."""
    if customer.link is None or customer.link.stripe_customer_id != stripe_customer_id:
        raise Refused(
            "stripe_customer_unknown",
            f"Stripe has no customer {stripe_customer_id}.",
            field="stripeCustomerId",
            next_step="Save the customer with the id of a customer that is in Stripe.",
        )
    return customer


def _updated(
    customer: Customer, account_id: StripeAccountId, stripe_customer_id: str, ports: Ports
) -> CustomerFact | None:
    fact = ports.stripe.update_customer(account_id, stripe_customer_id, customer)
    return None if fact.deleted else fact


def _found_by_email(customer: Customer, account_id: StripeAccountId, ports: Ports) -> CustomerFact | None:
    email = customer.profile.email or ""
    matches = [fact for fact in ports.stripe.find_customers(account_id, email) if not fact.deleted]
    own = [fact for fact in matches if fact.pom_customer_id == customer.id]
    unclaimed = [fact for fact in matches if fact.pom_customer_id is None]
    candidates = own[:1] or unclaimed
    if len(candidates) > 1:
        raise Refused(
            "customer_needs_choice",
            f"Stripe has {len(candidates)} customers with this e-mail address.",
            field="customerId",
            next_step="Save the customer with stripeCustomerId set to the one that is meant: "
            + ", ".join(fact.id for fact in candidates[:5]),
        )
    return _updated(customer, account_id, candidates[0].id, ports) if candidates else None


def _created(customer: Customer, account_id: StripeAccountId, ports: Ports) -> CustomerFact:
    key = digest("customer", account_id, customer.organization_id, customer.id, str(customer.key_generation))
    try:
        return ports.stripe.create_customer(account_id, customer, f"pom-{key}")
    except StripeUnavailable as failure:
        if failure.answered:
            ports.customers.save(customer.with_fresh_key())
        raise


def not_synced_because(customer: Customer, refusal: Refused) -> Customer:
    """The customer with the reason why Stripe does not have it as POM has it."""
    needs_choice = refusal.code == "customer_needs_choice"
    status = SyncStatus.NEEDS_CHOICE if needs_choice else SyncStatus.FAILED
    message = refusal.message if refusal.next_step is None else f"{refusal.message} {refusal.next_step}"
    return customer.not_synced(status, message)
