"""Reads the records of DynamoDB's streams. Lambda passes them on with bytes as base64.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chalicelib.adapters.tables.codec import decode_item
from chalicelib.adapters.tables.connections import KIND
from chalicelib.adapters.tables.database import NAMES, Item
from chalicelib.adapters.tables.invoice_items import stored_invoice
from chalicelib.adapters.tables.models import ConnectionItem, CustomerItem, InvoiceItem, PayoutItem
from chalicelib.adapters.tables.payouts import HEADER
from chalicelib.domain.changes import Change, Difference, ObjectKind
from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import Customer
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_changes import invoice_difference
from chalicelib.domain.other_changes import connection_difference, customer_difference, payout_difference
from chalicelib.domain.payout import Payout
from chalicelib.ports.changes import StoredChange

T = TypeVar("T", Invoice, Customer, Connection, Payout)

Reader = Callable[[Mapping[str, Any]], StoredChange | None]


def table_of(stream_arn: str) -> str:
    """Returns the name of a stream's table, or "" if this is not the ARN of a stream.

    The ARN of a stream is `arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<label>`.
    """
    return stream_arn.partition(":table/")[2].partition("/")[0]


def change_reader(prefix: str) -> Reader:
    """Returns a function that reads the records of a stage. `prefix` is the prefix of its tables' names."""
    readers: dict[str, Reader] = {
        prefix + NAMES[InvoiceItem]: _invoice,
        prefix + NAMES[CustomerItem]: _customer,
        prefix + NAMES[ConnectionItem]: _connection,
        prefix + NAMES[PayoutItem]: _payout,
    }

    def read(record: Mapping[str, Any]) -> StoredChange | None:
        """Returns the change in a record, or None if the record has no change to publish.

        Raises:
            Exception: any, if the record or a document in it cannot be read.
        """
        return readers[table_of(record["eventSourceARN"])](record["dynamodb"])

    return read


def _invoice(record: Mapping[str, Any]) -> StoredChange | None:
    before, after = _images(record, stored_invoice)
    return _stored_change(ObjectKind.INVOICE, record, before, after, invoice_difference(before, after), _id)


def _customer(record: Mapping[str, Any]) -> StoredChange | None:
    before, after = _images(record, lambda item: decode_item(Customer, item))
    return _stored_change(ObjectKind.CUSTOMER, record, before, after, customer_difference(before, after), _id)


def _connection(record: Mapping[str, Any]) -> StoredChange | None:
    if record["Keys"]["kind"]["S"] != KIND:
        return None
    before, after = _images(record, lambda item: decode_item(Connection, item))
    difference = connection_difference(before, after, _at(record))
    return _stored_change(ObjectKind.CONNECTION, record, before, after, difference, lambda each: each.organization_id)


def _payout(record: Mapping[str, Any]) -> StoredChange | None:
    if record["Keys"]["place"]["S"] != HEADER:
        return None
    before, after = _images(record, lambda item: decode_item(Payout, item))
    return _stored_change(ObjectKind.PAYOUT, record, before, after, payout_difference(before, after), _id)


def _images(record: Mapping[str, Any], read_image: Callable[[Item], T]) -> tuple[T | None, T | None]:
    old, new = record.get("OldImage"), record.get("NewImage")
    return read_image(_item(old)) if old else None, read_image(_item(new)) if new else None


def _item(image: Mapping[str, Mapping[str, Any]]) -> Item:
    """Returns an image in the form in which DynamoDB returns items."""
    return {
        name: {"B": b64decode(value["B"], validate=True)} if isinstance(value.get("B"), str) else value
        for name, value in image.items()
    }


def _id(stored_object: Any) -> str:
    return str(stored_object.id)


def _at(record: Mapping[str, Any]) -> int:
    return int(record["ApproximateCreationDateTime"])


def _stored_change(
    kind: ObjectKind,
    record: Mapping[str, Any],
    before: T | None,
    after: T | None,
    difference: Difference,
    id_of: Callable[[T], str],
) -> StoredChange | None:
    stored_object = after if after is not None else before
    if not difference.types or stored_object is None:
        return None
    # A deletion has a higher version than the last stored one.
    version = stored_object.version if after is not None else stored_object.version + 1
    change = Change(
        OrganizationId(stored_object.organization_id), kind, id_of(stored_object), version, _at(record), difference
    )
    return StoredChange(change, stored_object)
