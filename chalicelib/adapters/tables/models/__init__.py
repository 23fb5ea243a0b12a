"""The tables and their indexes. docs/decisions/0004-tables.md says what each is for, and why.

Indexes lag behind their table, so no write depends on an index. An attribute that is None is not stored, and so the
item is not in the index that has this attribute as a key.
"""

from __future__ import annotations

from chalicelib.adapters.tables.models.batches import BatchItem
from chalicelib.adapters.tables.models.changes import ChangeItem
from chalicelib.adapters.tables.models.connections import ClaimItem, ConnectionItem, OAuthStateItem
from chalicelib.adapters.tables.models.customers import CustomerItem
from chalicelib.adapters.tables.models.events import EventItem
from chalicelib.adapters.tables.models.invoices import InvoiceItem, PaymentReferenceItem
from chalicelib.adapters.tables.models.payments import PaymentItem
from chalicelib.adapters.tables.models.payouts import PayoutItem
from chalicelib.adapters.tables.models.summaries import SummaryItem

__all__ = [
    "BatchItem",
    "ChangeItem",
    "ClaimItem",
    "ConnectionItem",
    "CustomerItem",
    "EventItem",
    "InvoiceItem",
    "OAuthStateItem",
    "PaymentItem",
    "PaymentReferenceItem",
    "PayoutItem",
    "SummaryItem",
]
