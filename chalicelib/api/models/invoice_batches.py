"""A batch of invoices, and pages of batches."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, Money, PageInfo, instant, page_info
from chalicelib.api.models.connection import PausedOrNot, pause_view
from chalicelib.api.models.item_errors import ItemErrorView, item_error_view
from chalicelib.domain.batch import Batch, BatchItem, BatchStatus, ItemStatus
from chalicelib.domain.connection import Freeze
from chalicelib.domain.identifiers import BatchId, CustomerId, InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.ports.storage import Page


class BatchItemStatus(StrEnum):
    """The status of one invoice of a batch."""

    QUEUED = ItemStatus.QUEUED.value
    CREATED = ItemStatus.CREATED.value
    SENT = ItemStatus.SENT.value
    FAILED = ItemStatus.FAILED.value
    HELD_BACK = ItemStatus.HELD_BACK.value
    CANCELLED = ItemStatus.CANCELLED.value


class BatchCounts(msgspec.Struct, rename="camel"):
    """The number of invoices by status. The counts add up to `total`."""

    queued: Annotated[
        int, Meta(description="Invoices that have not been created yet, and drafts that have not been sent yet.")
    ]
    created: Annotated[int, Meta(description="Drafts that were created.")]
    sent: Annotated[int, Meta(description="Invoices that were created and sent.")]
    failed: Annotated[int, Meta(description="Invoices that could not be created.")]
    held_back: Annotated[
        int, Meta(description="Drafts that a user reviewed and requested to send, and that were not sent.")
    ]
    cancelled: Annotated[int, Meta(description="Invoices that were not created because the batch was cancelled.")]


STATUSES = (
    "The status of the batch. `storing`: POM is storing the batch. `running`: POM is creating or sending the "
    "invoices. `cancelling`: a user cancelled this, and POM is finishing the invoices that it had begun; the counts "
    "may still change, and the batch can be sent afterwards. `completed`: no invoice is left to create or send. "
    "`cancelled`: a user cancelled the batch while its invoices were being created, and the queued ones were left "
    "out."
)


class InvoiceBatchView(msgspec.Struct, rename="camel", kw_only=True):
    """A batch of invoices."""

    id: Annotated[str, Meta(description="The id of the batch.")]
    status: Annotated[BatchStatus, Meta(description=STATUSES)]
    total: Annotated[int, Meta(description="The number of invoices of the batch.")]
    counts: Annotated[BatchCounts, Meta(description="The number of invoices by status.")]
    created_at: Annotated[Instant, Meta(description="Time at which the batch was requested. RFC 3339, UTC.")]
    send_requested_at: Annotated[
        Instant | None,
        Meta(
            description="Time at which a user last requested that the drafts of the batch be sent. RFC 3339, UTC. "
            "Null if no user did."
        ),
    ]
    send_cancelled_at: Annotated[
        Instant | None,
        Meta(
            description="Time at which a user cancelled the sending. Invoices that were still queued stay drafts. "
            "RFC 3339, UTC. Null if no user did."
        ),
    ]


class BatchItemView(msgspec.Struct, rename="camel", kw_only=True):
    """An invoice of a batch. A customer with more than 250 services has several invoices."""

    customer_id: Annotated[str, Meta(description="POM's id of the customer.")]
    customer_name: Annotated[
        str | None,
        Meta(description="The customer's current name in POM. Null if POM has no such customer, or no name."),
    ]
    status: Annotated[
        BatchItemStatus,
        Meta(
            description="The status of the invoice. `queued`: POM has not created or sent it yet. `created`: a "
            "draft was created. `sent`: the invoice was created and sent. `failed`: POM could not create it, or "
            "could not send it at once. `held_back`: a user requested to send its draft after a review, and it was "
            "not sent. `cancelled`: it was not created."
        ),
    ]
    invoice_id: Annotated[
        str | None, Meta(description="POM's id of the invoice. Null until POM has begun to create the invoice.")
    ]
    number: Annotated[str | None, Meta(description="The invoice's number. Null until the invoice is sent.")]
    total: Annotated[
        Money | None,
        Meta(description="The total of the invoice, in units of `currency`. Null if there is no invoice."),
    ]
    currency: Annotated[
        str | None, Meta(description="The currency of `total`, ISO 4217 in lower case. Null if there is no invoice.")
    ]
    error: Annotated[
        ItemErrorView | None,
        Meta(description="Why the invoice failed or was held back. Null for all other statuses."),
    ]


class InvoiceBatchDetail(InvoiceBatchView, rename="camel", kw_only=True):
    """A batch with a page of its invoices, in the order of their customers in the request."""

    items: Annotated[
        list[BatchItemView],
        Meta(description="A page of the invoices, in the order of their customers in the request."),
    ]
    page_info: PageInfo
    invoicing_paused: PausedOrNot


class InvoiceBatchList(msgspec.Struct, rename="camel"):
    """A page of batches, newest first."""

    data: Annotated[list[InvoiceBatchView], Meta(description="The batches, newest first.")]
    page_info: PageInfo


def batch_view(batch: Batch, status: BatchStatus) -> InvoiceBatchView:
    """Returns a batch. The caller computes `status` from the batch and its lanes."""
    sending = batch.sending
    return InvoiceBatchView(
        id=batch.id,
        status=status,
        total=batch.total,
        counts=BatchCounts(**{name: batch.count(ItemStatus(name)) for name in BatchCounts.__struct_fields__}),
        created_at=instant(batch.created_at),
        send_requested_at=instant(sending.at) if sending else None,
        send_cancelled_at=instant(sending.cancelled_at) if sending and sending.cancelled_at is not None else None,
    )


def batch_list(page: Page[Batch], statuses: Mapping[BatchId, BatchStatus]) -> InvoiceBatchList:
    return InvoiceBatchList([batch_view(each, statuses[each.id]) for each in page.items], page_info(page))


def batch_detail(
    batch: Batch,
    status: BatchStatus,
    page: Page[BatchItem],
    invoices: Mapping[InvoiceId, Invoice],
    names: Mapping[CustomerId, str],
    pause: Freeze | None,
) -> InvoiceBatchDetail:
    """Returns a batch with a page of its items and with the current pause of invoicing, if any.

    `invoices` and `names` hold the invoices and the customers' names of the page, if POM has them.
    """
    return InvoiceBatchDetail(
        **msgspec.structs.asdict(batch_view(batch, status)),
        items=[_item_view(batch, item, invoices, names) for item in page.items],
        page_info=page_info(page),
        invoicing_paused=pause_view(pause),
    )


def _item_view(
    batch: Batch, item: BatchItem, invoices: Mapping[InvoiceId, Invoice], names: Mapping[CustomerId, str]
) -> BatchItemView:
    invoice = invoices.get(item.invoice_id) if item.invoice_id else None
    fact = invoice.facts.invoice if invoice else None
    return BatchItemView(
        customer_id=item.customer_id or "",
        customer_name=names.get(item.customer_id) if item.customer_id else None,
        status=BatchItemStatus(batch.shown(item)),
        invoice_id=item.invoice_id or None,
        number=fact.number if fact else None,
        total=decimal_string(invoice.total, invoice.order.currency) if invoice else None,
        currency=invoice.order.currency if invoice else None,
        error=item_error_view(item.error),
    )
