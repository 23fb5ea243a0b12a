"""What the payer will see of a draft, as it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Day, ErrorCode, Money
from chalicelib.api.models.errors import Message, NextStep
from chalicelib.api.models.item_errors import TRY_AGAIN
from chalicelib.domain.customer_fields import Field, Profile, as_sent_to_stripe
from chalicelib.domain.errors import Conflict, Refused
from chalicelib.domain.money import decimal_string
from chalicelib.domain.order import DeductionKind, Order
from chalicelib.domain.payment_methods import OFFERED_NAMES
from chalicelib.domain.wording import days
from chalicelib.usecases.invoicing.preview import Preview

NOTICE = "This is a draft. It has no number, and the customer has not been asked to pay."


class PreviewCompany(msgspec.Struct, rename="camel", kw_only=True):
    """The company as Stripe shows it to payers."""

    name: Annotated[str | None, Meta(description="The name of its Stripe account. Null if POM does not know it.")]
    support_email: Annotated[str | None, Meta(description="The e-mail address for payers. Null if Stripe has none.")]
    support_phone: Annotated[str | None, Meta(description="The phone number for payers. Null if Stripe has none.")]


class PreviewBillTo(msgspec.Struct, rename="camel", kw_only=True):
    """The customer as POM has it now, which Stripe is given before the draft is sent."""

    customer_id: Annotated[str, Meta(description="POM's id of the customer.")]
    name: Annotated[str | None, Meta(description="The company, or else the person. Null if there is no name.")]
    email: Annotated[
        str | None, Meta(description="The address that Stripe will mail to. Null if there is none: see `warnings`.")
    ]
    address: Annotated[
        list[str], Meta(description="The postal address, line by line. Empty if POM has no part of it.")
    ]


class PreviewLine(msgspec.Struct, rename="camel", kw_only=True):
    """One service."""

    text: Annotated[
        str,
        Meta(
            description="What the payer reads: the description, with the service date, the quantity and the unit "
            "price in words.",
            examples=["Weekly pool cleaning (21 November 2026; 1.5 x 75.00)"],
        ),
    ]
    quantity: Annotated[
        str, Meta(description="How many units of the service are billed. An exact decimal.", examples=["1.5"])
    ]
    unit_price: Annotated[Money, Meta(description="The price of one, in units of the currency.")]
    amount: Annotated[Money, Meta(description="The price of the line, in units of the currency.")]
    service_date: Annotated[Day | None, Meta(description="The day of the work. Null if POM was not told.")]


class PreviewDeduction(msgspec.Struct, rename="camel", kw_only=True):
    """A line that lowers the total."""

    kind: Annotated[DeductionKind, Meta(description="`discount` or `credit`.")]
    text: Annotated[str, Meta(description="What the payer reads.")]
    amount: Annotated[Money, Meta(description="What it takes off, in units of the currency; more than 0.")]


class PreviewCustomField(msgspec.Struct, rename="camel", kw_only=True):
    """A field that the company has Stripe put on its invoices."""

    name: Annotated[str, Meta(description="Its name.")]
    value: Annotated[str, Meta(description="Its value.")]


class PreviewWarning(msgspec.Struct, rename="camel", kw_only=True):
    """Why sending the draft would be refused now."""

    code: Annotated[ErrorCode, Meta(description="The code with which `POST …/send` would refuse it.")]
    message: Message
    next_step: NextStep


class InvoicePreview(msgspec.Struct, rename="camel", kw_only=True):
    """What the payer will see of a draft, as if it were sent today. It is what POM ordered.

    A credit balance or a debt that the customer has in Stripe is settled when the invoice is sent, and is not in it.
    """

    invoice_id: Annotated[str, Meta(description="POM's id of the invoice.")]
    notice: Annotated[str, Meta(description="Says that it is a draft. Show it with the preview.")]
    number: Annotated[str | None, Meta(description="Null, because Stripe numbers an invoice when it is sent.")]
    company: Annotated[PreviewCompany, Meta(description="Who asks to be paid.")]
    bill_to: Annotated[PreviewBillTo, Meta(description="Who is asked to pay.")]
    date: Annotated[
        Day, Meta(description="Today in the organization's time zone: the day of the invoice if it is sent today.")
    ]
    due_date: Annotated[Day | None, Meta(description="The day on which it is due if it is sent today.")]
    due_in_words: Annotated[
        str | None,
        Meta(
            description="When it is due, if that depends on the day of sending. Null if it is due on `dueDate` "
            "whenever it is sent.",
            examples=["Due 30 days after it is sent."],
        ),
    ]
    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    line_items: Annotated[list[PreviewLine], Meta(description="The services, in the order of the invoice.")]
    deductions: Annotated[list[PreviewDeduction], Meta(description="Discounts and credits.")]
    subtotal: Annotated[Money, Meta(description="What the services cost together, in units of the currency.")]
    tax: Annotated[Money, Meta(description="The tax, in units of the currency.")]
    total: Annotated[Money, Meta(description="`subtotal` less the deductions, plus `tax`, in units of the currency.")]
    memo: Annotated[str | None, Meta(description="The memo. Null if there is none.")]
    footer: Annotated[
        str | None,
        Meta(description="The footer that POM ordered, or else that Stripe filled in. Null if there is none."),
    ]
    custom_fields: Annotated[
        list[PreviewCustomField], Meta(description="Fields that Stripe filled in when the draft was made.")
    ]
    payment_methods: Annotated[
        list[str],
        Meta(
            description="How it can be paid, in words. Empty if that is left to the settings of the Stripe account.",
            examples=[["Card", "US bank account"]],
        ),
    ]
    warnings: Annotated[
        list[PreviewWarning],
        Meta(
            description="Why sending it would be refused now. Empty if POM knows of nothing. `POST …/send` asks "
            "Stripe as well whether somebody has changed the draft there."
        ),
    ]


def invoice_preview(preview: Preview) -> InvoicePreview:
    """Returns the preview as it is answered."""
    invoice, order, account, details = preview.invoice, preview.invoice.order, preview.account, preview.details
    money = partial(decimal_string, currency=order.currency)
    return InvoicePreview(
        invoice_id=invoice.id,
        notice=NOTICE,
        number=None,
        company=PreviewCompany(
            name=account.business_name if account else None,
            support_email=account.support_email if account else None,
            support_phone=account.support_phone if account else None,
        ),
        bill_to=_bill_to(order, preview.customer.profile),
        date=preview.today.isoformat(),
        due_date=preview.due_day.isoformat() if preview.due_day else None,
        due_in_words=_due_in_words(preview.days_until_due),
        currency=order.currency,
        line_items=[
            PreviewLine(
                text=line.text(order.currency),
                quantity=format(line.quantity, "f"),
                unit_price=money(line.unit_price),
                amount=money(line.amount),
                service_date=line.service_date.isoformat() if line.service_date else None,
            )
            for line in order.line_items
        ],
        deductions=[
            PreviewDeduction(kind=each.kind, text=each.description, amount=money(each.amount))
            for each in order.deductions
        ],
        subtotal=money(order.subtotal),
        tax=money(order.tax),
        total=money(order.total),
        memo=order.memo or details.description,
        footer=order.footer or details.footer,
        custom_fields=[PreviewCustomField(name=name, value=value) for name, value in details.custom_fields],
        payment_methods=[
            OFFERED_NAMES.get(method, method) for method in order.payment_methods or details.payment_method_types
        ],
        warnings=_warnings(preview.warnings),
    )


def _bill_to(order: Order, profile: Profile) -> PreviewBillTo:
    values = profile.values
    town = " ".join(part for part in (values[Field.STATE], values[Field.ZIP_CODE]) if part)
    lines = (
        values[Field.STREET],
        values[Field.STREET2],
        ", ".join(part for part in (values[Field.CITY], town) if part),
        values[Field.COUNTRY],
    )
    return PreviewBillTo(
        customer_id=order.customer_id,
        name=as_sent_to_stripe(Field.NAME, values[Field.NAME]),
        email=values[Field.EMAIL],
        address=[line for line in lines if line],
    )


def _due_in_words(wait: int | None) -> str | None:
    if wait is None:
        return None
    return f"Due {days(wait)} after it is sent." if wait else "Due on the day on which it is sent."


def _warnings(refusals: Sequence[Refused | Conflict]) -> list[PreviewWarning]:
    return [
        PreviewWarning(code=each.code, message=each.message, next_step=each.next_step or TRY_AGAIN)
        for each in refusals
    ]
