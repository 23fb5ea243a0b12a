"""Bulk billing: one invoice for each customer, from many services."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap
from chalicelib.api.http.route_error_codes import CHANGES_A_RECORD, TAKES_LINES, TAKES_TERMS
from chalicelib.api.http.route_table import MAX_BULK, Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.invoice_batches import (
    InvoiceBatchDetail,
    InvoiceBatchList,
    InvoiceBatchView,
    batch_detail,
    batch_list,
    batch_view,
)
from chalicelib.api.models.new_invoices import NewInvoiceBatch, bill_many_from
from chalicelib.api.models.queries import Nothing, PageQuery
from chalicelib.domain.batch import Batch, BatchKind
from chalicelib.domain.identifiers import BatchId
from chalicelib.usecases.bulk import batches
from chalicelib.usecases.bulk.bill_many import bill_many
from chalicelib.usecases.bulk.lanes import statuses_of, with_status
from chalicelib.usecases.customers.names import names_of
from chalicelib.usecases.invoicing import invoice_lists

BATCH_PATH = "/invoice-batches/{batchId}"

router = Router(__name__, "Bulk billing")


@router.route(
    "POST",
    "/invoice-batches",
    Role.BILLING,
    takes=NewInvoiceBatch,
    responses={202: InvoiceBatchView},
    refuses=(
        "currency_unsupported",
        "customer_id_reserved",
        "invoicing_frozen",
        "queue_unavailable",
        "services_missing",
        "services_too_many",
        "stripe_account_not_ready",
        "stripe_not_connected",
        *TAKES_LINES,
        *TAKES_TERMS,
        *CHANGES_A_RECORD,
    ),
    idempotency_key=True,
    max_body=MAX_BULK,
)
def create_invoice_batch(call: Call[NewInvoiceBatch]) -> Reply:
    """Bill many services in the background, with one invoice for each customer, at the pace that Stripe allows.

    A customer with more than 250 services gets several invoices of up to 250 lines, in the order of the request. A
    request that breaks a rule is refused as a whole. An error that concerns one customer fails that customer's
    invoice alone. A request with the same `Idempotency-Key` returns the same batch.
    """
    command = bill_many_from(call.input, call.caller.organization_id, call.caller.user_id, call.idempotency_key)
    return _batch_reply(bill_many(command, bootstrap.ports()), status=202)


@router.route("GET", "/invoice-batches", Role.BILLING, takes=PageQuery, responses={200: InvoiceBatchList}, refuses=())
def list_invoice_batches(call: Call[PageQuery]) -> Reply:
    """List batches of invoices, newest first."""
    ports, query = bootstrap.ports(), call.input
    page = batches.list_batches(call.caller.organization_id, BatchKind.INVOICES, query.first, query.after, ports)
    return Reply(batch_list(page, statuses_of(page.items, ports)))


@router.route(
    "GET",
    BATCH_PATH,
    Role.BILLING,
    takes=PageQuery,
    responses={200: InvoiceBatchDetail},
    refuses=("batch_not_found",),
)
def get_invoice_batch(call: Call[PageQuery]) -> Reply:
    """Retrieve a batch: its progress, and the result of each invoice."""
    ports, query, organization_id = bootstrap.ports(), call.input, call.caller.organization_id
    stored_batch = batches.get_batch(organization_id, _batch_id(call), BatchKind.INVOICES, ports)
    batch, status = with_status(stored_batch, ports)
    page = batches.list_items(batch, query.first, query.after, ports)
    batch_invoices = invoice_lists.several(
        organization_id, (each.invoice_id for each in page.items if each.invoice_id), ports
    )
    names = names_of(organization_id, (each.customer_id for each in page.items if each.customer_id), ports)
    pause = batches.pause_of(batch, ports)
    return Reply(batch_detail(batch, status, page, batch_invoices, names, pause))


@router.route(
    "POST",
    f"{BATCH_PATH}/retry",
    Role.BILLING,
    takes=Nothing,
    responses={202: InvoiceBatchView},
    refuses=(
        "batch_cancelled",
        "batch_not_found",
        "batch_running",
        "queue_unavailable",
        *CHANGES_A_RECORD,
    ),
)
def retry_invoice_batch(call: Call[Nothing]) -> Reply:
    """Retry the failed invoices of a batch."""
    batch = batches.retry_failures(call.caller.organization_id, _batch_id(call), bootstrap.ports())
    return _batch_reply(batch, status=202)


@router.route(
    "POST",
    f"{BATCH_PATH}/send",
    Role.BILLING,
    takes=Nothing,
    responses={202: InvoiceBatchView},
    refuses=(
        "batch_not_found",
        "batch_running",
        "invoicing_frozen",
        "queue_unavailable",
        "stripe_account_not_ready",
        "stripe_not_connected",
        *CHANGES_A_RECORD,
    ),
    idempotency_key=True,
)
def send_invoice_batch(call: Call[Nothing]) -> Reply:
    """Send the drafts of a batch that has been reviewed, in the background, at the pace that Stripe allows.

    Each draft is sent as by `POST /invoices/{invoiceId}/send`. A draft that POM must not send, or that Stripe
    refuses, is held back with the reason. Sending the batch again sends the drafts that were held back, and any other
    draft. The request changes nothing while the batch is being sent, if it has the `Idempotency-Key` of the latest
    request, or if the batch has no draft. `sendRequestedAt` then stays as it was.
    """
    batch = batches.send_drafts(
        call.caller.organization_id, _batch_id(call), call.caller.user_id, call.idempotency_key, bootstrap.ports()
    )
    return _batch_reply(batch, status=202)


@router.route(
    "POST",
    f"{BATCH_PATH}/cancel",
    Role.BILLING,
    takes=Nothing,
    responses={200: InvoiceBatchView},
    refuses=("batch_not_found", *CHANGES_A_RECORD),
)
def cancel_invoice_batch(call: Call[Nothing]) -> Reply:
    """Cancel what is still queued in a batch. Invoices that exist stay, and those being created are finished.

    While the drafts of the batch are being sent, queued drafts stay drafts and can be sent later. The batch is
    `cancelling` until the work that has begun is finished.
    """
    return _batch_reply(batches.cancel(call.caller.organization_id, _batch_id(call), bootstrap.ports()))


def _batch_reply(batch: Batch, *, status: int = 200) -> Reply:
    return Reply(batch_view(*with_status(batch, bootstrap.ports())), status)


def _batch_id(call: Call[Any]) -> BatchId:
    return BatchId(call.path["batchId"])
