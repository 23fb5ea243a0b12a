"""Brings a customer to Stripe, for the sync worker and for an invoice that is being created.

The e-mail address is the primary identifier. If Stripe has one customer with this address, POM links that one and
creates no second one. If Stripe has several, POM links none and asks the office. A Stripe customer is claimed before
anything is written to it, so that two customers of POM are never linked to one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from chalicelib.domain.customer import Customer, SyncStatus, require_not_erased
from chalicelib.domain.customer_fields import same_address, stripe_values
from chalicelib.domain.customer_history import CustomerEvent
from chalicelib.domain.customer_link import ChoiceNeeded
from chalicelib.domain.customer_merge import FieldMerge, merge_fields
from chalicelib.domain.errors import Conflict, Refused, StaleWrite, StripeUnavailable
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import OWN_KEY, StripeAccountId, digest
from chalicelib.domain.settings import CustomerCreation
from chalicelib.ports import Ports
from chalicelib.ports.storage import StripeCustomerClaimed
from chalicelib.usecases.customers.present_address import require_address
from chalicelib.usecases.customers.stripe_owner import (
    belongs_to_another,
    read_customer,
    refuses_the_choice,
    shared_with_its_owner,
    stripe_customer_taken,
    stripe_customer_unknown,
)


def ensure_in_stripe(
    customer: Customer,
    account_id: StripeAccountId,
    ports: Ports,
    creation: CustomerCreation = CustomerCreation.WHEN_SAVED,
) -> Customer:
    """Returns the customer after its present edition was sent to Stripe and the result was stored.

    With `WHEN_INVOICED`, links an existing Stripe customer, and otherwise waits for the first invoice.

    Raises:
        Refused: there is no e-mail address, several Stripe customers have it, or the chosen one does not exist.
        Conflict: the chosen Stripe customer belongs to another customer, or the customer is erased.
        StaleWrite: somebody changed the customer meanwhile.
        StripeUnavailable, StripeRefused: as Stripe answers.
    """
    require_not_erased(customer)
    if customer.in_step_with(account_id) and customer.claim_of_link is not None:
        return customer
    try:
        return _ensure(customer, account_id, ports, creation)
    except (Refused, Conflict) as refusal:
        if customer.choice_refused or not refuses_the_choice(refusal) or customer.linked_to(account_id) is None:
            raise
        # The present link stays in force.
        return _ensure(ports.customers.save(not_synced_because(customer, refusal)), account_id, ports, creation)


def _ensure(customer: Customer, account_id: StripeAccountId, ports: Ports, creation: CustomerCreation) -> Customer:
    target = customer.target_on(account_id)
    if target is None:
        return _link_or_create(customer, account_id, ports, creation)
    fact = read_customer(account_id, target, ports)
    if fact.deleted:
        if customer.link is None or customer.link.stripe_customer_id != target:
            raise stripe_customer_unknown(target)
        return _link_or_create(_unlink(customer, ports), account_id, ports, creation)
    if customer.linked_to(account_id) != target:
        return _link_chosen(customer, fact, account_id, ports)
    try:
        if shared_with_its_owner(customer, fact, account_id, ports):
            raise StripeCustomerClaimed(target)
        return _link_and_settle(customer, fact, account_id, ports)
    except StripeCustomerClaimed:
        # The link is older than claims, and another customer was linked to the same Stripe customer.
        unlinked = _unlink(replace(customer, sync_status=SyncStatus.PENDING), ports)
        return _link_or_create(unlinked, account_id, ports, creation)


def _link_chosen(customer: Customer, fact: CustomerFact, account_id: StripeAccountId, ports: Ports) -> Customer:
    """Returns the customer, linked to the Stripe customer that the office chose.

    Raises:
        Conflict: the Stripe customer belongs to another customer.
    """
    if belongs_to_another(customer, fact, account_id, ports):
        raise stripe_customer_taken(fact.id)
    try:
        return _link_and_settle(customer, fact, account_id, ports)
    except StripeCustomerClaimed as claimed:
        raise stripe_customer_taken(fact.id) from claimed


def _unlink(customer: Customer, ports: Ports) -> Customer:
    """Returns the customer, stored without its link, so that a refusal is stored with the true state."""
    now = ports.clock.now()
    unlinked = customer.unlinked().telling(CustomerEvent.UNLINKED, Source.POM, now, stripe_id=customer.linked_id)
    return ports.customers.save(unlinked)


def _link_or_create(
    customer: Customer, account_id: StripeAccountId, ports: Ports, creation: CustomerCreation
) -> Customer:
    """Returns the customer, linked to the Stripe customer with its address, or to a new one."""
    require_address(customer)
    taken_ids: set[str] = set()
    while match := _find_by_email(customer, account_id, taken_ids, ports):
        try:
            return _link_and_settle(customer, match, account_id, ports)
        except StripeCustomerClaimed:
            taken_ids.add(match.id)  # another worker was faster; look again without it
    if creation is CustomerCreation.WHEN_INVOICED:
        return ports.customers.save(customer.not_synced(SyncStatus.WAITING_FOR_INVOICE, None))
    return _create(customer, account_id, ports)


def _link_and_settle(customer: Customer, fact: CustomerFact, account_id: StripeAccountId, ports: Ports) -> Customer:
    """Returns the customer, linked to this Stripe customer, with every field settled. Sends only values that differ.

    Raises:
        StripeCustomerClaimed: the Stripe customer belongs to another customer.
    """
    linking = customer.linking(account_id, fact.id)
    if _made_by_pom(customer, fact):
        linking = replace(linking, search_spellings=True)
    if linking.claim_of_link != customer.claim:
        customer = ports.customers.save(linking)
    now, in_stripe = ports.clock.now(), stripe_values(fact)
    first_link = customer.link is not None and customer.link.synced_edition == 0
    settled = merge_fields(customer.profile, in_stripe, customer.last_in_step)
    sent_fields = tuple(field for field, value in settled.to_stripe.items() if value != in_stripe[field])
    updated = customer.with_stripe_values(settled, Source.POM, now)
    if settled.to_stripe or not _has_pom_ids(customer, fact):
        fact = ports.stripe.update_customer(account_id, fact.id, updated, settled.to_stripe)
        if fact.deleted:
            raise StaleWrite("The customer")  # deleted between two requests: read it again
        settled = settled.after_update(stripe_values(fact))
        updated = customer.with_stripe_values(settled, Source.POM, now)
    if first_link:
        updated = updated.telling(CustomerEvent.LINKED, Source.POM, now, sent_fields, fact.id)
    if settled.overwritten_in_stripe:
        updated = updated.telling(CustomerEvent.KEPT, Source.POM, now, settled.overwritten_in_stripe)
    return ports.customers.save(updated.synced(account_id, fact, updated.edition, now, settled.in_step))


def _made_by_pom(customer: Customer, fact: CustomerFact) -> bool:
    """Returns True if POM created the Stripe customer and could not store it, because the response was lost or came
    late.
    """
    return customer.link is None and customer.chosen_stripe_customer_id is None and _has_pom_ids(customer, fact)


def _has_pom_ids(customer: Customer, fact: CustomerFact) -> bool:
    return (fact.pom_organization_id, fact.pom_customer_id) == (customer.organization_id, customer.id)


def _find_by_email(
    customer: Customer, account_id: StripeAccountId, taken_ids: Collection[str], ports: Ports
) -> CustomerFact | None:
    matches = [
        fact for fact in _with_address(customer.profile.email or "", account_id, ports) if fact.id not in taken_ids
    ]
    own = [fact for fact in matches if fact.pom_customer_id == customer.id]
    unclaimed = [fact for fact in matches if fact.pom_customer_id is None]
    for some in (own, unclaimed):
        free = [fact for fact in some if not _held_by_another(customer, fact, account_id, ports)]
        if some is unclaimed and len(free) > 1:
            raise ChoiceNeeded(tuple(fact.id for fact in free), account_id)
        if free:
            return free[0]
    return _made_with_a_former_address(customer, account_id, taken_ids, ports)


def _made_with_a_former_address(
    customer: Customer, account_id: StripeAccountId, taken_ids: Collection[str], ports: Ports
) -> CustomerFact | None:
    """Returns the Stripe customer that POM created with a former address and could not store, or None."""
    for email in customer.unlinked_emails:
        for fact in _with_address(email, account_id, ports):
            if _has_pom_ids(customer, fact) and fact.id not in taken_ids:
                return fact
    return None


def _with_address(email: str, account_id: StripeAccountId, ports: Ports) -> Sequence[CustomerFact]:
    """Returns Stripe's customers with this address, as typed and in lower case.

    Stripe's list compares case. The daily comparison searches for other spellings.
    """
    by_id = {fact.id: fact for fact in ports.stripe.find_customers(account_id, email)}
    if email != email.lower():
        by_id |= {fact.id: fact for fact in ports.stripe.find_customers(account_id, email.lower())}
    return [fact for fact in by_id.values() if not fact.deleted and same_address(fact.email, email)]


def _held_by_another(customer: Customer, fact: CustomerFact, account_id: StripeAccountId, ports: Ports) -> bool:
    holder = ports.customers.holder_of(customer.organization_id, account_id, fact.id)
    return holder not in (None, customer.id)


def _create(customer: Customer, account_id: StripeAccountId, ports: Ports) -> Customer:
    key = digest("customer", account_id, customer.organization_id, customer.id, str(customer.key_generation))
    try:
        fact = ports.stripe.create_customer(account_id, customer, f"{OWN_KEY}{key}")
    except StripeUnavailable as failure:
        if failure.answered:
            ports.customers.save(customer.with_fresh_key())
        raise
    now, values = ports.clock.now(), customer.profile.values
    settled = FieldMerge(customer.profile, {}, values).after_update(stripe_values(fact))
    created = customer.linking(account_id, fact.id).with_stripe_values(settled, Source.POM, now)
    created = replace(
        created.synced(account_id, fact, created.edition, now, settled.in_step),
        search_spellings=True,
    )
    sent_fields = tuple(field for field, value in values.items() if value)
    try:
        return ports.customers.save(created.telling(CustomerEvent.CREATED, Source.POM, now, sent_fields, fact.id))
    except StripeCustomerClaimed as claimed:  # Stripe repeated an earlier answer, and another customer has it by now
        ports.customers.save(customer.with_fresh_key())
        raise StaleWrite("The customer") from claimed


def not_synced_because(customer: Customer, refusal: Refused | Conflict) -> Customer:
    """Returns the customer with the reason why Stripe does not have it as POM has it."""
    if isinstance(refusal, ChoiceNeeded):
        return customer.needing_choice(refusal)
    message = refusal.message if refusal.next_step is None else f"{refusal.message} {refusal.next_step}"
    if refuses_the_choice(refusal):
        return customer.with_refused_choice(message)
    return customer.not_synced(SyncStatus.FAILED, message)
