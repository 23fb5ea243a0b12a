"""An invoice, its lines and its deductions."""

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

_AS_ORDERED = "As POM ordered it. A person may have changed the invoice in Stripe; `total` is Stripe's."


class LineItemView(msgspec.Struct, rename="camel", kw_only=True):
    """A billed service."""

    service_id: Annotated[str, Meta(description="POM's id of the service.")]
    description: Annotated[str, Meta(description="The text of the line on the invoice.")]
    quantity: Annotated[str, Meta(description="The number of billed units. An exact decimal.", examples=["1.5"])]
    unit_price: Annotated[Money, Meta(description="The price of one unit, in the invoice's currency.")]
    amount: Annotated[
        Money, Meta(description="`quantity` times `unitPrice`, rounded to a cent, in the invoice's currency.")
    ]
    taxable: Annotated[bool, Meta(description="True if the invoice's tax is charged on this line.")]
    service_date: Annotated[Day | None, Meta(description="The day on which the work was done. Null if POM has none.")]


class DeductionView(msgspec.Struct, rename="camel", kw_only=True):
    """A line that lowers the total: a discount that the company gives, or a credit that it owes the customer."""

    kind: Annotated[DeductionKind, Meta(description="`discount` or `credit`.")]
    description: Annotated[str, Meta(description="The text of the line on the invoice.")]
    amount: Annotated[
        Money, Meta(description="The amount of the deduction, above 0, in units of the invoice's currency.")
    ]


class FailureView(msgspec.Struct, rename="camel", kw_only=True):
    """Why the latest attempt to pay failed."""

    reason: Annotated[FailureReason, Meta(description="The reason, as one of POM's values.")]
    message: Annotated[str, Meta(description="The reason, in a sentence for people.")]
    next_step: Annotated[str, Meta(description="What the office can do about it.")]
    at: Annotated[
        Instant,
        Meta(
            description="Time at which the attempt failed. For a bank debit, the time at which the money was "
            "returned. RFC 3339, UTC."
        ),
    ]


class InvoiceView(msgspec.Struct, rename="camel", kw_only=True):
    """An invoice. Its amounts are in `currency`, and `status` follows Stripe.

    `lineItems`, `deductions`, `subtotal` and `tax` are as POM ordered them. `subtotal` is the price of the services,
    and the total that POM ordered is `subtotal` less the deductions, plus `tax`. `total` is Stripe's.

    Unless the invoice is void, `total` is `paidAmount` less `overpaidAmount`, plus `balanceAppliedAmount`, plus
    `creditedBeforePaymentAmount`, plus `balance`.
    """

    id: Annotated[str, Meta(description="POM's id of the invoice.")]
    stripe_invoice_id: Annotated[
        str | None,
        Meta(
            description="Stripe's id of the invoice, or of its latest revision. Null until Stripe has the invoice.",
            examples=["in_1PgafmB7WZ01zgkW"],
        ),
    ]
    number: Annotated[str | None, Meta(description="The invoice's number. A draft has none.")]
    status: Annotated[
        InvoiceStatus,
        Meta(
            description="The status of the invoice. `creating`: POM is creating, editing or sending it in Stripe. "
            "`draft`: it has not been sent. `pending`: it awaits payment. `paid`: no amount is due. `failed`: the "
            "latest attempt to pay failed. `refunded`: all that was paid was refunded. `void`: it was voided, or "
            "deleted while it was a draft. `uncollectible`: its payment is no longer expected, but it can still be "
            "paid."
        ),
    ]
    customer_id: Annotated[str, Meta(description="POM's id of the customer.")]
    customer_name: Annotated[
        str | None,
        Meta(
            description="The customer's current name in POM: the company's name, or the first and the last name. "
            "Null if the customer has no name or is erased. A former name may be printed on the invoice.",
            examples=["Dana Reyes"],
        ),
    ]
    customer_email: Annotated[
        str | None,
        Meta(
            description="The e-mail address to which Stripe sends this invoice. Null until the invoice is finalized."
        ),
    ]
    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    line_items: Annotated[list[LineItemView], Meta(description=f"The billed services. {_AS_ORDERED}")]
    deductions: Annotated[list[DeductionView], Meta(description=f"The discounts and credits. {_AS_ORDERED}")]
    subtotal: Annotated[Money, Meta(description=f"The price of the services, in `currency`. {_AS_ORDERED}")]
    tax: Annotated[Money, Meta(description=f"The tax, in `currency`. {_AS_ORDERED}")]
    total: Annotated[
        Money,
        Meta(
            description="The amount that this invoice asks the customer to pay, according to Stripe. In `currency`."
        ),
    ]
    total_difference: Annotated[
        Money,
        Meta(
            description="`total` less the total that POM ordered. If it is not 0, a person has changed the invoice "
            "in Stripe, and POM does not send it while it is a draft. In `currency`."
        ),
    ]
    discount_amount: Annotated[
        Money,
        Meta(
            description="The amount of the discounts in Stripe, which are already subtracted from `total`. In "
            "`currency`."
        ),
    ]
    paid_amount: Annotated[
        Money,
        Meta(
            description="The amount that the customer has paid, through Stripe and outside. It includes any "
            "surplus, and refunds do not lower it. In `currency`."
        ),
    ]
    refunded_amount: Annotated[
        Money,
        Meta(
            description="The amount that was returned to the customer, by refunds and outside Stripe. Credit notes "
            "record the money returned outside Stripe. In `currency`."
        ),
    ]
    lost_amount: Annotated[
        Money,
        Meta(
            description="The amount that the customer's bank took back permanently, by lost disputes. In `currency`."
        ),
    ]
    received_amount: Annotated[
        Money,
        Meta(
            description="The amount that was received and not returned: `paidAmount` less `refundedAmount` less "
            "`lostAmount`. In `currency`."
        ),
    ]
    balance_applied_amount: Annotated[
        Money,
        Meta(
            description="The amount of the invoice that the customer's credit balance in Stripe paid. It is "
            "negative if a debt on that balance was added to the invoice. It includes an amount below Stripe's "
            "minimum that Stripe moved to that balance. In `currency`."
        ),
    ]
    credited_amount: Annotated[
        Money, Meta(description="The sum of all credit notes that were issued for this invoice. In `currency`.")
    ]
    credited_before_payment_amount: Annotated[
        Money,
        Meta(
            description="The part of `creditedAmount` that lowered the amount due. The remaining part was returned "
            "after payment. In `currency`."
        ),
    ]
    overpaid_amount: Annotated[
        Money,
        Meta(
            description="The amount that the customer paid in excess. Stripe adds it to the customer's credit "
            "balance. In `currency`."
        ),
    ]
    balance: Annotated[
        Money,
        Meta(
            description="The amount that remains to be paid. It is not the customer's balance in Stripe. In "
            "`currency`."
        ),
    ]
    due_date: Annotated[
        Day | None, Meta(description="The day on which the invoice is due. Null if the day is not set yet.")
    ]
    created_at: Annotated[
        Instant, Meta(description="Time at which POM received the request to create the invoice. RFC 3339, UTC.")
    ]
    updated_at: Annotated[
        Instant, Meta(description="Time at which POM stored the latest change of the invoice. RFC 3339, UTC.")
    ]
    sent_at: Annotated[
        Instant | None,
        Meta(description="Time at which Stripe e-mailed the invoice. RFC 3339, UTC. Null if it was not e-mailed."),
    ]
    paid_at: Annotated[
        Instant | None,
        Meta(
            description="Time at which Stripe marked the invoice as paid. For a payment outside Stripe, the time "
            "at which it was recorded. RFC 3339, UTC."
        ),
    ]
    paid_on: Annotated[
        Day | None,
        Meta(
            description="The day on which the invoice was paid, in the organization's time zone. For a payment "
            "that was recorded in POM, the recorded day. The summary counts the invoice on this day."
        ),
    ]
    memo: Annotated[str | None, Meta(description="The memo on the invoice.")]
    payment_url: Annotated[
        str | None,
        Meta(
            description="Stripe's page for paying the invoice. Null until the invoice is finalized, and once the "
            "link has expired."
        ),
    ]
    payment_url_expired: Annotated[
        bool, Meta(description="True if Stripe's links have expired. `POST …/refresh` reads new ones from Stripe.")
    ]
    pdf_url: Annotated[
        str | None,
        Meta(
            description="The PDF file of the invoice. Null until the invoice is finalized, and once the link has "
            "expired."
        ),
    ]
    dashboard_url: Annotated[
        str | None,
        Meta(
            description="The invoice's page in the Stripe dashboard. Null until Stripe has the invoice, and once "
            "it is deleted there."
        ),
    ]
    failure: Annotated[
        FailureView | None,
        Meta(description="Why the latest attempt to pay failed. Null if it did not fail, or if there was none."),
    ]
    replaced_numbers: Annotated[
        list[str],
        Meta(
            description="The numbers of the invoices that this one has replaced after a person edited them in Stripe."
        ),
    ]
    being_revised: Annotated[bool, Meta(description="True while a person is editing the invoice in Stripe.")]
    corrects_invoice_id: Annotated[
        str | None,
        Meta(
            description="POM's id of the voided invoice that this one replaces as its corrected copy. Null if it "
            "corrects none."
        ),
    ]
    corrected_by_invoice_id: Annotated[
        str | None,
        Meta(
            description="POM's id of the copy that replaces this invoice after a correction. Null if the invoice "
            "was not corrected. The id stays if the copy is voided later; `explanation` then says where the "
            "services are billed."
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
            description="True if the invoice is unpaid and its due day has passed. Days begin and end in the time "
            "zone in which the invoice was created."
        ),
    ]
    overdue_since: Annotated[
        Day | None, Meta(description="The day after the due day. Null unless the invoice is overdue.")
    ]
    erased_at: Annotated[
        Instant | None,
        Meta(
            description="Time at which the person's data was removed from this invoice, because the customer was "
            "erased. RFC 3339, UTC. Null unless the customer was erased. Amounts, dates and numbers stay. "
            "`customerName`, `customerEmail`, `memo` and the links are null, and the texts of lines and deductions "
            "are `(erased)`."
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
    """Returns a deduction as the API returns it."""
    return DeductionView(
        kind=deduction.kind,
        description=deduction.description,
        amount=decimal_string(deduction.amount, currency),
    )


def failure_view(attempt: FailedAttempt) -> FailureView:
    text = FAILURE_TEXTS[attempt.reason]
    return FailureView(reason=attempt.reason, message=text.message, next_step=text.next_step, at=instant(attempt.at))
