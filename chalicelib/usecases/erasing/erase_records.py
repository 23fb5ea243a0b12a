"""Removes the person from every record of a customer other than the customer's own, in one pass over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from chalicelib.domain.customer import Customer
from chalicelib.domain.erased_records import (
    batch_item_without_person,
    invoice_without_person,
    payout_line_without_person,
    settled_movement_without_person,
)
from chalicelib.domain.erasure import Erasure, ErasureBlocker
from chalicelib.domain.erasure_blockers import blockers_in, is_settled
from chalicelib.domain.identifiers import BatchId, OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports import Ports
from chalicelib.ports.paging import AT_ONCE, all_items
from chalicelib.usecases.erasing import holdings
from chalicelib.usecases.erasing.unsettled import REPORTED_AT_MOST, account_to_settle_on
from chalicelib.usecases.invoicing.store_invoice import store

RUN_FOR = 200
"""Seconds after which a run stops and another run continues. The function has 300 seconds."""


@dataclass(slots=True)
class Pass:
    """The result of a pass. `erased` counts the records that still held personal data.

    `unsettled` are the things that are not settled, and were left as they are. `reached` is set if the time ran out.
    It is the position among the items of batches from which another run continues, and is empty for the first item.
    """

    erased: int
    unsettled: tuple[ErasureBlocker, ...] = ()
    reached: str | None = None


def erase_records(customer: Customer, erasure: Erasure, ports: Ports) -> Pass:
    """Returns the result of the present pass. It continues where the run before this one stopped.

    The items of batches come last, because an organization may have very many. A continuing run is at these.

    Raises:
        StaleWrite, Retryable: the call must be repeated. Data erased so far stays erased.
    """
    until = ports.clock.now() + RUN_FOR
    progress = Pass(erasure.erased_in_pass, erasure.waits_for)
    if erasure.reached is None:
        account_id = account_to_settle_on(customer.organization_id, ports)
        stored_invoices = holdings.invoices_of(customer.organization_id, customer.id, ports)
        invoices = [_erase_invoice(invoice, account_id, progress, ports) for invoice in stored_invoices]
        unsettled = (each for invoice in invoices for each in blockers_in(invoice, account_id))
        progress.unsettled = tuple(islice(unsettled, REPORTED_AT_MOST))
        _erase_money(customer, invoices, progress, ports)
        _shorten_parked(customer, invoices, progress, ports)
    _erase_batch_items(customer, erasure.reached or "", until, progress, ports)
    return progress


def _erase_invoice(listed: Invoice, account_id: StripeAccountId | None, progress: Pass, ports: Ports) -> Invoice:
    """Returns the invoice as it is stored now. Each version is judged separately, so an open invoice is never
    erased.
    """
    now = ports.clock.now()

    def erased(current: Invoice) -> Invoice:
        if not is_settled(current, account_id):
            return current
        without = invoice_without_person(current, now)
        return current if without == current else without.changed(now)

    stored = store(listed, erased, ports)
    progress.erased += stored.version != listed.version
    return stored


def _erase_money(customer: Customer, invoices: Sequence[Invoice], progress: Pass, ports: Ports) -> None:
    """Removes the person from the rows of payments, and from the lines of payouts that belong to them."""
    organization_id = customer.organization_id
    rows = list(holdings.movements_of(organization_id, customer.id, invoices, ports))
    unsettled = {invoice.id for invoice in invoices if invoice.erased_at is None}
    for row in rows:
        if row.movement.invoice_id not in unsettled and settled_movement_without_person(row) != row:
            ports.payments.change(organization_id, row.movement.id, settled_movement_without_person)
            progress.erased += 1
    for held_line in holdings.payout_lines_of(organization_id, customer.id, rows, ports):
        without = payout_line_without_person(held_line.line)
        if without != held_line.line:
            ports.payouts.put_lines(organization_id, held_line.payout_id, [without])
            progress.erased += 1


def _shorten_parked(customer: Customer, invoices: Sequence[Invoice], progress: Pass, ports: Ports) -> None:
    """Shortens parked events to what is needed to fetch their objects from Stripe. They are still tried again."""
    for held_event in holdings.parked_events_of(customer, invoices, ports):
        pointer = ports.stripe.pointer_to(held_event.event)
        if pointer != held_event.event.body:
            ports.events.shorten(held_event.account_id, held_event.event.id, pointer)
            progress.erased += 1


def _erase_batch_items(customer: Customer, reached: str, until: int, progress: Pass, ports: Ports) -> None:
    """Removes the person from items of batches after the position `reached`, until the time is over."""
    organization_id, batches = customer.organization_id, set[BatchId]()
    for place, stored_item in ports.batches.every_item(organization_id, reached or None):
        if ports.clock.now() >= until:
            progress.reached = reached
            return
        reached = place
        if stored_item.item.customer_id != customer.id:
            continue
        batches.add(stored_item.batch_id)
        without = batch_item_without_person(stored_item.item)
        if without != stored_item.item:
            ports.batches.rewrite(organization_id, stored_item.batch_id, without)
            progress.erased += 1
    for batch_id in sorted(batches):
        progress.erased += _forget_texts(organization_id, batch_id, ports)


def _forget_texts(organization_id: OrganizationId, batch_id: BatchId, ports: Ports) -> bool:
    """Removes the memo and the footer that the invoices of a batch have in common. Returns True if there were any.

    They stay while another customer's invoice can still be created with them, because it failed and can be retried.

    Raises:
        StaleWrite: another request is retrying or sending the batch; call again.
    """
    batch = ports.batches.get(organization_id, batch_id)
    if batch is None or (batch.terms.memo is None and batch.terms.footer is None):
        return False
    if batch.cancelled_at is None and any(
        item.services for item in all_items(partial(ports.batches.items, batch, AT_ONCE))
    ):
        return False
    ports.batches.save(replace(batch, terms=replace(batch.terms, memo=None, footer=None)))
    return True
