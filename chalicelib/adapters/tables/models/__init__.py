"""The tables and their indexes. Which is for what, and why, is told in docs/decisions/0004-tables.md.

Indexes lag behind their table, so no decision to write rests on one. An attribute that is None is not stored,
which keeps the item out of the index keyed by it.
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
