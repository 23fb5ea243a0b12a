"""Stores and lists POM's customers, and sends them to Stripe."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from chalicelib.domain.acts import CustomerAct
from chalicelib.domain.connection import require_organization, usable_account
from chalicelib.domain.customer import Customer, SyncStatus, require_not_erased
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.customer_save import Save, next_edition
from chalicelib.domain.errors import (
    AccountUnreachable,
    Conflict,
    NotFound,
    Refused,
    Retryable,
    StaleWrite,
    StripeUnavailable,
)
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId, UserId, require_customer_id
from chalicelib.domain.preconditions import Precondition
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts
from chalicelib.ports.messages import CustomerSync
from chalicelib.ports.storage import Page
from chalicelib.usecases.acts.acting import customer_act
from chalicelib.usecases.connecting.revocation import mark_revoked
from chalicelib.usecases.customers.link_customer import ensure_in_stripe, not_synced_because
from chalicelib.usecases.customers.save_act import save_act
from chalicelib.usecases.customers.stripe_owner import require_free_choice

ATTEMPTS = 10
WAITING_AT_ONCE = 100


def get_customer(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> Customer:
    """Returns one customer.

    Raises:
        NotFound: this organization has no such customer, or it is erased.
    """
    customer = require_customer(organization_id, customer_id, ports)
    if customer.erased:
        raise NotFound(
            "customer_erased",
            "This customer has been erased.",
            field="customerId",
            next_step="An admin can see how far that is with GET /v1/customers/{id}/erasure.",
        )
    return customer


def open_customer(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> Customer:
    """Returns a customer that is not erased, for a change or an invoice.

    Raises:
        NotFound: this organization has no such customer.
        CustomerErased: it is erased, or is about to be.
    """
    customer = require_customer(organization_id, customer_id, ports)
    require_not_erased(customer)
    return customer


def require_open_customer(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> None:
    """Refuses to continue an invoice whose customer is erased.

    Raises:
        CustomerErased: it is erased, or is about to be.
    """
    customer = ports.customers.get(organization_id, customer_id)
    if customer is not None:
        require_not_erased(customer)


def require_customer(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> Customer:
    """Returns POM's record of a customer, also if it is erased.

    Raises:
        NotFound: this organization has no such customer.
    """
    customer = ports.customers.get(organization_id, customer_id)
    if customer is None:
        raise NotFound(
            "customer_not_found",
            "There is no customer with this id.",
            field="customerId",
            next_step="Look the customer up in the list of customers, or save it with PUT /v1/customers/{id}.",
        )
    return customer


def list_customers(
    organization_id: OrganizationId, customer_filter: CustomerFilter, first: int, after: str | None, ports: Ports
) -> Page[Customer]:
    """Returns a page of the customers that fit the filter, as they are on the connected account."""
    account_id = ports.connections.get(organization_id).account_id
    page = ports.customers.page(organization_id, replace(customer_filter, account_id=account_id), first, after)
    return replace(page, items=tuple(each.on_account(account_id) for each in page.items))


def on_connected_account(customer: Customer, ports: Ports) -> Customer:
    """Returns the customer as it is on the connected account."""
    return customer.on_account(ports.connections.get(customer.organization_id).account_id)


def put_customer(
    organization_id: OrganizationId,
    customer_id: CustomerId,
    save: Save,
    ports: Ports,
    precondition: Precondition | None = None,
    *,
    by: UserId | None = None,
) -> Customer:
    """Stores POM's customer, for the user `by`, and queues its sync to Stripe. Storing the same record again changes
    nothing.

    The precondition is checked against the version that the write replaces. A repeated request whose first response
    was lost succeeds, because a customer that already equals the request is not replaced.

    If the message cannot be queued, the request still succeeds: the customer is stored as `pending`, and
    `resume_stuck` queues it later.

    Raises:
        Refused: a customer cannot have this id, or Stripe has no such customer as the chosen one.
        Conflict: the chosen Stripe customer belongs to another customer, or the customer or the organization is
            erased.
        PreconditionFailed: the customer is not as the client has seen it.
        StaleWrite: the customer kept changing all the while.
    """
    require_customer_id(customer_id)
    connection = ports.connections.get(organization_id)
    require_organization(connection)
    first_read = current = ports.customers.get(organization_id, customer_id)
    _require_precondition(precondition, save, current)
    # If Stripe does not answer, the choice is stored, because the sync checks again before it links.
    with suppress(StripeUnavailable):
        require_free_choice(current, customer_id, save.choice(current), connection, ports)
    for attempt in attempts(ATTEMPTS, ports.clock):
        if attempt:
            # A worker of POM has just stored the result of a sync, or values from Stripe.
            current = ports.customers.get(organization_id, customer_id)
            _require_precondition(precondition, save, current)
        new_edition = next_edition(customer_id, save, first_read, current, connection, ports.clock.now())
        if new_edition is not None:
            act = save_act(current, new_edition, save, ports, by)
            try:
                return _queue_if_pending(ports.customers.save(new_edition, act), ports)
            except StaleWrite:
                continue
        if current is not None:
            # If a former attempt was stored and its answer was lost, the customer is not queued yet.
            return _queue_if_pending(current, ports) if attempt else current
    raise StaleWrite("The customer")


def _require_precondition(precondition: Precondition | None, save: Save, stored: Customer | None) -> None:
    if stored is not None:
        require_not_erased(stored)
    if precondition is not None and (stored is None or not save.is_stored_in(stored)):
        precondition.require(stored)


def _queue_if_pending(saved: Customer, ports: Ports) -> Customer:
    # If the message is lost, `resume_stuck` finds the customer, because it is stored as `pending`.
    if saved.sync_status is SyncStatus.PENDING:
        with suppress(Retryable):
            ports.queues.send(CustomerSync(saved.organization_id, saved.id, saved.edition))
    return saved


def sync_again(
    organization_id: OrganizationId, customer_id: CustomerId, ports: Ports, *, by: UserId | None = None
) -> Customer:
    """Queues a new sync of a customer for the user `by`, as a new edition, whatever the result of the last sync.

    Raises:
        NotFound: this organization has no such customer.
        Conflict: the organization is not connected, or the customer is erased.
        StaleWrite: the customer kept changing all the while.
    """
    act = customer_act(organization_id, customer_id, CustomerAct.SYNC_REQUESTED, ports, actor=by)
    for _ in attempts(ATTEMPTS, ports.clock):
        customer = open_customer(organization_id, customer_id, ports)
        usable_account(ports.connections.get(organization_id))
        with suppress(StaleWrite):  # our own worker was faster
            refused_choice = customer.chosen_stripe_customer_id if customer.choice_refused else None
            saved = ports.customers.save(customer.edited(customer.profile, refused_choice, ports.clock.now()), act)
            return _queue_if_pending(saved, ports)
    raise StaleWrite("The customer")


def queue_waiting_customers(organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports) -> int:
    """Queues the customers that were edited while the account was not connected. Returns their number.

    Customers of other accounts are left as they are: an invoice or a save brings them to the present account.
    """
    queued_ids: set[CustomerId] = set()
    while True:
        waiting_ids = ports.customers.waiting_for(organization_id, account_id, WAITING_AT_ONCE)
        fresh = [each for each in waiting_ids if each not in queued_ids]  # the index may be behind
        for customer_id in fresh:
            customer = ports.customers.get(organization_id, customer_id)
            if customer is not None and not customer.erased and customer.waits_for == account_id:
                with suppress(StaleWrite):  # somebody has just saved it, and had it queued
                    _queue_if_pending(ports.customers.save(customer.connected_again()), ports)
        queued_ids.update(fresh)
        if not fresh:
            return len(queued_ids)


def sync_customer(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> SyncStatus:
    """Sends the present edition of the customer to Stripe, even if the message was about an earlier edition.

    Raises:
        StripeUnavailable, StaleWrite: the caller has to try again.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        customer = ports.customers.get(organization_id, customer_id)
        if customer is None:
            return SyncStatus.SYNCED
        if customer.erased:  # since the message was sent
            return customer.sync_status
        connection = ports.connections.get(organization_id)
        try:
            if not connection.active or connection.account_id is None:
                customer = ports.customers.save(customer.not_synced(SyncStatus.NOT_CONNECTED, None))
            else:
                customer = _sync(customer, connection.account_id, ports)
        except StaleWrite:
            continue
        if customer.sync_status is not SyncStatus.PENDING:
            return customer.sync_status
    raise StaleWrite("The customer")


def _sync(customer: Customer, account_id: StripeAccountId, ports: Ports) -> Customer:
    try:
        creation = ports.settings.get(customer.organization_id).customer_creation
        return ensure_in_stripe(customer, account_id, ports, creation)
    except AccountUnreachable:
        mark_revoked(customer.organization_id, account_id, ports)
        return ports.customers.save(customer.not_synced(SyncStatus.NOT_CONNECTED, None))
    except (Refused, Conflict) as refusal:
        return ports.customers.save(not_synced_because(customer, refusal))
