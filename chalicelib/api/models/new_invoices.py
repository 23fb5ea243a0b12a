"""The requests to create an invoice, to create a batch of invoices, and to replace the order of a draft."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import CurrencyCode, Footer, Id, IdOfService, Memo
from chalicelib.api.models.exact import ExactAmount, ExactPayment, ExactQuantity, fingerprint
from chalicelib.api.models.invoicing_settings import InvoiceType, Methods, Terms
from chalicelib.domain.billing import (
    MAX_QUANTITY,
    MAX_QUANTITY_DECIMALS,
    BillingTerms,
    RequestedDeduction,
    Service,
)
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId, ServiceId, UserId
from chalicelib.domain.order import MAX_LINES, DeductionKind
from chalicelib.domain.terms import EARLIEST_SERVICE
from chalicelib.domain.texts import VISIBLE_LINE_PATTERN, visible_or_empty
from chalicelib.usecases.bulk.bill_many import MAX_SERVICES, BillMany
from chalicelib.usecases.invoicing.edit_draft import EditDraft
from chalicelib.usecases.invoicing.new_order import CreateInvoice

Description = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=VISIBLE_LINE_PATTERN,
        description="One line of text with at least one visible character.",
    ),
]
Price = Annotated[
    ExactAmount,
    Meta(
        description="An amount in units of the currency, with at most as many decimals as the currency has. The "
        "largest amount is 99,999,999 of the currency's smallest units: 999,999.99 USD, or 99,999,999 JPY. A JSON "
        "number may have an exponent; a string may not."
    ),
]
Quantity = Annotated[
    ExactQuantity,
    Meta(
        description=f"A number above 0, at most {MAX_QUANTITY}, with at most {MAX_QUANTITY_DECIMALS} decimals. A "
        "JSON number may have an exponent; a string may not."
    ),
]
LineCurrency = Annotated[
    CurrencyCode | None,
    Meta(
        description="The currency of the price. If left out, the price is in the invoice's currency. A line in "
        "another currency than the invoice's is refused with `currency_mixed`."
    ),
]
ServiceDate = Annotated[
    dt.date,
    Meta(
        description=f"The day of the work, in the organization's time zone: from the year {EARLIEST_SERVICE.year} "
        "up to a year ahead. It is printed on the invoice.",
        examples=["2026-11-21"],
    ),
]
DueDate = Annotated[
    dt.date,
    Meta(
        description="The day on which the invoice is due, in the organization's time zone.", examples=["2026-12-23"]
    ),
]


class NewLineItem(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """A service to bill. A service can be billed only once: on one invoice that is not void."""

    service_id: Annotated[IdOfService, Meta(description="POM's id of the service.")]
    description: Description
    quantity: Quantity
    unit_price: Price
    currency: LineCurrency = None
    taxable: Annotated[bool, Meta(description="True if the invoice's tax is charged on this line.")] = False
    service_date: ServiceDate | None = None


class NewDeduction(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """A line that lowers the total: a discount that the company gives, or a credit that it owes the customer."""

    kind: Annotated[DeductionKind, Meta(description="`discount` or `credit`.")]
    description: Description
    amount: Annotated[
        ExactPayment,
        Meta(
            description="The amount of the deduction: above 0, in units of the currency, with at most as many "
            "decimals as the currency has. A JSON number may have an exponent; a string may not."
        ),
    ]


Deductions = Annotated[
    list[NewDeduction],
    Meta(
        description="The discounts and credits. Their sum is at most the sum of the services.",
        extra_json_schema={"maxItems": MAX_LINES - 1},
    ),
]
Lines = Annotated[
    list[NewLineItem],
    Meta(
        description="The services, each once. An invoice has a limited number of lines; each deduction takes one "
        "of them, and so does a tax.",
        extra_json_schema={"minItems": 1, "maxItems": MAX_LINES},
    ),
]


class NewInvoice(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """An invoice to create. Fields that are left out come from the invoicing settings."""

    customer_id: Annotated[Id, Meta(description="POM's id of the customer.")]
    line_items: Lines
    deductions: Deductions = []
    invoice_type: InvoiceType = "stripe"
    payment_terms: Terms | None = None
    due_date: DueDate | None = None
    currency: Annotated[
        CurrencyCode | None,
        Meta(description="The currency of the invoice. If left out, the currency of the invoicing settings."),
    ] = None
    tax: Annotated[Price | None, Meta(description="The tax on the taxable lines, in units of the currency.")] = None
    memo: Memo | None = None
    footer: Footer | None = None
    payment_methods: Methods | None = None
    send: Annotated[
        bool,
        Meta(
            description="True to send the invoice. False to create a draft, which can be reviewed and sent with "
            "`POST …/send`."
        ),
    ] = True


class DraftOrder(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """The new order of a draft, as a whole. Fields that are left out come from the invoicing settings.

    The customer and the currency of a draft cannot be changed. To change a draft, load its current `order` with
    `GET`, change it, and send it back. An empty memo or footer means none.
    """

    line_items: Lines
    deductions: Deductions = []
    payment_terms: Terms | None = None
    due_date: DueDate | None = None
    tax: Price | None = None
    memo: Memo | None = None
    footer: Footer | None = None
    payment_methods: Methods | None = None


class ServiceToBill(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """A service to bill, with its customer. A service can be billed only once: on one invoice that is not void."""

    customer_id: Annotated[Id, Meta(description="POM's id of the customer.")]
    service_id: Annotated[IdOfService, Meta(description="POM's id of the service.")]
    description: Description
    quantity: Quantity
    unit_price: Price
    currency: Annotated[
        CurrencyCode | None,
        Meta(
            description="The currency of the price. If left out, the price is in the currency of the invoicing "
            "settings. Another currency is accepted only if every service of the batch names it."
        ),
    ] = None
    taxable: Annotated[bool, Meta(description="True if the invoice's tax is charged on this line.")] = False
    service_date: ServiceDate | None = None


Services = Annotated[
    list[ServiceToBill],
    Meta(
        description="The services, each once and all in one currency: the currency that all of them name, or "
        "otherwise that of the invoicing settings. A service in another currency is refused with `currency_mixed`.",
        extra_json_schema={"minItems": 1, "maxItems": MAX_SERVICES},
    ),
]


class NewInvoiceBatch(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """A batch of invoices to create. Fields that are left out come from the invoicing settings."""

    services: Services
    payment_terms: Terms | None = None
    due_date: DueDate | None = None
    memo: Memo | None = None
    footer: Footer | None = None
    payment_methods: Methods | None = None
    send: Annotated[
        bool,
        Meta(
            description="True to send the invoices. False to create drafts, which can be reviewed before they are "
            "sent."
        ),
    ] = True


def create_invoice_from(
    model: NewInvoice, organization_id: OrganizationId, user_id: UserId, idempotency_key: str | None
) -> CreateInvoice:
    """Returns the use case's request to create an invoice."""
    return CreateInvoice(
        organization_id=organization_id,
        user_id=user_id,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint(model),
        customer_id=CustomerId(model.customer_id),
        line_items=tuple(_service_from(line) for line in model.line_items),
        terms=_terms_from(model, model.currency.lower() if model.currency else None, send=model.send),
        line_currencies=_currencies_of(model),
        invoice_type=model.invoice_type,
        tax=Decimal(model.tax) if model.tax is not None else None,
        deductions=_deductions_from(model),
    )


def edit_draft_from(
    model: DraftOrder, organization_id: OrganizationId, user_id: UserId, invoice_id: InvoiceId
) -> EditDraft:
    """Returns the use case's request to replace the order of a draft."""
    return EditDraft(
        organization_id=organization_id,
        invoice_id=invoice_id,
        user_id=user_id,
        line_items=tuple(_service_from(line) for line in model.line_items),
        terms=_terms_from(model, None, send=False),
        line_currencies=_currencies_of(model),
        tax=Decimal(model.tax) if model.tax is not None else None,
        deductions=_deductions_from(model),
    )


def bill_many_from(
    model: NewInvoiceBatch, organization_id: OrganizationId, user_id: UserId, idempotency_key: str | None
) -> BillMany:
    """Returns the use case's request to bill many services."""
    return BillMany(
        organization_id=organization_id,
        user_id=user_id,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint(model),
        services=tuple((CustomerId(each.customer_id), _service_from(each)) for each in model.services),
        terms=_terms_from(model, None, send=model.send),
        currencies={n: each.currency.lower() for n, each in enumerate(model.services) if each.currency},
    )


def _service_from(line: NewLineItem | ServiceToBill) -> Service:
    return Service(
        service_id=ServiceId(line.service_id),
        description=line.description,
        quantity=Decimal(line.quantity),
        unit_price=Decimal(line.unit_price),
        taxable=line.taxable,
        service_date=line.service_date,
    )


def _currencies_of(model: NewInvoice | DraftOrder) -> Mapping[int, str]:
    """Returns the currencies that lines name, by the positions of these lines."""
    return {n: line.currency.lower() for n, line in enumerate(model.line_items) if line.currency}


def _deductions_from(model: NewInvoice | DraftOrder) -> tuple[RequestedDeduction, ...]:
    return tuple(RequestedDeduction(each.kind, each.description, Decimal(each.amount)) for each in model.deductions)


def _terms_from(
    model: NewInvoice | DraftOrder | NewInvoiceBatch, currency: str | None, *, send: bool
) -> BillingTerms:
    return BillingTerms(
        currency=currency,
        payment_terms=model.payment_terms,
        due_date=model.due_date,
        memo=model.memo and visible_or_empty(model.memo),
        footer=model.footer and visible_or_empty(model.footer),
        payment_methods=tuple(model.payment_methods) if model.payment_methods is not None else None,
        send=send,
    )
