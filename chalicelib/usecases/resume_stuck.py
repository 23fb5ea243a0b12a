"""Take up what was left half-done: invoices whose making stopped, customers that did not reach Stripe, batches.

Attempts to connect that were granted in Stripe and never completed are given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Step
from chalicelib.usecases.batches import resume_batches
from chalicelib.usecases.give_up_abandoned import give_up_abandoned
from chalicelib.usecases.invoice_saga import run, take_back_at_once
from chalicelib.usecases.plan_day import marked_overdue
from chalicelib.usecases.ports import InvoiceTask, Ports
from chalicelib.usecases.same_account import of_other_account

PENDING_FOR = 120
"""Seconds after which a customer still pending counts as forgotten."""

AT_ONCE = 500
"""How many of each are taken up in one run; the next run, five minutes later, takes more."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """How much was taken up. `invoices` are those that may go on, without those of organizations that are paused."""

    invoices: int
    customers: int
    batches: int = 0
    abandoned: int = 0


def resume_stuck(ports: Ports) -> Resumed:
    """Queue the work again; queues that already hold it lose nothing by it."""
    now = ports.clock.now()
    invoices = ports.invoices.due_for_work(now, AT_ONCE)
    for organization_id, invoice_id in invoices:
        ports.queues.invoice_task(organization_id, invoice_id, InvoiceTask.RESUME)
    customers = ports.customers.pending(now - PENDING_FOR, AT_ONCE)
    for organization_id, customer_id in customers:
        customer = ports.customers.get(organization_id, customer_id)
        if customer is not None:
            ports.queues.sync_customer(organization_id, customer_id, customer.edition)
    return Resumed(_free_to_go_on(invoices, ports), len(customers), resume_batches(ports), give_up_abandoned(ports))


def _free_to_go_on(invoices: Sequence[tuple[OrganizationId, InvoiceId]], ports: Ports) -> int:
    """Returns how many of these invoices belong to organizations whose invoicing is not paused.

    Invoices of a paused organization wait until somebody decides, for days if need be. If they counted as stuck, one
    organization would keep the alarm from telling of all others.
    """
    organizations = {organization_id for organization_id, _ in invoices}
    paused = {each for each in organizations if ports.connections.get(each).frozen is not None}
    return sum(organization_id not in paused for organization_id, _ in invoices)


def resume_invoice(organization_id: OrganizationId, invoice_id: InvoiceId, ports: Ports) -> Invoice | None:
    """Go on with one invoice, unless somebody is at work on it, it needs nothing, or invoicing is paused.

    One that was being made on an account that another has replaced, and that nobody can have seen, is taken back:
    its services can be billed on the new account.

    Raises:
        Refused, Conflict: it cannot be made and has been taken back.
        Retryable: not now.
    """
    now = ports.clock.now()
    invoice = ports.invoices.get(organization_id, invoice_id)
    if invoice is None:
        return None
    # While its making rests, the index of what is due for work has no place for the end of its due day.
    invoice = marked_overdue(invoice, ports)
    if not invoice.saga.running or (invoice.saga.resume_at or 0) > now:
        return invoice
    connection = ports.connections.get(organization_id)
    if invoice.saga.step is not Step.ABORT and connection.frozen is not None:
        return invoice
    replaced = connection.active and connection.account_id != invoice.stripe_account_id
    try:
        leased = ports.invoices.save(replace(invoice, saga=invoice.saga.leased(now)))
    except StaleWrite:
        return invoice
    if replaced and leased.saga.before_sending:
        take_back_at_once(leased, ports)
        raise of_other_account()
    return run(leased, ports)
