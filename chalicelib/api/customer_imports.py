"""Importing customers: many in one request, with a report row by row."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.routing import Router
from chalicelib.api.http.table import MAX_BULK, Call, Reply, Role
from chalicelib.api.models.bulk import (
    CustomerImportDetail,
    CustomerImportView,
    NewCustomerImport,
    import_detail,
    import_from,
    import_view,
)
from chalicelib.api.models.queries import PageQuery
from chalicelib.domain.batch import BatchKind
from chalicelib.domain.identifiers import BatchId
from chalicelib.usecases.bulk import batches
from chalicelib.usecases.bulk import import_customers as importing

router = Router(__name__, "Customers")


@router.route(
    "POST",
    "/customers/import",
    Role.BILLING,
    takes=NewCustomerImport,
    answers={202: CustomerImportView},
    refuses=(409, 422, 503),
    idempotency_key=True,
    max_body=MAX_BULK,
)
def import_customers(call: Call[NewCustomerImport]) -> Reply:
    """Keep many customers, and give them to Stripe at the pace it allows, in the background.

    A row that is wrong fails alone; the others are kept. A row says of its customer what the same `PUT` would say,
    also in what it leaves out. Repeated with the same `Idempotency-Key` it answers the same
    import, and a customer that POM has exactly so is left `unchanged`.
    """
    command = import_from(call.input, call.organization_id, call.user_id, call.idempotency_key)
    return Reply(import_view(importing.import_customers(command, bootstrap.ports())), 202)


@router.route(
    "GET",
    "/customers/imports/{importId}",
    Role.BILLING,
    takes=PageQuery,
    answers={200: CustomerImportDetail},
    refuses=(404, 422),
)
def get_customer_import(call: Call[PageQuery]) -> Reply:
    """Show how far an import is, and what became of each row."""
    ports, query = bootstrap.ports(), call.input
    batch = batches.get_batch(call.organization_id, BatchId(call.path["importId"]), BatchKind.CUSTOMERS, ports)
    return Reply(import_detail(batch, batches.list_items(batch, query.first, query.after, ports)))
