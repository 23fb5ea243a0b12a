"""Work in bulk, as it is asked for and answered: billing many customers, importing many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.http.decoding import body_as
from chalicelib.api.models.common import (
    CurrencyCode,
    Footer,
    Id,
    Instant,
    Memo,
    PageInfo,
    instant,
    page_info,
    visible,
)
from chalicelib.api.models.connection import PausedOrNot, pause_view
from chalicelib.api.models.customers import SaveCustomer, save_from
from chalicelib.api.models.errors import ErrorDetail, MoreDetails
from chalicelib.api.models.exact import canonical_json
from chalicelib.api.models.invoicing_settings import Methods, Terms
from chalicelib.api.models.new_invoice import Description, DueDate, Price, Quantity
from chalicelib.domain.batch import Batch, BatchItem, BatchStatus, ItemStatus
from chalicelib.domain.batch_errors import MAX_ITEM_ERRORS, ItemError, item_error
from chalicelib.domain.connection import Freeze
from chalicelib.domain.errors import Malformed, Refused
from chalicelib.domain.identifiers import CustomerId, OrganizationId, ServiceId, UserId
from chalicelib.ports.storage import Page
from chalicelib.usecases.bulk.bill_many import MAX_SERVICES, BillableService, BillMany
from chalicelib.usecases.bulk.import_customers import MAX_ROWS, ImportCustomers, Row
from chalicelib.usecases.invoicing.create_invoice import NewLine

TRY_AGAIN = "Correct what is wrong and try it again."
"""What to do about an item's error that does not say it itself."""


class ServiceToBill(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """One service, and whom to bill it to. A service can be on one live invoice only."""

    customer_id: Id
    service_id: Id
    description: Description
    quantity: Quantity
    unit_price: Price
    currency: CurrencyCode | None = None
    taxable: bool = False


Services = Annotated[
    list[ServiceToBill],
    Meta(
        description="Each service once, all in one currency.",
        extra_json_schema={"minItems": 1, "maxItems": MAX_SERVICES},
    ),
]


class NewInvoiceBatch(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """What to bill. What is left out comes from the invoicing settings; `send: false` leaves drafts to review."""

    services: Services
    payment_terms: Terms | None = None
    due_date: DueDate | None = None
    memo: Memo | None = None
    footer: Footer | None = None
    payment_methods: Methods | None = None
    send: bool = True


class BatchCounts(msgspec.Struct, rename="camel"):
    """How many invoices are in which status; together they are the total."""

    queued: int
    created: int
    sent: int
    failed: int
    cancelled: int


class InvoiceBatchView(msgspec.Struct, rename="camel", kw_only=True):
    """A billing batch; `total` is its number of invoices."""

    id: str
    status: BatchStatus
    total: int
    counts: BatchCounts
    created_at: Instant


class ItemErrorView(msgspec.Struct, rename="camel", kw_only=True):
    """Why it failed, with a stable code as everywhere. `details` has every error of the item, this one first."""

    code: str
    message: str
    field: str | UnsetType = UNSET
    next_step: str
    details: Annotated[list[ErrorDetail], Meta(extra_json_schema={"minItems": 1, "maxItems": MAX_ITEM_ERRORS})]
    more_details: MoreDetails | UnsetType = UNSET


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


_row_decoder = msgspec.json.Decoder(float_hook=str)
"""Numbers stay as they are written: 1e400 is JSON, and no float."""


def bill_many_from(
    model: NewInvoiceBatch, organization_id: OrganizationId, user_id: UserId, key: str | None
) -> BillMany:
    return BillMany(
        organization_id=organization_id,
        user_id=user_id,
        idempotency_key=key,
        fingerprint=hashlib.sha256(canonical_json(model)).hexdigest(),
        services=tuple(_service_from(each) for each in model.services),
        payment_terms=model.payment_terms,
        due_date=model.due_date,
        memo=visible(model.memo),
        footer=visible(model.footer),
        payment_methods=tuple(model.payment_methods) if model.payment_methods is not None else None,
        send=model.send,
    )


def _service_from(model: ServiceToBill) -> BillableService:
    line = NewLine(
        service_id=ServiceId(model.service_id),
        description=model.description,
        quantity=Decimal(model.quantity),
        unit_price=Decimal(model.unit_price),
        currency=model.currency.lower() if model.currency else None,
        taxable=model.taxable,
    )
    return BillableService(CustomerId(model.customer_id), line)


def import_from(
    model: NewCustomerImport, organization_id: OrganizationId, user_id: UserId, key: str | None
) -> ImportCustomers:
    as_sent = [_as_sent(each) for each in model.customers]
    fingerprint = hashlib.sha256(canonical_json(as_sent)).hexdigest()
    return ImportCustomers(organization_id, user_id, key, fingerprint, tuple(_rows_from(model, as_sent)))


def _as_sent(row: msgspec.Raw) -> Any:
    """Returns what a row says, or its text if it cannot be read: then the row fails, and the others do not."""
    try:
        return _row_decoder.decode(row)
    except (ValueError, RecursionError):
        return bytes(row).decode(errors="replace")


def _rows_from(model: NewCustomerImport, as_sent: list[Any]) -> Iterator[Row]:
    for raw, sent in zip(model.customers, as_sent, strict=True):
        try:
            read = body_as(ImportedCustomer, bytes(raw))
            save = save_from(read)
            yield Row(
                customer_id=CustomerId(read.id),
                profile=save.profile,
                stripe_customer_id=save.chosen,
                left_out=save.left_out,
                loaded_before=save.loaded_before,
                deliberate=save.deliberate,
            )
        except (Malformed, Refused) as wrong:
            yield Row(_id_of(sent), None, None, item_error(wrong))


def _id_of(sent: Any) -> CustomerId | None:
    """The id of a row in which something else is wrong, to find the row by."""
    try:
        return CustomerId(msgspec.convert(sent["id"], Id))
    except (msgspec.ValidationError, KeyError, TypeError):
        return None


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
            invoice_id=item.invoice_id or UNSET,
            error=_error_view(item.error),
        )
        for item in page.items
    ]
    return InvoiceBatchDetail(
        **msgspec.structs.asdict(batch_view(batch)),
        items=items,
        page_info=page_info(page),
        invoicing_paused=pause_view(pause),
    )


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
            error=_error_view(item.error),
        )
        for item in page.items
    ]
    return CustomerImportDetail(**msgspec.structs.asdict(import_view(batch)), rows=rows, page_info=page_info(page))


def _error_view(error: ItemError | None) -> ItemErrorView | UnsetType:
    if error is None:
        return UNSET
    return ItemErrorView(
        code=error.code,
        message=error.message,
        field=error.field or UNSET,
        next_step=error.next_step or TRY_AGAIN,
        details=[_detail(each) for each in (error, *error.others)],
        more_details=error.more or UNSET,
    )


def _detail(error: ItemError) -> ErrorDetail:
    return ErrorDetail(
        code=error.code,
        message=error.message,
        field=error.field or UNSET,
        next_step=error.next_step or TRY_AGAIN,
        invoice_id=error.invoice_id or UNSET,
        number=error.number if error.invoice_id else UNSET,
    )
