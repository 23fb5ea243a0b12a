"""Apply events about Stripe's customers: edits made there, and deletions.

POM's record and Stripe's can be edited at once. The rule: an edit in POM that Stripe has not been given yet
wins; otherwise the edit in Stripe is taken over. What we changed ourselves comes back as an event too, says
nothing new, and so goes round no further.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.correlation import note
from chalicelib.domain.customer import Customer, Profile, normalized_email
from chalicelib.domain.errors import Refused
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import CustomerId, StripeAccountId
from chalicelib.usecases.event_outcome import EventOutcome, marker_of, outcome_of
from chalicelib.usecases.ports import Ports


def apply_to_customer(event: StripeEvent, account_id: StripeAccountId, source: Source, ports: Ports) -> EventOutcome:
    """`customer.updated` and `customer.deleted`."""
    customer = _customer_of(event, account_id, ports)
    if customer is None:
        return EventOutcome.FOREIGN
    note(organization_id=customer.organization_id)
    connection = ports.connections.get(customer.organization_id)
    if connection.account_id == account_id and connection.livemode != event.livemode:
        return EventOutcome.WRONG_MODE
    fact = _newest(event, customer, account_id, ports)
    updated = _knowing(customer, fact, account_id, ports.clock.now())
    changed = updated != replace(customer, stripe_as_of=updated.stripe_as_of)
    outcome = outcome_of(source, changed=changed)
    ports.customers.apply(updated, marker_of(event, account_id, outcome, source, ports))
    return outcome


def _customer_of(event: StripeEvent, account_id: StripeAccountId, ports: Ports) -> Customer | None:
    """Returns the customer of the event's object: by the hint in its metadata, or by the object's id."""
    return _linked(_hinted(event, ports), event, account_id) or _linked(
        ports.customers.find_by_stripe_id(account_id, event.object_id), event, account_id
    )


def _linked(found: Customer | None, event: StripeEvent, account_id: StripeAccountId) -> Customer | None:
    if found is None or found.linked_to(account_id) != event.object_id:
        return None
    return found


def _hinted(event: StripeEvent, ports: Ports) -> Customer | None:
    if event.organization_hint is None or event.customer_hint is None:
        return None
    return ports.customers.get(event.organization_hint, CustomerId(event.customer_hint))


def _newest(event: StripeEvent, customer: Customer, account_id: StripeAccountId, ports: Ports) -> CustomerFact | None:
    """What the event says, unless something newer is known; what Stripe says now, where that cannot be told."""
    fact = event.fact if isinstance(event.fact, CustomerFact) and event.current else None
    if fact is not None and fact.deleted:
        return fact
    if event.created < customer.stripe_as_of:
        return None
    if fact is not None and (
        fact.as_of > customer.stripe_as_of or _taken_over(customer.profile, fact) == customer.profile
    ):
        return fact
    fetched = ports.stripe.fetch(account_id, "customer", event.object_id)
    return fetched if isinstance(fetched, CustomerFact) else None


def _knowing(customer: Customer, fact: CustomerFact | None, account_id: StripeAccountId, now: int) -> Customer:
    if fact is None:
        return customer
    if fact.deleted:
        return customer.unlinked()
    seen = replace(customer, stripe_as_of=max(customer.stripe_as_of, fact.as_of))
    if not customer.in_step_with(account_id):
        return seen
    profile = _taken_over(customer.profile, fact)
    if profile == customer.profile:
        return seen
    edited = replace(seen, profile=profile, edition=seen.edition + 1, updated_at=now)
    return edited.synced(account_id, fact, edited.edition, now)


def _taken_over(profile: Profile, fact: CustomerFact) -> Profile:
    changes = replace(profile, phone=fact.phone or None)
    try:
        changes = replace(changes, email=normalized_email(fact.email))
    except Refused:
        # Stripe takes addresses that we would not send to; ours stays, and the next sync says so again.
        changes = replace(changes, email=profile.email)
    name = fact.name or None
    if name == profile.display_name or name is None:
        return changes
    if profile.company_name:
        return replace(changes, company_name=name)
    first, _, last = name.rpartition(" ")
    return replace(changes, first_name=first or None, last_name=last)
