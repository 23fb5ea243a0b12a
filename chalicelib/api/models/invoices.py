"""Invoices as they are answered."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.models.common import (
    Day,
    Instant,
    Money,
    PageInfo,
    instant,
    instant_or_none,
    page_info,
)
from chalicelib.domain.explanation import explain
from chalicelib.domain.failures import FAILURE_TEXTS, FailureReason
from chalicelib.domain.history import HistoryEntry, Outcome, Source, in_order
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.order import LineItem
from chalicelib.domain.status import FailedAttempt, InvoiceStatus
from chalicelib.ports.storage import Page

PAGES = {"in": "invoices", "pi": "payments", "ch": "payments", "py": "payments", "du": "disputes", "dp": "disputes"}
"""Prefix of a Stripe id to the Dashboard's pages of its kind."""


_AS_ORDERED = "As POM ordered it. Somebody may have changed the invoice in Stripe; `total` is Stripe's."


class LineItemView(msgspec.Struct, rename="camel", kw_only=True):
    """One billed service."""

    service_id: str
    description: str
    quantity: Annotated[str, Meta(description="An exact decimal.", examples=["1.5"])]
    unit_price: Money
    amount: Money
    taxable: bool


class FailureView(msgspec.Struct, rename="camel", kw_only=True):
    """Why the latest attempt to pay failed."""

    reason: FailureReason
    message: str
    next_step: str
    at: Instant


class InvoiceView(msgspec.Struct, rename="camel", kw_only=True):
    """An invoice. Its amounts are in `currency`, and `status` follows what Stripe says.

    `lineItems`, `subtotal` and `tax` are as POM ordered them. `total` is Stripe's.

    Unless the invoice is void, `total` is `paidAmount` less `overpaidAmount`, plus `balanceAppliedAmount`, plus
    `creditedBeforePaymentAmount`, plus `balance`.
    """

    id: str
    number: str | None
    status: InvoiceStatus
    customer_id: str
    customer_email: Annotated[
        str | None,
        Meta(description="The address Stripe e-mails this invoice to. Null until it is finalized."),
    ]
    currency: str
    line_items: Annotated[list[LineItemView], Meta(description=_AS_ORDERED)]
    subtotal: Annotated[Money, Meta(description=_AS_ORDERED)]
    tax: Annotated[Money, Meta(description=_AS_ORDERED)]
    total: Money
    total_difference: Annotated[
        str,
        Meta(
            description="`total` less the total that POM ordered. It is not 0 if somebody changed the invoice in "
            "Stripe. Such a draft is not sent by POM."
        ),
    ]
    discount_amount: Annotated[str, Meta(description="Discounts in Stripe took this off; `total` is what they left.")]
    paid_amount: Annotated[
        str,
        Meta(
            description="The customer paid this much, through Stripe and outside. It includes any surplus, and "
            "refunds do not lower it."
        ),
    ]
    refunded_amount: Annotated[
        str,
        Meta(
            description="The customer got this much back, by refunds and outside Stripe. Credit notes record what "
            "was given back outside Stripe."
        ),
    ]
    lost_amount: Annotated[
        str, Meta(description="The customer's bank took this much back for good, by disputes that were lost.")
    ]
    received_amount: Annotated[
        str,
        Meta(description="This much came in and stayed: `paidAmount` less `refundedAmount` less `lostAmount`."),
    ]
    balance_applied_amount: Annotated[
        str,
        Meta(
            description="The customer's credit balance in Stripe paid this much of the invoice. It is negative if a "
            "debt on that balance was added to the invoice. It includes an amount below Stripe's minimum that Stripe "
            "moved to that balance."
        ),
    ]
    credited_amount: Annotated[
        str, Meta(description="The sum of all credit notes that were issued for this invoice.")
    ]
    credited_before_payment_amount: Annotated[
        str,
        Meta(
            description="The part of `creditedAmount` that lowered the amount due. The rest was given back after "
            "payment."
        ),
    ]
    overpaid_amount: Annotated[
        str,
        Meta(description="The surplus that the customer paid. Stripe puts it on the customer's credit balance."),
    ]
    balance: Annotated[
        str,
        Meta(description="This much is still to be paid. It is not the customer's balance in Stripe."),
    ]
    due_date: Day | None
    created_at: Instant
    updated_at: Instant
    sent_at: Instant | None
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
    memo: str | None
    payment_url: str | None
    payment_url_expired: Annotated[
        bool, Meta(description="True if Stripe's links have expired. `POST …/refresh` reads new ones from Stripe.")
    ]
    pdf_url: str | None
    dashboard_url: str | None
    failure: FailureView | None
    replaced_numbers: Annotated[
        list[str],
        Meta(description="Numbers of the invoices that it has replaced since somebody edited it in Stripe."),
    ]
    being_revised: Annotated[bool, Meta(description="Somebody is editing it in Stripe and has not finished.")]
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


class InvoiceList(msgspec.Struct, rename="camel"):
    """A page of invoices, newest first; if only overdue ones were asked for, longest overdue first."""

    data: list[InvoiceView]
    page_info: PageInfo


class HistoryEntryView(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that happened. `source` says where POM has it from: POM itself, Stripe's webhook, or the sweep."""

    at: Instant
    kind: str
    source: Source
    actor: str | UnsetType = UNSET
    amount: (
        Annotated[
            Money,
            Meta(
                description="Depends on `kind`. An event about the invoice has what was paid if the invoice is paid, "
                "and otherwise what is still to be paid. An event about a payment, a charge, a refund, a dispute or "
                "a credit note has the amount of that object; `charge_refunded` has the amount of the whole charge. "
                "`revised` has the total of the revision. Other kinds have none."
            ),
        ]
        | UnsetType
    ) = UNSET
    currency: (
        Annotated[str, Meta(description="The currency of `amount`. A dispute may be in another one.")] | UnsetType
    ) = UNSET
    reason: (
        Annotated[
            str,
            Meta(
                description="Depends on `kind`. A payment or a charge that failed has the reason, in the words of "
                "`failure.reason`; another charge has the type of its payment method. A refund has Stripe's reason "
                "if it failed, and otherwise its status. A dispute has its status, a credit note its reason in "
                "Stripe. `refund_found` has the refund's status. `marked_paid` has the method and the reference. "
                "`payment_window_passed` has the length of the window. `send_refused` and `reminder_refused` have "
                "the code of the refusal. Other kinds have none."
            ),
        ]
        | UnsetType
    ) = UNSET
    outcome: Outcome | UnsetType = UNSET
    stripe_id: str | UnsetType = UNSET
    dashboard_url: Annotated[str, Meta(description="The object's page in Stripe's dashboard.")] | UnsetType = UNSET


class InvoiceHistory(msgspec.Struct, rename="camel"):
    """The timeline of an invoice, oldest first, always whole."""

    data: list[HistoryEntryView]
    page_info: PageInfo


class InvoiceDetail(InvoiceView, rename="camel", kw_only=True):
    """An invoice with its timeline, oldest first."""

    explanation: Annotated[str, Meta(description="Why it has its status, in plain sentences.")]
    history: list[HistoryEntryView]


def invoice_view(invoice: Invoice, *, now: int, dashboard_base: str) -> InvoiceView:
    order, known, amounts = invoice.order, invoice.facts.invoice, invoice.amounts
    expired = invoice.link_expired(now)

    def money(amount: int) -> str:
        return decimal_string(amount, order.currency)

    return InvoiceView(
        id=invoice.id,
        number=known.number if known else None,
        status=invoice.status,
        customer_id=order.customer_id,
        customer_email=known.customer_email if known else None,
        currency=order.currency,
        line_items=[_line_view(line, order.currency) for line in order.line_items],
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
        due_date=_due_date(invoice),
        created_at=instant(invoice.created_at),
        updated_at=instant(invoice.updated_at),
        sent_at=instant_or_none(invoice.sent_at),
        paid_at=instant_or_none(known.paid_at) if known else None,
        paid_on=invoice.paid_on.isoformat() if invoice.paid_on else None,
        memo=order.memo,
        payment_url=known.hosted_url if known and not expired else None,
        payment_url_expired=expired,
        pdf_url=known.pdf_url if known and not expired else None,
        dashboard_url=object_url(invoice, invoice.stripe_invoice_id, dashboard_base),
        failure=_failure_view(invoice.failure),
        replaced_numbers=invoice.facts.replaced_numbers,
        being_revised=invoice.being_revised,
        partially_refunded=invoice.partially_refunded,
        disputed=invoice.disputed,
        overdue=invoice.overdue,
        overdue_since=invoice.overdue_since.isoformat() if invoice.overdue and invoice.overdue_since else None,
    )


def invoice_list(page: Page[Invoice], *, now: int, dashboard_base: str) -> InvoiceList:
    views = [invoice_view(each, now=now, dashboard_base=dashboard_base) for each in page.items]
    return InvoiceList(views, page_info(page))


def invoice_detail(invoice: Invoice, *, now: int, dashboard_base: str) -> InvoiceDetail:
    view = invoice_view(invoice, now=now, dashboard_base=dashboard_base)
    return InvoiceDetail(
        **msgspec.structs.asdict(view), explanation=explain(invoice, now), history=_timeline(invoice, dashboard_base)
    )


def history_view(invoice: Invoice, *, dashboard_base: str) -> InvoiceHistory:
    return InvoiceHistory(_timeline(invoice, dashboard_base), PageInfo(end_cursor=None, has_next_page=False))


def _timeline(invoice: Invoice, dashboard_base: str) -> list[HistoryEntryView]:
    return [_entry_view(entry, invoice, dashboard_base) for entry in in_order(invoice.history)]


def _line_view(line: LineItem, currency: str) -> LineItemView:
    return LineItemView(
        service_id=line.service_id,
        description=line.description,
        quantity=format(line.quantity, "f"),
        unit_price=decimal_string(line.unit_price, currency),
        amount=decimal_string(line.amount, currency),
        taxable=line.taxable,
    )


def _failure_view(failed: FailedAttempt | None) -> FailureView | None:
    if failed is None:
        return None
    text = FAILURE_TEXTS[failed.reason]
    return FailureView(reason=failed.reason, message=text.message, next_step=text.next_step, at=instant(failed.at))


def _due_date(invoice: Invoice) -> str | None:
    """The calendar day in the organization's time zone; None while a draft only has terms."""
    if invoice.due_by_terms:
        return None
    day = invoice.due_day or invoice.order.due_date
    return day.isoformat() if day else None


def object_url(invoice: Invoice, stripe_id: str | None, base: str) -> str | None:
    """Where Stripe's Dashboard shows an object that belongs to the invoice; not every kind has a page of its own."""
    page = PAGES.get((stripe_id or "").partition("_")[0])
    mode = "" if invoice.livemode else "test/"
    return f"{base}/{invoice.stripe_account_id}/{mode}{page}/{stripe_id}" if page else None


def _entry_view(entry: HistoryEntry, invoice: Invoice, dashboard_base: str) -> HistoryEntryView:
    currency = entry.currency or invoice.order.currency
    has_amount = entry.amount is not None
    return HistoryEntryView(
        at=instant(entry.at),
        kind=entry.kind,
        source=entry.source,
        actor=entry.actor or UNSET,
        amount=decimal_string(entry.amount, currency) if entry.amount is not None else UNSET,
        currency=currency if has_amount else UNSET,
        reason=entry.reason or UNSET,
        outcome=entry.outcome or UNSET,
        stripe_id=entry.stripe_id or UNSET,
        dashboard_url=object_url(invoice, entry.stripe_id, dashboard_base) or UNSET,
    )
