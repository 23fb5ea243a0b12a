"""Invoices as they are answered."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import (
    Day,
    Instant,
    Money,
    instant,
    instant_or_none,
)
from chalicelib.domain.failures import FAILURE_TEXTS, FailureReason
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.order import Deduction, DeductionKind, LineItem
from chalicelib.domain.status import FailedAttempt, InvoiceStatus
from chalicelib.domain.stripe_pages import object_url

_AS_ORDERED = "This is what POM ordered. Somebody may have changed the invoice in Stripe; `total` is Stripe's."


class LineItemView(msgspec.Struct, rename="camel", kw_only=True):
    """One billed service."""

    service_id: Annotated[str, Meta(description="POM's id of the service.")]
    description: Annotated[str, Meta(description="The text of the line on the invoice.")]
    quantity: Annotated[
        str, Meta(description="How many units of the service are billed. An exact decimal.", examples=["1.5"])
    ]
    unit_price: Annotated[Money, Meta(description="The price of one unit, in the invoice's currency.")]
    amount: Annotated[
        Money, Meta(description="`quantity` times `unitPrice`, rounded to a cent, in the invoice's currency.")
    ]
    taxable: Annotated[bool, Meta(description="True if the invoice's tax is charged on this line.")]
    service_date: Annotated[
        Day | None, Meta(description="The day on which the work was done. Null if POM was not told.")
    ]


class DeductionView(msgspec.Struct, rename="camel", kw_only=True):
    """A line that lowers the total: a discount that the company gives, or a credit that it owes the customer."""

    kind: Annotated[DeductionKind, Meta(description="`discount` or `credit`.")]
    description: Annotated[str, Meta(description="The text of the line on the invoice.")]
    amount: Annotated[Money, Meta(description="What it takes off, in units of the invoice's currency; more than 0.")]


class FailureView(msgspec.Struct, rename="camel", kw_only=True):
    """Why the latest attempt to pay failed."""

    reason: Annotated[FailureReason, Meta(description="Why it failed, as one of POM's words.")]
    message: Annotated[str, Meta(description="Why it failed, in a sentence for people.")]
    next_step: Annotated[str, Meta(description="What the office can do about it.")]
    at: Annotated[Instant, Meta(description="When it failed; for a bank debit, when it came back. RFC 3339, UTC.")]


class InvoiceView(msgspec.Struct, rename="camel", kw_only=True):
    """An invoice. Its amounts are in `currency`, and `status` follows what Stripe says.

    `lineItems`, `deductions`, `subtotal` and `tax` are as POM ordered them: `subtotal` is what the services cost,
    and the total that POM ordered is `subtotal` less the deductions, plus `tax`. `total` is Stripe's.

    Unless the invoice is void, `total` is `paidAmount` less `overpaidAmount`, plus `balanceAppliedAmount`, plus
    `creditedBeforePaymentAmount`, plus `balance`.
    """

    id: Annotated[str, Meta(description="POM's id of the invoice.")]
    stripe_invoice_id: Annotated[
        str | None,
        Meta(
            description="Stripe's id of the invoice, or of its latest revision. Null until Stripe has it.",
            examples=["in_1PgafmB7WZ01zgkW"],
        ),
    ]
    number: Annotated[str | None, Meta(description="The invoice's number. A draft has none.")]
    status: Annotated[InvoiceStatus, Meta(description="The status, which follows what Stripe says.")]
    customer_id: Annotated[str, Meta(description="POM's id of the customer.")]
    customer_name: Annotated[
        str | None,
        Meta(
            description="The customer's name as POM's record has it now: the company's, or the first and the last "
            "name. Null if it has none, and if the customer is erased. What is printed on the invoice may be a "
            "former name.",
            examples=["Dana Reyes"],
        ),
    ]
    customer_email: Annotated[
        str | None,
        Meta(description="The address Stripe e-mails this invoice to. Null until it is finalized."),
    ]
    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    line_items: Annotated[list[LineItemView], Meta(description=f"The services that are billed. {_AS_ORDERED}")]
    deductions: Annotated[list[DeductionView], Meta(description=f"The discounts and credits. {_AS_ORDERED}")]
    subtotal: Annotated[Money, Meta(description=f"What the services cost, in `currency`. {_AS_ORDERED}")]
    tax: Annotated[Money, Meta(description=f"The tax, in `currency`. {_AS_ORDERED}")]
    total: Annotated[
        Money, Meta(description="What the customer is asked to pay by this invoice, as Stripe has it. In `currency`.")
    ]
    total_difference: Annotated[
        Money,
        Meta(
            description="`total` less the total that POM ordered. It is not 0 if somebody changed the invoice in "
            "Stripe. Such a draft is not sent by POM. In `currency`."
        ),
    ]
    discount_amount: Annotated[
        Money, Meta(description="What discounts in Stripe took off. `total` is what they left. In `currency`.")
    ]
    paid_amount: Annotated[
        Money,
        Meta(
            description="What the customer has paid, through Stripe and outside. It includes any surplus, and "
            "refunds do not lower it. In `currency`."
        ),
    ]
    refunded_amount: Annotated[
        Money,
        Meta(
            description="What the customer got back, by refunds and outside Stripe. Credit notes record what "
            "was given back outside Stripe. In `currency`."
        ),
    ]
    lost_amount: Annotated[
        Money,
        Meta(description="What the customer's bank took back for good, by disputes that were lost. In `currency`."),
    ]
    received_amount: Annotated[
        Money,
        Meta(
            description="What came in and stayed: `paidAmount` less `refundedAmount` less `lostAmount`. In "
            "`currency`."
        ),
    ]
    balance_applied_amount: Annotated[
        Money,
        Meta(
            description="What the customer's credit balance in Stripe paid of the invoice. It is negative if a "
            "debt on that balance was added to the invoice. It includes an amount below Stripe's minimum that Stripe "
            "moved to that balance. In `currency`."
        ),
    ]
    credited_amount: Annotated[
        Money, Meta(description="The sum of all credit notes that were issued for this invoice. In `currency`.")
    ]
    credited_before_payment_amount: Annotated[
        Money,
        Meta(
            description="The part of `creditedAmount` that lowered the amount due. The rest was given back after "
            "payment. In `currency`."
        ),
    ]
    overpaid_amount: Annotated[
        Money,
        Meta(
            description="The surplus that the customer paid. Stripe puts it on the customer's credit balance. In "
            "`currency`."
        ),
    ]
    balance: Annotated[
        Money,
        Meta(description="This much is still to be paid. It is not the customer's balance in Stripe. In `currency`."),
    ]
    due_date: Annotated[Day | None, Meta(description="The day on which it is due. Null if none is set yet.")]
    created_at: Annotated[Instant, Meta(description="When POM was asked to create it. RFC 3339, UTC.")]
    updated_at: Annotated[Instant, Meta(description="When POM stored its latest change. RFC 3339, UTC.")]
    sent_at: Annotated[
        Instant | None, Meta(description="When Stripe e-mailed it. Null if it was not e-mailed. RFC 3339, UTC.")
    ]
    paid_at: Annotated[
        Instant | None,
        Meta(description="When Stripe took it as paid. For a payment outside Stripe, that is when it was recorded."),
    ]
    paid_on: Annotated[
        Day | None,
        Meta(
            description="The day on which it was paid, in the organization's time zone. For a payment that was "
            "recorded in POM, that is the day that was given. The summary counts the invoice on this day."
        ),
    ]
    memo: Annotated[str | None, Meta(description="The memo on the invoice.")]
    payment_url: Annotated[
        str | None,
        Meta(description="Stripe's page to pay it. Null until it is finalized, and once the link has expired."),
    ]
    payment_url_expired: Annotated[
        bool, Meta(description="True if Stripe's links have expired. `POST …/refresh` reads new ones from Stripe.")
    ]
    pdf_url: Annotated[
        str | None, Meta(description="The PDF file. Null until it is finalized, and once the link has expired.")
    ]
    dashboard_url: Annotated[
        str | None,
        Meta(
            description="The invoice's page in Stripe's dashboard. Null until Stripe has it, and once it is deleted."
        ),
    ]
    failure: Annotated[
        FailureView | None,
        Meta(description="Why the latest attempt to pay failed. Null unless the latest attempt failed."),
    ]
    replaced_numbers: Annotated[
        list[str],
        Meta(description="Numbers of the invoices that it has replaced since somebody edited it in Stripe."),
    ]
    being_revised: Annotated[bool, Meta(description="Somebody is editing it in Stripe and has not finished.")]
    corrects_invoice_id: Annotated[
        str | None,
        Meta(description="POM's id of the invoice that was voided so that this one, its copy, takes its place."),
    ]
    corrected_by_invoice_id: Annotated[
        str | None,
        Meta(
            description="POM's id of the copy that was made when somebody corrected it. Null unless somebody has. It "
            "stays if the copy is void by now; the `explanation` of the invoice says where its services are billed."
        ),
    ]
    partially_refunded: Annotated[
        bool, Meta(description="True if money was refunded and the status is not `refunded`.")
    ]
    disputed: Annotated[
        bool,
        Meta(description="True if the customer's bank disputes a payment now. See `lostAmount` for lost disputes."),
    ]
    overdue: Annotated[
        bool,
        Meta(
            description="True if it is not paid and its due day is over. Days are of the time zone that the invoice "
            "was made in."
        ),
    ]
    overdue_since: Annotated[Day | None, Meta(description="The day after the due day, while it is overdue.")]
    erased_at: Annotated[
        Instant | None,
        Meta(
            description="When the person was taken out of this invoice, because the customer was erased. Amounts, "
            "dates and numbers stay. `customerName`, `customerEmail`, `memo` and the links are null, and the texts "
            "of lines and deductions are `(erased)`. Null unless the customer was erased. RFC 3339, UTC."
        ),
    ]


def invoice_view(invoice: Invoice, *, customer_name: str | None, now: int, dashboard_base: str) -> InvoiceView:
    order, stripe_facts, amounts = invoice.order, invoice.facts.invoice, invoice.amounts
    link_expired, failure = invoice.link_expired(now), invoice.failure
    # A draft that only has terms is due on no day yet.
    due_day = None if invoice.due_by_terms else invoice.due_day or order.due_date
    money = partial(decimal_string, currency=order.currency)
    return InvoiceView(
        id=invoice.id,
        stripe_invoice_id=invoice.stripe_invoice_id,
        number=stripe_facts.number if stripe_facts else None,
        status=invoice.status,
        customer_id=order.customer_id,
        customer_name=customer_name,
        customer_email=stripe_facts.customer_email if stripe_facts else None,
        currency=order.currency,
        line_items=[_line_view(line, order.currency) for line in order.line_items],
        deductions=[deduction_view(each, order.currency) for each in order.deductions],
        subtotal=money(order.subtotal),
        tax=money(order.tax),
        total=money(invoice.total),
        total_difference=money(invoice.total_difference),
        discount_amount=money(amounts.discount),
        paid_amount=money(amounts.paid),
        refunded_amount=money(amounts.refunded),
        lost_amount=money(amounts.lost),
        received_amount=money(amounts.received),
        balance_applied_amount=money(amounts.balance_applied),
        credited_amount=money(amounts.credited),
        credited_before_payment_amount=money(amounts.credited_before_payment),
        overpaid_amount=money(amounts.overpaid),
        balance=money(invoice.balance),
        due_date=due_day.isoformat() if due_day else None,
        created_at=instant(invoice.created_at),
        updated_at=instant(invoice.updated_at),
        sent_at=instant(invoice.sent_at) if invoice.sent_at else None,
        paid_at=instant(stripe_facts.paid_at) if stripe_facts and stripe_facts.paid_at else None,
        paid_on=invoice.paid_on.isoformat() if invoice.paid_on else None,
        memo=order.memo,
        payment_url=stripe_facts.hosted_url if stripe_facts and not link_expired else None,
        payment_url_expired=link_expired,
        pdf_url=stripe_facts.pdf_url if stripe_facts and not link_expired else None,
        dashboard_url=object_url(dashboard_base, invoice, invoice.stripe_invoice_id),
        failure=failure_view(failure) if failure else None,
        replaced_numbers=invoice.facts.replaced_numbers,
        being_revised=invoice.being_revised,
        corrects_invoice_id=invoice.corrects,
        corrected_by_invoice_id=invoice.corrected_by,
        partially_refunded=invoice.partially_refunded,
        disputed=invoice.disputed,
        overdue=invoice.overdue,
        overdue_since=invoice.overdue_since.isoformat() if invoice.overdue and invoice.overdue_since else None,
        erased_at=instant_or_none(invoice.erased_at),
    )


def _line_view(line: LineItem, currency: str) -> LineItemView:
    return LineItemView(
        service_id=line.service_id,
        description=line.description,
        quantity=format(line.quantity, "f"),
        unit_price=decimal_string(line.unit_price, currency),
        amount=decimal_string(line.amount, currency),
        taxable=line.taxable,
        service_date=line.service_date.isoformat() if line.service_date else None,
    )


def deduction_view(deduction: Deduction, currency: str) -> DeductionView:
    """Returns a deduction as it is answered."""
    return DeductionView(
        kind=deduction.kind,
        description=deduction.description,
        amount=decimal_string(deduction.amount, currency),
    )


def failure_view(attempt: FailedAttempt) -> FailureView:
    text = FAILURE_TEXTS[attempt.reason]
    return FailureView(reason=attempt.reason, message=text.message, next_step=text.next_step, at=instant(attempt.at))
