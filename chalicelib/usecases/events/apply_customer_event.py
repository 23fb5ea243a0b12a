"""Applies events about edits and deletions of Stripe's customers.

POM's record and Stripe's can be edited at once, so `domain.customer_settling` settles each field separately. POM's
own changes come back as events too, and change nothing. The pending sync sends POM's newer values to Stripe.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.correlation import note
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import stripe_values
from chalicelib.domain.customer_history import CustomerEvent
from chalicelib.domain.customer_merge import merge_fields
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import CustomerId, StripeAccountId
from chalicelib.ports import Ports
from chalicelib.usecases.events.event_outcome import EventOutcome, marker_of, outcome_of


def apply_to_customer(event: StripeEvent, account_id: StripeAccountId, source: Source, ports: Ports) -> EventOutcome:
    """Applies a `customer.updated` or `customer.deleted` event, and returns its outcome."""
    customer = _customer_of(event, account_id, ports)
    if customer is None:
        return EventOutcome.FOREIGN
    note(organization_id=customer.organization_id)
    connection = ports.connections.get(customer.organization_id)
    if connection.account_id == account_id and connection.livemode != event.livemode:
        return EventOutcome.WRONG_MODE
    if customer.erased:
        ports.events.mark(marker_of(event, account_id, EventOutcome.ERASED, source, ports))
        return EventOutcome.ERASED
    fact = _newest(event, customer, account_id, ports)
    updated = _with_fact(customer, fact, account_id, source, ports.clock.now())
    changed = updated != replace(customer, stripe_as_of=updated.stripe_as_of)
    outcome = outcome_of(source, changed=changed)
    marker = marker_of(event, account_id, outcome, source, ports)
    if updated == customer:
        ports.events.mark(marker)
    else:
        ports.customers.apply(updated, marker)
    return outcome


def _customer_of(event: StripeEvent, account_id: StripeAccountId, ports: Ports) -> Customer | None:
    """Returns the event's customer, found by the ids in the object's metadata or by the object's id, or None."""
    return _if_linked(_customer_in_metadata(event, ports), event, account_id) or _if_linked(
        ports.customers.find_by_stripe_id(account_id, event.object_id), event, account_id
    )


def _if_linked(customer: Customer | None, event: StripeEvent, account_id: StripeAccountId) -> Customer | None:
    if customer is None or customer.linked_to(account_id) != event.object_id:
        return None
    return customer


def _customer_in_metadata(event: StripeEvent, ports: Ports) -> Customer | None:
    if event.organization_hint is None or event.customer_hint is None:
        return None
    return ports.customers.get(event.organization_hint, CustomerId(event.customer_hint))


def _newest(event: StripeEvent, customer: Customer, account_id: StripeAccountId, ports: Ports) -> CustomerFact | None:
    """Returns the event's object, or Stripe's present object if their order is unknown, or None if the event is
    outdated.

    If the office has chosen another Stripe customer, edits of the linked one are outdated. Its deletion is not.
    """
    fact = event.fact if isinstance(event.fact, CustomerFact) and event.current else None
    if fact is not None and fact.deleted:
        return fact
    outdated = event.dated and event.created < customer.stripe_as_of
    if outdated or customer.is_leaving(event.object_id):
        return None
    if fact is not None and (fact.as_of > customer.stripe_as_of or not _has_new_values(customer, fact)):
        return fact
    fetched = ports.stripe.fetch(account_id, "customer", event.object_id)
    return fetched if isinstance(fetched, CustomerFact) else None


def _has_new_values(customer: Customer, fact: CustomerFact) -> bool:
    """Returns True if the object has a value that POM has not settled yet."""
    settled = merge_fields(customer.profile, stripe_values(fact), customer.last_in_step)
    return (
        settled.profile != customer.profile
        or settled.in_step != customer.last_in_step
        or bool(settled.overwritten_in_stripe)
    )


def _with_fact(
    customer: Customer, fact: CustomerFact | None, account_id: StripeAccountId, source: Source, now: int
) -> Customer:
    if fact is None:
        return customer
    if fact.deleted:
        return customer.unlinked().telling(CustomerEvent.UNLINKED, source, now, stripe_id=fact.id)
    dated = replace(customer, stripe_as_of=max(customer.stripe_as_of, fact.as_of))
    settled = merge_fields(customer.profile, stripe_values(fact), customer.last_in_step)
    if settled.in_step == customer.last_in_step or dated.link is None:
        return dated
    with_values = dated.with_stripe_values(settled, source, now)
    in_step = customer.in_step_with(account_id)
    edition = with_values.edition if in_step else dated.link.synced_edition
    link = replace(dated.link, in_step=settled.in_step, synced_edition=edition)
    return replace(with_values, link=link, synced_at=now if in_step else customer.synced_at)
