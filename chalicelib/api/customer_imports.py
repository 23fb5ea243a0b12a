"""Imports of customers: many customers in one request, with a result for each row."""

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
"""Numbers are read as text: 1e400 is valid JSON and no float."""


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
    """Save many customers, and sync them to Stripe in the background, at the pace that Stripe allows.

    A row with an error fails alone; the other rows are saved. A row has the same meaning as the body of `PUT
    /customers/{customerId}`, also for fields that it leaves out. A request with the same `Idempotency-Key` returns
    the same import. A customer that POM has already stored with the same values is reported as `unchanged`.
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
    """Retrieve an import: its progress, and the result of each row."""
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
    """Returns the row as decoded JSON, or as text if it is not JSON. A row that is not JSON fails alone."""
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
    """Returns the id in a row with other errors, by which people can find the row, or None if it has no valid id."""
    try:
        return CustomerId(msgspec.convert(sent_row["id"], Id))
    except (msgspec.ValidationError, KeyError, TypeError):
        return None
