"""A ledger written to tables with streams, and the stream's records in the form in which Lambda passes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import boto3
from pynamodb.models import Model

from chalicelib.adapters import tables
from chalicelib.adapters.tables.customers import customer_values
from chalicelib.adapters.tables.invoice_items import invoice_values
from chalicelib.adapters.tables.models import ChangeItem, ConnectionItem, CustomerItem, InvoiceItem, PayoutItem
from chalicelib.adapters.tables.writes import Values, attributes
from chalicelib.domain.changes import ObjectKind
from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import Customer
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import Payout
from infra.local.resources import create_models
from infra.local.streams import ShardReader
from tests.proofs.ledger import Entry, Ledger

PREFIX = "told-"

MODELS: Mapping[ObjectKind, type[Model]] = {
    ObjectKind.INVOICE: InvoiceItem,
    ObjectKind.CUSTOMER: CustomerItem,
    ObjectKind.CONNECTION: ConnectionItem,
    ObjectKind.PAYOUT: PayoutItem,
}

OTHER_ITEMS: Mapping[type[Model], Values] = {
    ConnectionItem: {"organization_id": "platform", "kind": "webhook", "version": 1, "document": "{}"},
    PayoutItem: {"payout_key": "org_blue#po_1", "place": "line#txn_1", "document": "{}"},
}
"""Items of the same tables that are not objects of POM. No change of them is published."""

Record = dict[str, Any]


def streamed(ledger: Ledger) -> dict[ObjectKind, list[Record]]:
    """Writes a ledger on new tables of the embedded AWS, and returns the records of their streams by kind.

    A record is from the second at which the ledger has it. The feed's table is made, too.
    """
    tables.configure(PREFIX)
    create_models([*MODELS.values(), ChangeItem])
    client = boto3.client("dynamodb")
    for model, values in OTHER_ITEMS.items():
        client.put_item(TableName=model.Meta.table_name, Item=attributes(values))
    for entry in ledger.entries:
        _write(client, entry)
    return {kind: list(_records(kind, ledger)) for kind in MODELS}


def empty_feed() -> None:
    """Deletes the feeds of all organizations."""
    with ChangeItem.batch_write() as batch:
        for item in ChangeItem.scan():
            batch.delete(item)


def _write(client: Any, entry: Entry) -> None:
    match entry.after:
        case None:
            model, item = MODELS[entry.kind], _item(entry.before)
            keys = [each.attr_name for each in (model._hash_key_attribute(), model._range_key_attribute()) if each]
            client.delete_item(TableName=model.Meta.table_name, Key={key: item[key] for key in keys})
        case Connection() as connection:
            tables.TableConnections().save(replace(connection, version=connection.version - 1))
        case Payout() as payout:
            tables.TablePayouts().save(replace(payout, version=payout.version - 1))
        case stored:
            # Their stores write tallies, claims and rows of money as well, which have no streams.
            client.put_item(TableName=MODELS[entry.kind].Meta.table_name, Item=_item(stored))


def _item(stored: Invoice | Customer) -> dict[str, Any]:
    """Returns an invoice or a customer as its store writes it. Nothing else is deleted."""
    return attributes(invoice_values(stored, stored) if isinstance(stored, Invoice) else customer_values(stored))


def _records(kind: ObjectKind, ledger: Ledger) -> Iterator[Record]:
    """Yields the records of one stream, dated by the ledger. Other items were written before it began."""
    reader = ShardReader(MODELS[kind].Meta.table_name)
    records = reader.peek(100_000)
    entries: Sequence[Entry] = [each for each in ledger.entries if each.kind is kind]
    others = len(records) - len(entries)
    began = entries[0].at if entries else 0
    for record, at in zip(records, [*[began] * others, *(each.at for each in entries)], strict=True):
        record["dynamodb"]["ApproximateCreationDateTime"] = at
        yield record
