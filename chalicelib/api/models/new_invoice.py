"""The request to make an invoice."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import CurrencyCode, Footer, Id, Memo, visible
from chalicelib.api.models.exact import ExactAmount, ExactQuantity, canonical_json
from chalicelib.api.models.invoicing_settings import InvoiceType, Methods, Terms
from chalicelib.domain.identifiers import CustomerId, OrganizationId, ServiceId, UserId
from chalicelib.domain.order import MAX_LINES
from chalicelib.domain.texts import VISIBLE_LINE_PATTERN
from chalicelib.usecases.invoicing.create_invoice import MAX_QUANTITY, MAX_QUANTITY_DECIMALS, CreateInvoice, NewLine

Description = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=VISIBLE_LINE_PATTERN,
        description="One line in which something is visible.",
    ),
]
Price = Annotated[
    ExactAmount,
    Meta(
        description="In units of the currency, with at most as many decimals as it has. The most is 99,999,999 of "
        "its smallest units: 999,999.99 USD, or 99,999,999 JPY. A number may have an exponent; a string is plain."
    ),
]
Quantity = Annotated[
    ExactQuantity,
    Meta(
        description=f"More than 0, at most {MAX_QUANTITY}, with at most {MAX_QUANTITY_DECIMALS} decimals. "
        "A number may have an exponent; a string is plain."
    ),
]
DueDate = Annotated[dt.date, Meta(description="A day in the organization's time zone.", examples=["2026-12-23"])]


class NewLineItem(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """One service to bill. A service can be on one live invoice only."""

    service_id: Id
    description: Description
    quantity: Quantity
    unit_price: Price
    currency: CurrencyCode | None = None
    taxable: bool = False


Lines = Annotated[
    list[NewLineItem],
    Meta(
        description="Each service once. A tax takes one of the lines.",
        extra_json_schema={"minItems": 1, "maxItems": MAX_LINES},
    ),
]


class NewInvoice(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """What to bill. What is left out comes from the invoicing settings; `send: false` leaves a draft to review."""

    customer_id: Id
    line_items: Lines
    invoice_type: InvoiceType = "stripe"
    payment_terms: Terms | None = None
    due_date: DueDate | None = None
    currency: CurrencyCode | None = None
    tax: Price | None = None
    memo: Memo | None = None
    footer: Footer | None = None
    payment_methods: Methods | None = None
    send: bool = True

    @property
    def fingerprint(self) -> str:
        """The same for bodies that ask for the same, however they are written."""
        return hashlib.sha256(canonical_json(self)).hexdigest()


def command_from(
    model: NewInvoice, organization_id: OrganizationId, user_id: UserId, idempotency_key: str | None
) -> CreateInvoice:
    return CreateInvoice(
        organization_id=organization_id,
        user_id=user_id,
        idempotency_key=idempotency_key,
        fingerprint=model.fingerprint,
        customer_id=CustomerId(model.customer_id),
        line_items=tuple(_line_from(line) for line in model.line_items),
        invoice_type=model.invoice_type,
        payment_terms=model.payment_terms,
        due_date=model.due_date,
        currency=model.currency.lower() if model.currency else None,
        tax=Decimal(model.tax) if model.tax is not None else None,
        memo=visible(model.memo),
        footer=visible(model.footer),
        payment_methods=tuple(model.payment_methods) if model.payment_methods is not None else None,
        send=model.send,
    )


def _line_from(line: NewLineItem) -> NewLine:
    return NewLine(
        service_id=ServiceId(line.service_id),
        description=line.description,
        quantity=Decimal(line.quantity),
        unit_price=Decimal(line.unit_price),
        currency=line.currency.lower() if line.currency else None,
        taxable=line.taxable,
    )
