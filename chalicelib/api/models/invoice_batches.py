"""Batches of invoices as they are answered."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, PageInfo, instant, page_info
from chalicelib.api.models.connection import PausedOrNot, pause_view
from chalicelib.api.models.item_errors import ItemErrorView, item_error_view
from chalicelib.domain.batch import Batch, BatchItem, BatchStatus, ItemStatus
from chalicelib.domain.connection import Freeze
from chalicelib.ports.storage import Page


class BatchCounts(msgspec.Struct, rename="camel"):
    """How many invoices are in which status; together they are the total."""

    queued: Annotated[int, Meta(description="Invoices that have yet to be made.")]
    created: Annotated[int, Meta(description="Drafts that were made.")]
    sent: Annotated[int, Meta(description="Invoices that were made and sent.")]
    failed: Annotated[int, Meta(description="Invoices that could not be made.")]
    cancelled: Annotated[int, Meta(description="Invoices that were left out because the batch was cancelled.")]


STATUSES = (
    "`storing`: the invoices of the batch are being written down. `running`: they are being made. `completed`: "
    "nothing is left to do. `cancelled`: somebody cancelled it, and what was queued is left out."
)


class InvoiceBatchView(msgspec.Struct, rename="camel", kw_only=True):
    """A billing batch."""

    id: Annotated[str, Meta(description="The id of the batch.")]
    status: Annotated[BatchStatus, Meta(description=STATUSES)]
    total: Annotated[int, Meta(description="How many invoices the batch has.")]
    counts: Annotated[BatchCounts, Meta(description="How many invoices are in which status.")]
    created_at: Annotated[Instant, Meta(description="When the batch was asked for. RFC 3339, UTC.")]


class BatchItemView(msgspec.Struct, rename="camel", kw_only=True):
    """One invoice of a batch. A customer with more than 250 services has several."""

    customer_id: Annotated[str, Meta(description="POM's id of the customer.")]
    status: Annotated[
        ItemStatus,
        Meta(description="`queued`, `created`, `sent`, `failed` or `cancelled`: what became of the invoice."),
    ]
    invoice_id: Annotated[
        str | None, Meta(description="POM's id of the invoice. Null until POM has begun to make it.")
    ]
    error: Annotated[ItemErrorView | None, Meta(description="Why it failed. Null unless `status` is `failed`.")]


class InvoiceBatchDetail(InvoiceBatchView, rename="camel", kw_only=True):
    """A batch with a page of its invoices, in the order in which their customers came in the request."""

    items: Annotated[
        list[BatchItemView],
        Meta(description="A page of the invoices, in the order in which their customers came in the request."),
    ]
    page_info: PageInfo
    invoicing_paused: PausedOrNot


class InvoiceBatchList(msgspec.Struct, rename="camel"):
    """A page of batches, newest first."""

    data: Annotated[list[InvoiceBatchView], Meta(description="The batches, the newest first.")]
    page_info: PageInfo


def batch_view(batch: Batch) -> InvoiceBatchView:
    return InvoiceBatchView(
        id=batch.id,
        status=batch.status,
        total=batch.total,
        counts=BatchCounts(**{name: batch.count(ItemStatus(name)) for name in BatchCounts.__struct_fields__}),
        created_at=instant(batch.created_at),
    )


def batch_list(page: Page[Batch]) -> InvoiceBatchList:
    return InvoiceBatchList([batch_view(each) for each in page.items], page_info(page))


def batch_detail(batch: Batch, page: Page[BatchItem], pause: Freeze | None) -> InvoiceBatchDetail:
    """Returns a batch with a page of its items, and with the pause during which it rests."""
    items = [
        BatchItemView(
            customer_id=item.customer_id or "",
            status=batch.shown(item),
            invoice_id=item.invoice_id or None,
            error=item_error_view(item.error),
        )
        for item in page.items
    ]
    return InvoiceBatchDetail(
        **msgspec.structs.asdict(batch_view(batch)),
        items=items,
        page_info=page_info(page),
        invoicing_paused=pause_view(pause),
    )
