"""The preview of a draft, as the payer would see it."""

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
    """The company as payers see it."""

    name: Annotated[
        str | None, Meta(description="The name of the company's Stripe account. Null if POM has no name.")
    ]
    support_email: Annotated[
        str | None, Meta(description="The company's e-mail address for payers. Null if Stripe has none.")
    ]
    support_phone: Annotated[
        str | None, Meta(description="The company's phone number for payers. Null if Stripe has none.")
    ]


class PreviewBillTo(msgspec.Struct, rename="camel", kw_only=True):
    """The customer as POM's record has it now. POM updates the Stripe customer before it sends the draft."""

    customer_id: Annotated[str, Meta(description="POM's id of the customer.")]
    name: Annotated[
        str | None,
        Meta(description="The name of the company, or otherwise of the person. Null if the customer has no name."),
    ]
    email: Annotated[
        str | None,
        Meta(
            description="The e-mail address to which Stripe will send the invoice. Null if the customer has none; "
            "see `warnings`."
        ),
    ]
    address: Annotated[list[str], Meta(description="The postal address, line by line. Empty if POM has no address.")]


class PreviewLine(msgspec.Struct, rename="camel", kw_only=True):
    """A billed service."""

    text: Annotated[
        str,
        Meta(
            description="The text of the line for the payer: the description, with service date, quantity and unit "
            "price.",
            examples=["Weekly pool cleaning (21 November 2026; 1.5 x 75.00)"],
        ),
    ]
    quantity: Annotated[str, Meta(description="The number of billed units. An exact decimal.", examples=["1.5"])]
    unit_price: Annotated[Money, Meta(description="The price of one unit, in units of `currency`.")]
    amount: Annotated[Money, Meta(description="The price of the line, in units of `currency`.")]
    service_date: Annotated[Day | None, Meta(description="The day of the work. Null if POM has none.")]


class PreviewDeduction(msgspec.Struct, rename="camel", kw_only=True):
    """A line that lowers the total."""

    kind: Annotated[DeductionKind, Meta(description="`discount` or `credit`.")]
    text: Annotated[str, Meta(description="The text of the line for the payer.")]
    amount: Annotated[Money, Meta(description="The amount of the deduction, above 0, in units of `currency`.")]


class PreviewCustomField(msgspec.Struct, rename="camel", kw_only=True):
    """A custom field that the company's Stripe account adds to its invoices."""

    name: Annotated[str, Meta(description="The name of the field.")]
    value: Annotated[str, Meta(description="The value of the field.")]


class PreviewWarning(msgspec.Struct, rename="camel", kw_only=True):
    """A reason for which sending the draft would be refused now."""

    code: Annotated[ErrorCode, Meta(description="The error code with which `POST …/send` would refuse the draft.")]
    message: Message
    next_step: NextStep


class InvoicePreview(msgspec.Struct, rename="camel", kw_only=True):
    """A draft as the payer would see it if it were sent today, as POM ordered it.

    A credit balance or a debt of the customer in Stripe is settled when the invoice is sent, and is not included.
    """

    invoice_id: Annotated[str, Meta(description="POM's id of the invoice.")]
    notice: Annotated[str, Meta(description="A sentence that says that this is a draft. Show it with the preview.")]
    number: Annotated[str | None, Meta(description="Null, because Stripe numbers an invoice when it is sent.")]
    company: Annotated[PreviewCompany, Meta(description="The company that sends the invoice.")]
    bill_to: Annotated[PreviewBillTo, Meta(description="The customer who receives the invoice.")]
    date: Annotated[
        Day, Meta(description="The date of the invoice if it is sent today: today in the organization's time zone.")
    ]
    due_date: Annotated[Day | None, Meta(description="The day on which the invoice is due if it is sent today.")]
    due_in_words: Annotated[
        str | None,
        Meta(
            description="When the invoice is due, if that depends on the day on which it is sent. Null if "
            "`dueDate` does not depend on that day.",
            examples=["Due 30 days after it is sent."],
        ),
    ]
    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    line_items: Annotated[list[PreviewLine], Meta(description="The services, in the order of the invoice.")]
    deductions: Annotated[list[PreviewDeduction], Meta(description="Discounts and credits.")]
    subtotal: Annotated[Money, Meta(description="The sum of the services, in units of `currency`.")]
    tax: Annotated[Money, Meta(description="The tax, in units of `currency`.")]
    total: Annotated[Money, Meta(description="`subtotal` less the deductions, plus `tax`, in units of `currency`.")]
    memo: Annotated[str | None, Meta(description="The memo. Null if there is none.")]
    footer: Annotated[
        str | None,
        Meta(
            description="The footer that POM ordered, or otherwise the one that Stripe filled in. Null if there is "
            "none."
        ),
    ]
    custom_fields: Annotated[
        list[PreviewCustomField],
        Meta(description="The custom fields that Stripe filled in when the draft was created."),
    ]
    payment_methods: Annotated[
        list[str],
        Meta(
            description="The payment methods that the payer can use, in words. Empty if the settings of the Stripe "
            "account decide.",
            examples=[["Card", "US bank account"]],
        ),
    ]
    warnings: Annotated[
        list[PreviewWarning],
        Meta(
            description="The reasons for which sending the draft would be refused now. Empty if POM finds none. "
            "`POST …/send` also checks in Stripe whether a person has changed the draft there."
        ),
    ]


def invoice_preview(preview: Preview) -> InvoicePreview:
    """Returns the preview."""
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
