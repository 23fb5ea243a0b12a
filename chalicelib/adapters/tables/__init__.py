"""DynamoDB: the tables, and the stores of the domain's aggregates."""

from __future__ import annotations

from chalicelib.adapters.tables.acts import TableActs
from chalicelib.adapters.tables.batches import TableBatches
from chalicelib.adapters.tables.changes import TableChanges
from chalicelib.adapters.tables.connections import TableConnections
from chalicelib.adapters.tables.customers import TableCustomers
from chalicelib.adapters.tables.database import TABLES, configure
from chalicelib.adapters.tables.events import TableEvents
from chalicelib.adapters.tables.invoices import TableInvoices
from chalicelib.adapters.tables.payments import TablePayments
from chalicelib.adapters.tables.payouts import TablePayouts
from chalicelib.adapters.tables.settings import TableSettings
from chalicelib.adapters.tables.summaries import TableSummaries

__all__ = [
    "TABLES",
    "TableActs",
    "TableBatches",
    "TableChanges",
    "TableConnections",
    "TableCustomers",
    "TableEvents",
    "TableInvoices",
    "TablePayments",
    "TablePayouts",
    "TableSettings",
    "TableSummaries",
    "configure",
]
