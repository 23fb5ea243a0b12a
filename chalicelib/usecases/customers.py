"""POM's customers: keep them, list them, and give them to Stripe."""

from __future__ import annotations

from contextlib import suppress

from chalicelib.domain.connection import usable_account
from chalicelib.domain.customer import Customer, Profile, SyncStatus
from chalicelib.domain.errors import AccountUnreachable, NotFound, Refused, Retryable, StaleWrite
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.domain.storage import Page
from chalicelib.usecases.connect import mark_revoked
from chalicelib.usecases.contention import attempts
from chalicelib.usecases.link_customer import ensure_in_stripe, not_synced_because
from chalicelib.usecases.ports import Ports

ATTEMPTS = 5


def get_customer(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> Customer:
    """One customer.

    Raises:
        NotFound: this organization has no such customer.
    """
    customer = ports.customers.get(organization_id, customer_id)
    if customer is None:
        raise NotFound(
            "customer_not_found",
            "There is no customer of this id.",
            field="customerId",
            next_step="Save the customer first with PUT /v1/customers/{id}.",
        )
    return customer


def list_customers(organization_id: OrganizationId, first: int, after: str | None, ports: Ports) -> Page[Customer]:
    """A page of customers in the order of their ids."""
    return ports.customers.page(organization_id, first, after)


def put_customer(
    organization_id: OrganizationId,
    customer_id: CustomerId,
    profile: Profile,
    chosen_stripe_customer_id: str | None,
    ports: Ports,
) -> Customer:
    """Store POM's customer and have it given to Stripe. Saying the same again changes nothing.

    A message that cannot be queued is no failure of the request: the customer is stored as `pending`, and
    `resume_stuck` takes those up.

    Raises:
        StaleWrite: somebody else keeps changing the same customer.
    """
    now = ports.clock.now()
    current = ports.customers.get(organization_id, customer_id)
    if current is not None and _says_nothing_new(current, profile, chosen_stripe_customer_id):
        return current
    if current is None:
        edited = new_customer(organization_id, customer_id, profile, chosen_stripe_customer_id, now)
    else:
        edited = current.edited(profile, chosen_stripe_customer_id, now)
    if not ports.connections.get(organization_id).active:
        return ports.customers.save(edited.not_synced(SyncStatus.NOT_CONNECTED, None))
    saved = ports.customers.save(edited)
    # Stored as pending: where the message does not get through, `resume_stuck` takes the customer up.
    with suppress(Retryable):
        ports.queues.sync_customer(organization_id, customer_id, saved.edition)
    return saved


def new_customer(
    organization_id: OrganizationId,
    customer_id: CustomerId,
    profile: Profile,
    chosen_stripe_customer_id: str | None,
    now: int,
) -> Customer:
    """The first edition, not stored yet."""
    return Customer(
        organization_id,
        customer_id,
        profile,
        edition=1,
        created_at=now,
        updated_at=now,
        chosen_stripe_customer_id=chosen_stripe_customer_id,
    )


def _says_nothing_new(current: Customer, profile: Profile, chosen: str | None) -> bool:
    same_choice = chosen is None or chosen == current.chosen_stripe_customer_id
    return current.profile == profile and same_choice and current.sync_status is SyncStatus.SYNCED


def sync_again(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> Customer:
    """Have a customer given to Stripe again, as a new edition, whatever became of the last time.

    Raises:
        NotFound: this organization has no such customer.
        Conflict: the organization is not connected.
        StaleWrite: somebody changed the customer at the same moment.
    """
    customer = get_customer(organization_id, customer_id, ports)
    usable_account(ports.connections.get(organization_id))
    saved = ports.customers.save(customer.edited(customer.profile, None, ports.clock.now()))
    with suppress(Retryable):
        ports.queues.sync_customer(organization_id, customer_id, saved.edition)
    return saved


def sync_customer(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> SyncStatus:
    """Give Stripe the customer as POM has it now; which edition a message spoke of does not matter.

    Raises:
        StripeUnavailable, StaleWrite: to be tried again.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        customer = ports.customers.get(organization_id, customer_id)
        if customer is None:
            return SyncStatus.SYNCED
        connection = ports.connections.get(organization_id)
        try:
            if not connection.active or connection.account_id is None:
                customer = ports.customers.save(customer.not_synced(SyncStatus.NOT_CONNECTED, None))
            else:
                customer = _synced(customer, connection.account_id, ports)
        except StaleWrite:
            continue
        if customer.sync_status is not SyncStatus.PENDING:
            return customer.sync_status
    raise StaleWrite("The customer")


def _synced(customer: Customer, account_id: StripeAccountId, ports: Ports) -> Customer:
    try:
        creation = ports.settings.get(customer.organization_id).customer_creation
        return ensure_in_stripe(customer, account_id, ports, creation)
    except AccountUnreachable:
        mark_revoked(customer.organization_id, account_id, ports)
        return ports.customers.save(customer.not_synced(SyncStatus.NOT_CONNECTED, None))
    except Refused as refusal:
        return ports.customers.save(not_synced_because(customer, refusal))
