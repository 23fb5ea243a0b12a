"""Continues the erasure of a customer from its present state. One worker at a time does this for a customer.

Erasing begins when `BEGINS_AFTER` seconds have passed and no record of the customer is open. By then, every request
or worker that read the customer before the erasure was requested has ended, and the lists have the records that it
stored. Each step may be repeated. The person is removed from the customer's record first, so no other record gets the
person from there.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.acts import CustomerAct
from chalicelib.domain.customer import Customer
from chalicelib.domain.erased_records import customer_without_person
from chalicelib.domain.erasure import Erasure, ErasureBlocker, ErasureStatus, InStripe
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.ports import Ports
from chalicelib.ports.messages import ErasureJob
from chalicelib.usecases.acts.acting import customer_act
from chalicelib.usecases.erasing.delete_in_stripe import delete_in_stripe
from chalicelib.usecases.erasing.erase_records import Pass, erase_records
from chalicelib.usecases.erasing.unsettled import unsettled_of

BEGINS_AFTER = 600
"""Seconds between the request and the first erasure: twice as long as any function of POM may run.

By then, work that read the customer before has ended, and the list has its invoice, because the list lags by seconds.
"""

LOOKS_AGAIN_AFTER = 3600
"""Seconds after which POM checks again whether the things that the erasure waits for are settled."""

SECOND_LOOK_AFTER = 86400
"""Seconds after which POM checks the records once more.

By then every index has what was stored before, every message about the customer has been handled or is a dead letter,
and the daily comparison has brought changes that no event reported.
"""


def erase_customer(organization_id: OrganizationId, customer_id: CustomerId, ports: Ports) -> ErasureStatus | None:
    """Returns the status of the erasure after this run, or None if no erasure was requested. Does nothing before it
    is due.

    Raises:
        StaleWrite, StripeUnavailable, Retryable: the call must be repeated. Data erased so far stays erased.
    """
    customer = ports.customers.get(organization_id, customer_id)
    if customer is None or customer.erasure is None:
        return None
    if customer.erasure.finished_at is None and customer.erasure.due_at <= ports.clock.now():
        customer = _continue(customer, customer.erasure, ports)
    return customer.erasure.status if customer.erasure is not None else None


def _continue(customer: Customer, erasure: Erasure, ports: Ports) -> Customer:
    if erasure.erased_at is None:
        began_at = erasure.requested_at + BEGINS_AFTER
        early = ports.clock.now() < began_at
        unsettled = unsettled_of(customer.organization_id, customer.id, ports)
        if unsettled or early:
            return _store_wait(customer, erasure, unsettled, began_at, ports)
        customer = _erase_customer_record(customer, erasure, ports)
        erasure = customer.erasure or erasure
    return _store_pass(customer, erasure, erase_records(customer, erasure, ports), ports)


def _store_wait(
    customer: Customer, erasure: Erasure, unsettled: tuple[ErasureBlocker, ...], began_at: int, ports: Ports
) -> Customer:
    due_at = max(began_at, ports.clock.now() + LOOKS_AGAIN_AFTER) if unsettled else began_at
    return _save_if_changed(customer, replace(erasure, waits_for=unsettled, due_at=due_at), ports)


def _erase_customer_record(customer: Customer, erasure: Erasure, ports: Ports) -> Customer:
    """Returns the customer, stored without the person. The Stripe customer is deleted first, because that needs the
    addresses.

    If POM fails in between, the deletion is repeated, which changes nothing.
    """
    settled = replace(erasure, waits_for=())
    if erasure.in_stripe is InStripe.DELETE:
        settled = delete_in_stripe(customer, settled, ports)
    act = customer_act(customer.organization_id, customer.id, CustomerAct.ERASED, ports)
    return ports.customers.save(customer_without_person(replace(customer, erasure=settled), act.at), act)


def _store_pass(customer: Customer, erasure: Erasure, erase_pass: Pass, ports: Ports) -> Customer:
    """Returns the customer, stored with the result of this pass over its records.

    The erasure is finished by a pass that finds nothing to erase, a day or more after the previous complete pass.
    """
    now = ports.clock.now()
    if erase_pass.reached is not None:
        interrupted = replace(
            erasure, waits_for=erase_pass.unsettled, reached=erase_pass.reached, erased_in_pass=erase_pass.erased
        )
        customer = _save_if_changed(customer, interrupted, ports)
        ports.queues.send(ErasureJob(customer.organization_id, customer.id))
        return customer
    pass_over = replace(erasure, waits_for=erase_pass.unsettled, reached=None, erased_in_pass=0)
    if erase_pass.unsettled:
        return _save_if_changed(customer, replace(pass_over, passed_at=None, due_at=now + LOOKS_AGAIN_AFTER), ports)
    if erasure.passed_at is not None and not erase_pass.erased:
        return _save_if_changed(customer, replace(pass_over, finished_at=now), ports)
    return _save_if_changed(customer, replace(pass_over, passed_at=now, due_at=now + SECOND_LOOK_AFTER), ports)


def _save_if_changed(customer: Customer, erasure: Erasure, ports: Ports) -> Customer:
    return customer if erasure == customer.erasure else ports.customers.save(replace(customer, erasure=erasure))
