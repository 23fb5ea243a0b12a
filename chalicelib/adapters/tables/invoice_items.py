"""The items of invoices: a document, and the keys of the indexes.

The JSON of an invoice begins with the two ids that are the item's key. The stored document leaves these ids out.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.adapters.tables.codec import decode_text, document_attribute, json_of, text_of
from chalicelib.adapters.tables.database import Item
from chalicelib.adapters.tables.former_invoices import upgrade
from chalicelib.adapters.tables.keys import key, moment
from chalicelib.adapters.tables.writes import Values
from chalicelib.domain import attention
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import OPEN_STATUSES, STATUSES_OF, StatusGroup

RESUME, TURN_OVERDUE = "saga", "overdue"
"""The partitions of `due_work`."""

QUARTER = 15 * 60
"""Seconds of a quarter of an hour.

`by_updated` orders invoices by the quarter of their latest change, so further changes in the same quarter do not
write the index.
"""

_ID_LETTERS = slice(4, 12)
"""The part of an invoice's id in the keys of indexes: 40 random bits, without the `inv_` before them.

It only orders invoices of the same second. The whole id in each of five keys would take about 100 of the 1,024 bytes
of a write unit.
"""

LETTER_OF_GROUP: Mapping[StatusGroup, str] = {StatusGroup.UNPAID: "u", StatusGroup.SETTLED: "s"}
"""The groups in `by_group`, with the first letter of their keys. No status is in two groups.

Open invoices are in `by_due_date` instead. A letter takes less space than the group's name.
"""

UNDATED = moment(10**12)
"""The time in the key of an open invoice without a due date, behind all others."""


def stored_invoice(item: Item) -> Invoice:
    """Returns the invoice in an item, in the present form. Every read of invoices uses this function."""
    text = _with_ids(text_of(item), item)
    invoice = decode_text(Invoice, text)
    # An invoice in the present form has at least one act, because creating it is one.
    return invoice if invoice.actions else upgrade(invoice, text)


def quarter_of(at: int) -> int:
    """Returns the second at which the quarter of an hour of `at` began."""
    return at - at % QUARTER


def invoice_values(invoice: Invoice, stored: Invoice) -> Values:
    """Returns the attributes of an invoice's item.

    `stored` is the same invoice as `invoice` in the form that the document holds. Indexes use the status of
    `invoice`, which has been computed already.
    """
    organization_id, customer_id, status = invoice.organization_id, invoice.order.customer_id, invoice.status
    due_at, fact = invoice.due_at, invoice.facts.invoice
    number = fact.number if fact else None
    trouble = attention.most_urgent(invoice)
    # An invoice has one entry in `due_work`: first to resume its saga or its refunds, then to turn overdue.
    work, resume_at = RESUME, invoice.resume_at
    if resume_at is None:
        work, resume_at = TURN_OVERDUE, invoice.turns_overdue_at
    id_letters = invoice.id[_ID_LETTERS]
    created_key = key(moment(invoice.created_at), id_letters)
    groups = [letter for group, letter in LETTER_OF_GROUP.items() if status in STATUSES_OF[group]]
    due_key = key(moment(due_at) if due_at is not None else UNDATED, id_letters)
    return {
        "organization_id": organization_id,
        "invoice_id": invoice.id,
        "version": stored.version,
        "created_key": created_key,
        "status_key": key(organization_id, status.value),
        "customer_key": key(organization_id, customer_id),
        "group_key": f"{groups[0]}#{created_key}" if groups else None,
        "due_key": due_key if status in OPEN_STATUSES else None,
        "overdue_key": due_key if invoice.overdue else None,
        "disputed_key": created_key if invoice.disputed else None,
        "updated_key": key(moment(quarter_of(invoice.updated_at)), id_letters),
        "number_key": key(number, id_letters) if number else None,
        "attention_kind_key": key(organization_id, trouble.kind.value) if trouble is not None else None,
        "attention_key": key(moment(trouble.at), id_letters) if trouble is not None else None,
        "work": work if resume_at is not None else None,
        "resume_at": resume_at,
        **document_attribute(_without_ids(stored)),
    }


def _key_in_json(organization_id: str, invoice_id: str) -> bytes:
    """Returns the beginning of an invoice's JSON: its two ids."""
    return json_of({"organization_id": organization_id, "id": invoice_id})[:-1] + b","


def _without_ids(invoice: Invoice) -> bytes:
    """Returns the JSON of an invoice without the two ids that are the item's key."""
    text = json_of(invoice)
    return b"{" + text[len(_key_in_json(invoice.organization_id, invoice.id)) :]


def _with_ids(text: str | bytes, item: Item) -> bytes:
    """Returns the JSON of an invoice, with its ids. Documents stored until 2026-11-28 contain them already."""
    document = text.encode() if isinstance(text, str) else text
    if document.startswith(b'{"organization_id"'):
        return document
    return _key_in_json(item["organization_id"]["S"], item["invoice_id"]["S"]) + document[1:]
