"""Batches of invoices as they are answered."""

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
    """What became of one invoice of a batch."""

    QUEUED = ItemStatus.QUEUED.value
    CREATED = ItemStatus.CREATED.value
    SENT = ItemStatus.SENT.value
    FAILED = ItemStatus.FAILED.value
    HELD_BACK = ItemStatus.HELD_BACK.value
    CANCELLED = ItemStatus.CANCELLED.value


class BatchCounts(msgspec.Struct, rename="camel"):
    """How many invoices are in which status; together they are the total."""

    queued: Annotated[
        int, Meta(description="Invoices that have yet to be made, and drafts that have yet to be sent.")
    ]
    created: Annotated[int, Meta(description="Drafts that were made.")]
    sent: Annotated[int, Meta(description="Invoices that were made and sent.")]
    failed: Annotated[int, Meta(description="Invoices that could not be made.")]
    held_back: Annotated[int, Meta(description="Drafts that were to be sent after a review and were not sent.")]
    cancelled: Annotated[int, Meta(description="Invoices that were left out because the batch was cancelled.")]


STATUSES = (
    "`storing`: the invoices of the batch are being written down. `running`: they are being made or sent. "
    "`cancelling`: somebody cancelled that, and the invoices that were being worked on are still being finished, so "
    "its counts may still change; the batch can be sent when that is done. `completed`: nothing is left to do. "
    "`cancelled`: somebody cancelled the making of it, and what was queued is left out."
)


class InvoiceBatchView(msgspec.Struct, rename="camel", kw_only=True):
    """A billing batch."""

    id: Annotated[str, Meta(description="The id of the batch.")]
    status: Annotated[BatchStatus, Meta(description=STATUSES)]
    total: Annotated[int, Meta(description="How many invoices the batch has.")]
    counts: Annotated[BatchCounts, Meta(description="How many invoices are in which status.")]
    created_at: Annotated[Instant, Meta(description="When the batch was asked for. RFC 3339, UTC.")]
    send_requested_at: Annotated[
        Instant | None,
        Meta(description="When somebody last had the drafts of the batch sent. Null if nobody did. RFC 3339, UTC."),
    ]
    send_cancelled_at: Annotated[
        Instant | None,
        Meta(
            description="When somebody cancelled that. What was queued then is a draft. Null if nobody did. "
            "RFC 3339, UTC."
        ),
    ]


class BatchItemView(msgspec.Struct, rename="camel", kw_only=True):
    """One invoice of a batch. A customer with more than 250 services has several."""

    customer_id: Annotated[str, Meta(description="POM's id of the customer.")]
    customer_name: Annotated[
        str | None, Meta(description="What POM calls the customer now. Null if POM has no name, or no such customer.")
    ]
    status: Annotated[
        BatchItemStatus,
        Meta(
            description="What became of the invoice. `queued`: it has yet to be made, or sent. `created`: a draft "
            "was made. `sent`: it was made and sent. `failed`: it could not be made, or not be sent at once. "
            "`held_back`: its draft was to be sent after a review and was not. `cancelled`: it was left out."
        ),
    ]
    invoice_id: Annotated[
        str | None, Meta(description="POM's id of the invoice. Null until POM has begun to make it.")
    ]
    number: Annotated[str | None, Meta(description="The invoice's number. Null until it is sent.")]
    total: Annotated[
        Money | None, Meta(description="The total of the invoice, in units of `currency`. Null without an invoice.")
    ]
    currency: Annotated[
        str | None, Meta(description="The currency of `total`, ISO 4217 in lower case. Null without an invoice.")
    ]
    error: Annotated[
        ItemErrorView | None, Meta(description="Why it failed or was held back. Null for all other statuses.")
    ]


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


def batch_view(batch: Batch, status: BatchStatus) -> InvoiceBatchView:
    """Returns a batch. `status` is what its lanes say, too."""
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
    """Returns a batch with a page of its items, and with the pause during which it rests.

    `invoices` and `names` are those of the page's invoices and customers that POM has.
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
