"""Resumes interrupted work: unfinished invoices, customers that did not reach Stripe, batches, and erasures that are
due.

It also gives up access that was granted in Stripe and whose connection was never completed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.ports import Ports
from chalicelib.ports.messages import CustomerSync, ErasureJob, InvoiceJob, InvoiceTask
from chalicelib.usecases.bulk.batches import resume_batches
from chalicelib.usecases.connecting.give_up_abandoned import give_up_abandoned

PENDING_FOR = 120
"""Seconds after which a customer that is still pending counts as forgotten."""

AT_ONCE = 500
"""The most objects of each kind that one run resumes. The next run, five minutes later, resumes more."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The number of resumed objects. `invoices` leaves out organizations whose invoicing is paused."""

    invoices: int
    customers: int
    batches: int = 0
    abandoned: int = 0
    erasures: int = 0


def resume_stuck(ports: Ports) -> Resumed:
    """Queues the work again. A second message about the same work does no harm."""
    now = ports.clock.now()
    invoices = ports.invoices.due_for_work(now, AT_ONCE)
    for organization_id, invoice_id in invoices:
        ports.queues.send(InvoiceJob(organization_id, invoice_id, InvoiceTask.RESUME))
    customers = ports.customers.pending(now - PENDING_FOR, AT_ONCE)
    for organization_id, customer_id in customers:
        customer = ports.customers.get(organization_id, customer_id)
        if customer is not None:
            ports.queues.send(CustomerSync(organization_id, customer_id, customer.edition))
    erasures = ports.customers.erasures_due(now, AT_ONCE)
    for organization_id, customer_id in erasures:
        ports.queues.send(ErasureJob(organization_id, customer_id))
    return Resumed(
        _free_to_go_on(invoices, ports),
        len(customers),
        resume_batches(ports),
        give_up_abandoned(ports),
        len(erasures),
    )


def _free_to_go_on(invoices: Sequence[tuple[OrganizationId, InvoiceId]], ports: Ports) -> int:
    """Returns the number of these invoices whose organization's invoicing is not paused.

    Invoices of a paused organization may wait for days until an operator decides. If they counted as stuck, one
    organization would hide all others from the alarm.
    """
    organizations = {organization_id for organization_id, _ in invoices}
    paused = {each for each in organizations if ports.connections.get(each).frozen is not None}
    return sum(organization_id not in paused for organization_id, _ in invoices)
