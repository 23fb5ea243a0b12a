"""Importing many customers, as it is asked for and answered."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.models.common import Id, Instant, PageInfo, instant, page_info
from chalicelib.api.models.customers import SaveCustomer
from chalicelib.api.models.item_errors import ItemErrorView, item_error_view
from chalicelib.domain.batch import Batch, BatchItem, BatchStatus, ItemStatus
from chalicelib.ports.storage import Page
from chalicelib.usecases.bulk.import_customers import MAX_ROWS


class ImportedCustomer(SaveCustomer, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A row: a customer as in `PUT /v1/customers/{id}`, with its id."""

    id: Id


class NewCustomerImport(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The customers to keep. Each row stands for itself: one that is wrong fails alone."""

    customers: Annotated[
        list[msgspec.Raw],
        Meta(
            description="Customers as in `PUT /v1/customers/{id}`, each with its `id`.",
            extra_json_schema={
                "minItems": 1,
                "maxItems": MAX_ROWS,
                "items": {"$ref": "#/components/schemas/ImportedCustomer"},
            },
        ),
    ]


class ImportCounts(msgspec.Struct, rename="camel"):
    """How many rows came to what; together they are the total."""

    queued: int
    created: int
    updated: int
    unchanged: int
    failed: int


class CustomerImportView(msgspec.Struct, rename="camel", kw_only=True):
    """An import; `total` is its number of rows."""

    id: str
    status: BatchStatus
    total: int
    counts: ImportCounts
    created_at: Instant


class ImportRowView(msgspec.Struct, rename="camel", kw_only=True):
    """What became of one row. Rows count from 1; a row without a usable id has no `customerId`."""

    row: int
    customer_id: str | None
    outcome: ItemStatus
    error: ItemErrorView | UnsetType = UNSET


class CustomerImportDetail(CustomerImportView, rename="camel", kw_only=True):
    """An import with a page of its rows."""

    rows: list[ImportRowView]
    page_info: PageInfo


def import_view(batch: Batch) -> CustomerImportView:
    return CustomerImportView(
        id=batch.id,
        status=batch.status,
        total=batch.total,
        counts=ImportCounts(**{name: batch.count(ItemStatus(name)) for name in ImportCounts.__struct_fields__}),
        created_at=instant(batch.created_at),
    )


def import_detail(batch: Batch, page: Page[BatchItem]) -> CustomerImportDetail:
    rows = [
        ImportRowView(
            row=item.position + 1,
            customer_id=item.customer_id,
            outcome=batch.shown(item),
            error=item_error_view(item.error),
        )
        for item in page.items
    ]
    return CustomerImportDetail(**msgspec.structs.asdict(import_view(batch)), rows=rows, page_info=page_info(page))
