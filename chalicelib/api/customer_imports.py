"""Importing customers: many in one request, with a report row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from chalicelib import bootstrap
from chalicelib.api.http.decoding import body_as
from chalicelib.api.http.route_error_codes import CHANGES_A_RECORD
from chalicelib.api.http.route_table import MAX_BULK, Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.common import Id
from chalicelib.api.models.customer_imports import (
    CustomerImportDetail,
    CustomerImportView,
    ImportedCustomer,
    NewCustomerImport,
    import_detail,
    import_view,
)
from chalicelib.api.models.exact import fingerprint
from chalicelib.api.models.queries import PageQuery
from chalicelib.api.models.saved_customers import save_from
from chalicelib.domain.batch import BatchKind
from chalicelib.domain.batch_errors import item_error
from chalicelib.domain.errors import Malformed, Refused
from chalicelib.domain.identifiers import BatchId, CustomerId, OrganizationId, UserId
from chalicelib.usecases.bulk import batches
from chalicelib.usecases.bulk import import_customers as importing
from chalicelib.usecases.bulk.import_customers import ImportCustomers, Row

router = Router(__name__, "Customers")

_row_decoder = msgspec.json.Decoder(float_hook=str)
"""Numbers stay as they are written: 1e400 is JSON, and no float."""


@router.route(
    "POST",
    "/customer-imports",
    Role.BILLING,
    takes=NewCustomerImport,
    responses={202: CustomerImportView},
    refuses=("import_size_invalid", "organization_erased", "queue_unavailable", *CHANGES_A_RECORD),
    idempotency_key=True,
    max_body=MAX_BULK,
)
def import_customers(call: Call[NewCustomerImport]) -> Reply:
    """Keep many customers, and give them to Stripe at the pace it allows, in the background.

    A row that is wrong fails alone; the others are kept. A row says of its customer what the same `PUT` would say,
    also in what it leaves out. Repeated with the same `Idempotency-Key` it answers the same
    import, and a customer that POM has exactly so is left `unchanged`.
    """
    command = _import_from(call.input, call.caller.organization_id, call.caller.user_id, call.idempotency_key)
    return Reply(import_view(importing.import_customers(command, bootstrap.ports())), 202)


@router.route(
    "GET",
    "/customer-imports/{importId}",
    Role.BILLING,
    takes=PageQuery,
    responses={200: CustomerImportDetail},
    refuses=("batch_not_found",),
)
def get_customer_import(call: Call[PageQuery]) -> Reply:
    """Show how far an import is, and what became of each row."""
    ports, query = bootstrap.ports(), call.input
    batch = batches.get_batch(call.caller.organization_id, BatchId(call.path["importId"]), BatchKind.CUSTOMERS, ports)
    return Reply(import_detail(batch, batches.list_items(batch, query.first, query.after, ports)))


def _import_from(
    model: NewCustomerImport, organization_id: OrganizationId, user_id: UserId, key: str | None
) -> ImportCustomers:
    as_sent = [_as_sent(each) for each in model.customers]
    rows = tuple(_rows_from(model, as_sent))
    return ImportCustomers(organization_id, user_id, key, fingerprint(as_sent), rows)


def _as_sent(row: msgspec.Raw) -> Any:
    """Returns what a row says, or its text if it cannot be read: then the row fails, and the others do not."""
    try:
        return _row_decoder.decode(row)
    except (ValueError, RecursionError):
        return bytes(row).decode(errors="replace")


def _rows_from(model: NewCustomerImport, as_sent: list[Any]) -> Iterator[Row]:
    for raw, sent_row in zip(model.customers, as_sent, strict=True):
        try:
            customer = body_as(ImportedCustomer, bytes(raw))
            yield Row(CustomerId(customer.id), save_from(customer))
        except (Malformed, Refused) as wrong:
            yield Row(_id_of(sent_row), None, item_error(wrong))


def _id_of(sent_row: Any) -> CustomerId | None:
    """The id of a row in which something else is wrong, to find the row by."""
    try:
        return CustomerId(msgspec.convert(sent_row["id"], Id))
    except (msgspec.ValidationError, KeyError, TypeError):
        return None
