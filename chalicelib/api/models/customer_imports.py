"""Importing many customers, as it is asked for and answered."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Id, Instant, PageInfo, instant, page_info
from chalicelib.api.models.item_errors import ItemErrorView, item_error_view
from chalicelib.api.models.saved_customers import SaveCustomer
from chalicelib.domain.batch import Batch, BatchItem, BatchStatus, ItemStatus
from chalicelib.ports.storage import Page
from chalicelib.usecases.bulk.import_customers import MAX_ROWS


class ImportStatus(StrEnum):
    """How far an import is. Nobody can cancel one."""

    STORING = BatchStatus.STORING.value
    RUNNING = BatchStatus.RUNNING.value
    COMPLETED = BatchStatus.COMPLETED.value


class ImportOutcome(StrEnum):
    """What became of one row of an import."""

    QUEUED = ItemStatus.QUEUED.value
    CREATED = ItemStatus.CREATED.value
    UPDATED = ItemStatus.UPDATED.value
    UNCHANGED = ItemStatus.UNCHANGED.value
    FAILED = ItemStatus.FAILED.value


class ImportedCustomer(SaveCustomer, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A row: a customer as in `PUT /v1/customers/{id}`, with its id."""

    id: Annotated[Id, Meta(description="POM's id of the customer.")]


class NewCustomerImport(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The customers to keep. Each row stands for itself: one that is wrong fails alone."""

    customers: Annotated[
        list[Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/components/schemas/ImportedCustomer"})]],
        Meta(
            description="Customers as in `PUT /v1/customers/{id}`, each with its `id`.",
            extra_json_schema={"minItems": 1, "maxItems": MAX_ROWS},
        ),
    ]


class ImportCounts(msgspec.Struct, rename="camel"):
    """How many rows came to what; together they are the total."""

    queued: Annotated[int, Meta(description="Rows whose customers have yet to be given to Stripe.")]
    created: Annotated[int, Meta(description="Customers that were new to POM.")]
    updated: Annotated[int, Meta(description="Customers that POM had otherwise.")]
    unchanged: Annotated[int, Meta(description="Customers that POM had exactly so.")]
    failed: Annotated[int, Meta(description="Rows that failed.")]


STATUSES = (
    "`storing`: the rows are being written down. `running`: customers are being given to Stripe. `completed`: "
    "nothing is left to do."
)


class CustomerImportView(msgspec.Struct, rename="camel", kw_only=True):
    """An import of customers."""

    id: Annotated[str, Meta(description="The id of the import.")]
    status: Annotated[ImportStatus, Meta(description=STATUSES)]
    total: Annotated[int, Meta(description="How many rows the import has.")]
    counts: Annotated[ImportCounts, Meta(description="How many rows came to what.")]
    created_at: Annotated[Instant, Meta(description="When the import was asked for. RFC 3339, UTC.")]


class ImportRowView(msgspec.Struct, rename="camel", kw_only=True):
    """What became of one row."""

    row: Annotated[int, Meta(description="The place of the row in the request. The first one is 1.")]
    customer_id: Annotated[
        str | None, Meta(description="POM's id of the customer. Null if the row has no usable one.")
    ]
    outcome: Annotated[
        ImportOutcome,
        Meta(
            description="What became of the row. `queued`: its customer has yet to be given to Stripe. `created`: "
            "the customer was new to POM. `updated`: POM had the customer otherwise. `unchanged`: POM had the "
            "customer exactly so. `failed`: it is not kept."
        ),
    ]
    error: Annotated[ItemErrorView | None, Meta(description="Why it failed. Null unless `outcome` is `failed`.")]


class CustomerImportDetail(CustomerImportView, rename="camel", kw_only=True):
    """An import with a page of its rows."""

    rows: Annotated[list[ImportRowView], Meta(description="A page of the rows, in the order of the request.")]
    page_info: PageInfo


def import_view(batch: Batch) -> CustomerImportView:
    return CustomerImportView(
        id=batch.id,
        status=ImportStatus(batch.status),
        total=batch.total,
        counts=ImportCounts(**{name: batch.count(ItemStatus(name)) for name in ImportCounts.__struct_fields__}),
        created_at=instant(batch.created_at),
    )


def import_detail(batch: Batch, page: Page[BatchItem]) -> CustomerImportDetail:
    rows = [
        ImportRowView(
            row=item.position + 1,
            customer_id=item.customer_id,
            outcome=ImportOutcome(batch.shown(item)),
            error=item_error_view(item.error),
        )
        for item in page.items
    ]
    return CustomerImportDetail(**msgspec.structs.asdict(import_view(batch)), rows=rows, page_info=page_info(page))
