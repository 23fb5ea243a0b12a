"""Invoices as items: the document, and beside it the keys of the indexes.

A document begins with the ids that are the item's own key, so the item does not store them twice.
"""

from __future__ import annotations

from chalicelib.adapters.tables.codec import decoded_text, json_of, stored_text, text_of
from chalicelib.adapters.tables.database import Item
from chalicelib.adapters.tables.former_invoices import brought_over
from chalicelib.adapters.tables.keys import key, moment
from chalicelib.adapters.tables.writes import Values
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import OPEN_STATUSES

RESUME, TURN_OVERDUE = "saga", "overdue"
"""The partitions of `due_work`."""

QUARTER = 15 * 60
"""Seconds within which changes of one invoice leave its place in `by_updated` as it is."""


_TELLS_APART = 14
"""Letters of an invoice's id that stand in the keys of indexes: `inv_` and 50 of the id's random bits.

They give invoices with the same time an order, which is all that they are for. A whole id in each of four keys would
cost an item a sixteenth of the KB that DynamoDB bills.
"""


def stored_invoice(item: Item) -> Invoice:
    """Returns the invoice that an item holds. Every reader of invoices comes through here."""
    text = _whole(text_of(item), item)
    invoice = decoded_text(Invoice, text)
    # Every invoice in the present form has an act of POM's: somebody has created it.
    return invoice if invoice.actions else brought_over(invoice, text)


def quarter_of(at: int) -> int:
    """Returns the second at which the quarter of an hour of `at` began."""
    return at - at % QUARTER


def invoice_values(invoice: Invoice, stored: Invoice) -> Values:
    """Returns the attributes of an item. `invoice` is `stored` before that was counted: its standing is known."""
    organization_id, customer_id, status = invoice.organization_id, invoice.order.customer_id, invoice.status
    due_at, fact = invoice.due_at, invoice.facts.invoice
    number = fact.number if fact else None
    # The next thing to do about the invoice, and when. Its making comes first.
    work, resume_at = RESUME, invoice.resume_at
    if resume_at is None:
        work, resume_at = TURN_OVERDUE, invoice.turns_overdue_at
    named = invoice.id[:_TELLS_APART]
    return {
        "organization_id": organization_id,
        "invoice_id": invoice.id,
        "version": stored.version,
        "created_key": key(moment(invoice.created_at), named),
        "status_key": key(organization_id, status.value),
        "customer_key": key(organization_id, customer_id),
        "due_key": key(moment(due_at), named) if status in OPEN_STATUSES and due_at is not None else None,
        "updated_key": key(moment(quarter_of(invoice.updated_at)), named),
        "number_key": key(number, named) if number else None,
        "work": work if resume_at is not None else None,
        "resume_at": resume_at,
        **stored_text(_without_key(stored)),
    }


def _key_in_json(organization_id: str, invoice_id: str) -> bytes:
    """Returns how the JSON of an invoice begins."""
    return json_of({"organization_id": organization_id, "id": invoice_id})[:-1] + b","


def _without_key(invoice: Invoice) -> bytes:
    """Returns the JSON of an invoice less the ids that are its key."""
    text = json_of(invoice)
    return b"{" + text[len(_key_in_json(invoice.organization_id, invoice.id)) :]


def _whole(text: str | bytes, item: Item) -> bytes:
    """Returns the JSON of an invoice. Documents stored until 2026-11-28 have its ids."""
    document = text.encode() if isinstance(text, str) else text
    if document.startswith(b'{"organization_id"'):
        return document
    return _key_in_json(item["organization_id"]["S"], item["invoice_id"]["S"]) + document[1:]
