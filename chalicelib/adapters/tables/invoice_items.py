"""Invoices as items: the document, and beside it the keys of the indexes."""

from __future__ import annotations

from chalicelib.adapters.tables.codec import decoded_item, encoded
from chalicelib.adapters.tables.database import Item
from chalicelib.adapters.tables.keys import key, moment
from chalicelib.adapters.tables.writes import Values
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import OPEN_STATUSES

RESUME, TURN_OVERDUE = "saga", "overdue"
"""The partitions of `due_work`."""

QUARTER = 15 * 60
"""Seconds within which changes of one invoice leave its place in `by_updated` as it is."""


def stored_invoice(item: Item) -> Invoice:
    """Returns the invoice that an item holds. Every reader of invoices comes through here."""
    return decoded_item(Invoice, item)


def quarter_of(at: int) -> int:
    """Returns the second at which the quarter of an hour of `at` began."""
    return at - at % QUARTER


def invoice_values(invoice: Invoice, stored: Invoice) -> Values:
    """Returns the attributes of an item. `invoice` is `stored` before that was counted: its standing is known."""
    organization_id, customer_id, status = invoice.organization_id, invoice.order.customer_id, invoice.status
    due_at, fact = invoice.due_at, invoice.facts.invoice
    number = fact.number if fact else None
    # The next thing to do about the invoice, and when. Its making comes first.
    work, resume_at = RESUME, invoice.saga.resume_at
    if resume_at is None:
        work, resume_at = TURN_OVERDUE, invoice.turns_overdue_at
    return {
        "organization_id": organization_id,
        "invoice_id": invoice.id,
        "version": stored.version,
        "created_key": key(moment(invoice.created_at), invoice.id),
        "status_key": key(organization_id, status.value),
        "customer_key": key(organization_id, customer_id),
        "due_key": key(moment(due_at), invoice.id) if status in OPEN_STATUSES and due_at is not None else None,
        "updated_key": key(moment(quarter_of(invoice.updated_at)), invoice.id),
        "number_key": key(number, invoice.id) if number else None,
        "work": work if resume_at is not None else None,
        "resume_at": resume_at,
        **encoded(stored),
    }
