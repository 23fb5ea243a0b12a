"""Invariant 18: no stored record names an erased customer. The check searches for texts and uses no rule of the
backend.

`PERSON` matches every text that people type in a simulated town, and every text about payers in its Stripe accounts.
Each record is searched in Python's representation, with all of its fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chalicelib.domain.customer import Customer
from chalicelib.domain.erasure import ErasureStatus
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import Order
from tests.fakes import FakeDatabase
from tests.fakes.database import Parked

PERSON = re.compile(
    r"@|\+1555|Elm St|Oak Ave|'(?:Ann|Bo|Lee|Tempe|Phoenix|visa)'|Ann Lee|Bo Lee|Cleaning|Filter|Thank you|See you"
    r"|xxxx|4242|TEST BANK|https?://|check 17"
)
"""Addresses, names, phones, lines, memos, cards, banks, references and links of the people of a town."""

STILL_OPEN = ("creating", "draft", "pending", "failed")


def texts_in(record: object) -> set[str]:
    """Returns the texts in a record that identify a person."""
    return set(PERSON.findall(repr(record)))


def faults_of_write(old: Any, new: Any) -> Iterator[str]:
    """Yields each fault of a record that was just stored, if its person is erased."""
    if isinstance(new, Invoice):
        yield from _faults_of_invoice(old, new)
    if isinstance(new, Customer) and new.erasure and new.erasure.erased_at and (faults := texts_in(new)):
        yield f"18: {new.id} of {new.organization_id} was erased, and says {faults}"
    if isinstance(old, Customer) and old.erasure is not None:
        now = new.erasure if isinstance(new, Customer) else None
        if now is None or (old.erasure.finished_at is not None and now.finished_at is None):
            yield f"18: the erasure of {old.id} was taken back"


def _faults_of_invoice(old: Invoice | None, new: Invoice) -> Iterator[str]:
    if new.erased_at is None:
        return
    if faults := texts_in(new):
        yield f"18: {new.id} was erased, and says {faults}"
    waits = [each for each in new.refund_orders if each.open]
    if old is not None and old.erased_at is None and (new.status in STILL_OPEN or new.disputed or waits):
        yield f"18: {new.id} was erased while it was {new.status}"


def without_texts(order: Order) -> Order:
    """Returns an order without texts that people wrote, for comparison with the order after an erasure."""
    lines = tuple(replace(each, description="") for each in order.line_items)
    deductions = tuple(replace(each, description="") for each in order.deductions)
    return replace(order, line_items=lines, deductions=deductions, memo=None, footer=None, fingerprint="")


def erased_customers(database: FakeDatabase) -> list[Customer]:
    """Returns the customers whose erasure was requested."""
    return [each for each in database.customers.values() if each.erasure is not None]


def unfinished(database: FakeDatabase) -> list[Customer]:
    """Returns the customers that are not erased yet although none of their objects is open."""
    return [each for each in erased_customers(database) if not _is_over(each) and not _waits_rightly(each, database)]


def _is_over(customer: Customer) -> bool:
    return customer.erasure is not None and customer.erasure.status is ErasureStatus.ERASED


def _waits_rightly(customer: Customer, database: FakeDatabase) -> bool:
    waits = [each.object_id for each in customer.erasure.waits_for] if customer.erasure else []
    return bool(waits) and all(_is_open(customer.organization_id, each, database) for each in waits)


def faults_at_rest(database: FakeDatabase) -> Iterator[str]:
    """Yields each erasure that should have finished and has not, and each record that names an erased person."""
    for customer in unfinished(database):
        yield f"18: {customer.id} of {customer.organization_id} is not erased: {customer.erasure}"
    for customer in filter(_is_over, erased_customers(database)):
        for name, faults in _left(customer.organization_id, customer.id, customer, database):
            yield f"18: {customer.id} of {customer.organization_id} is erased, and {name} says {faults}"


def _is_open(organization_id: OrganizationId, object_id: str, database: FakeDatabase) -> bool:
    """Returns True if an invoice is open, or if money of it is on its way. Returns False for a batch, because a batch
    ends automatically.
    """
    invoice = database.invoices.get((organization_id, InvoiceId(object_id)))
    if invoice is None:
        return False
    facts = invoice.facts
    on_its_way = [
        *(each for each in facts.known_intents.values() if each.status == "processing"),
        *(each for each in facts.charges.values() if each.status == "pending"),
        *(each for each in facts.refunds.values() if each.status in ("pending", "requires_action")),
    ]
    return invoice.status in STILL_OPEN or invoice.disputed or invoice.being_revised or bool(on_its_way)


def _left(
    organization_id: OrganizationId, customer_id: CustomerId, customer: Customer, database: FakeDatabase
) -> Iterator[tuple[str, set[str]]]:
    records: list[tuple[str, object]] = [("the customer", customer)]
    invoices = [each for (owner, _), each in database.invoices.items() if owner == organization_id]
    invoices = [each for each in invoices if each.order.customer_id == customer_id]
    records += [(each.id, each) for each in invoices]
    records += [
        (name, (row, database.settlements.get((owner, name))))
        for (owner, name), row in database.movements.items()
        if owner == organization_id and row.customer_id == customer_id
    ]
    records += [
        (f"a line of {payout_id}", line)
        for (owner, payout_id), lines in database.payout_lines.items()
        for line in lines.values()
        if owner == organization_id and line.owner is not None and line.owner.customer_id == customer_id
    ]
    records += [
        (f"item {number} of {batch_id}", item)
        for (owner, batch_id, number), item in database.batch_items.items()
        if owner == organization_id and item.customer_id == customer_id
    ]
    ids = {customer.linked_id, *(stripe_id for each in invoices for stripe_id in each.stripe_invoice_ids)}
    records += [
        (event_id, known.event.body)
        for (_, event_id), known in database.events.items()
        if isinstance(known, Parked) and any(f'"{each}"' in known.event.body for each in ids if each)
    ]
    yield from ((name, faults) for name, record in records if (faults := texts_in(record)))
