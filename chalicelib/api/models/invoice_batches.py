"""Batches of invoices as they are answered."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.models.common import Instant, PageInfo, instant, page_info
from chalicelib.api.models.connection import PausedOrNot, pause_view
from chalicelib.api.models.item_errors import ItemErrorView, item_error_view
from chalicelib.domain.batch import Batch, BatchItem, BatchStatus, ItemStatus
from chalicelib.domain.connection import Freeze
from chalicelib.ports.storage import Page


class BatchCounts(msgspec.Struct, rename="camel"):
    """How many invoices are in which status; together they are the total."""

    queued: int
    created: int
    sent: int
    failed: int
    held_back: Annotated[int, Meta(description="Drafts that were to be sent after a review and were not sent.")]
    cancelled: int


class InvoiceBatchView(msgspec.Struct, rename="camel", kw_only=True):
    """A billing batch; `total` is its number of invoices."""

    id: str
    status: BatchStatus
    total: int
    counts: BatchCounts
    created_at: Instant
    send_requested_at: (
        Annotated[Instant, Meta(description="When somebody last had the drafts of the batch sent.")] | UnsetType
    ) = UNSET
    send_cancelled_at: (
        Annotated[Instant, Meta(description="When somebody cancelled that. What was queued then is a draft.")]
        | UnsetType
    ) = UNSET


class BatchItemView(msgspec.Struct, rename="camel", kw_only=True):
    """One invoice of a batch. A customer with more than 250 services has several."""

    customer_id: str
    status: ItemStatus
    invoice_id: str | UnsetType = UNSET
    error: ItemErrorView | UnsetType = UNSET


class InvoiceBatchDetail(InvoiceBatchView, rename="camel", kw_only=True):
    """A batch with a page of its invoices, in the order in which their customers came in the request."""

    items: list[BatchItemView]
    page_info: PageInfo
    invoicing_paused: PausedOrNot


class InvoiceBatchList(msgspec.Struct, rename="camel"):
    """A page of batches, newest first."""

    data: list[InvoiceBatchView]
    page_info: PageInfo


def batch_view(batch: Batch) -> InvoiceBatchView:
    sending = batch.sending
    return InvoiceBatchView(
        id=batch.id,
        status=batch.status,
        total=batch.total,
        counts=BatchCounts(**{name: batch.count(ItemStatus(name)) for name in BatchCounts.__struct_fields__}),
        created_at=instant(batch.created_at),
        send_requested_at=instant(sending.at) if sending else UNSET,
        send_cancelled_at=instant(sending.cancelled_at) if sending and sending.cancelled_at is not None else UNSET,
    )


def batch_list(page: Page[Batch]) -> InvoiceBatchList:
    return InvoiceBatchList([batch_view(each) for each in page.items], page_info(page))


def batch_detail(batch: Batch, page: Page[BatchItem], pause: Freeze | None) -> InvoiceBatchDetail:
    """Returns a batch with a page of its items, and with the pause during which it rests."""
    items = [
        BatchItemView(
            customer_id=item.customer_id or "",
            status=batch.shown(item),
            invoice_id=item.invoice_id or UNSET,
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
