"""The request to import many customers, and the state of an import."""

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
    """The status of an import. An import cannot be cancelled."""

    STORING = BatchStatus.STORING.value
    RUNNING = BatchStatus.RUNNING.value
    COMPLETED = BatchStatus.COMPLETED.value


class ImportOutcome(StrEnum):
    """The outcome of one row of an import."""

    QUEUED = ItemStatus.QUEUED.value
    CREATED = ItemStatus.CREATED.value
    UPDATED = ItemStatus.UPDATED.value
    UNCHANGED = ItemStatus.UNCHANGED.value
    FAILED = ItemStatus.FAILED.value


class ImportedCustomer(SaveCustomer, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A row of an import: a customer as in `PUT /v1/customers/{id}`, with its id."""

    id: Annotated[Id, Meta(description="POM's id of the customer.")]


class NewCustomerImport(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The customers to save. Each row is independent: an invalid row fails without affecting the others."""

    customers: Annotated[
        list[Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/components/schemas/ImportedCustomer"})]],
        Meta(
            description="Customers as in `PUT /v1/customers/{id}`, each with its `id`.",
            extra_json_schema={"minItems": 1, "maxItems": MAX_ROWS},
        ),
    ]


class ImportCounts(msgspec.Struct, rename="camel"):
    """The number of rows by outcome. The counts add up to `total`."""

    queued: Annotated[int, Meta(description="Rows whose customers have not been synced with Stripe yet.")]
    created: Annotated[int, Meta(description="Customers that were new to POM.")]
    updated: Annotated[int, Meta(description="Customers whose records in POM changed.")]
    unchanged: Annotated[int, Meta(description="Customers whose records in POM already had these values.")]
    failed: Annotated[int, Meta(description="Rows that failed.")]


STATUSES = (
    "The status of the import. `storing`: POM is storing the rows. `running`: POM is syncing the customers with "
    "Stripe. `completed`: the import is finished."
)


class CustomerImportView(msgspec.Struct, rename="camel", kw_only=True):
    """An import of customers."""

    id: Annotated[str, Meta(description="The id of the import.")]
    status: Annotated[ImportStatus, Meta(description=STATUSES)]
    total: Annotated[int, Meta(description="The number of rows of the import.")]
    counts: Annotated[ImportCounts, Meta(description="The number of rows by outcome.")]
    created_at: Annotated[Instant, Meta(description="Time at which the import was requested. RFC 3339, UTC.")]


class ImportRowView(msgspec.Struct, rename="camel", kw_only=True):
    """The outcome of one row."""

    row: Annotated[int, Meta(description="The position of the row in the request. The first row is 1.")]
    customer_id: Annotated[str | None, Meta(description="POM's id of the customer. Null if the row has no valid id.")]
    outcome: Annotated[
        ImportOutcome,
        Meta(
            description="The outcome of the row. `queued`: its customer has not been synced with Stripe yet. "
            "`created`: the customer was new to POM. `updated`: the customer's record in POM changed. `unchanged`: "
            "the record already had these values. `failed`: the row was not saved."
        ),
    ]
    error: Annotated[ItemErrorView | None, Meta(description="Why the row failed. Null unless `outcome` is `failed`.")]


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
