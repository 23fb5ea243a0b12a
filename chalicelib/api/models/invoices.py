"""Invoices as they are answered."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.models.common import Day, Instant, Money, PageInfo, instant, instant_or_none, page_info
from chalicelib.domain.explanation import explain
from chalicelib.domain.failures import FAILURE_TEXTS, FailureReason
from chalicelib.domain.history import HistoryEntry, Outcome, Source, in_order
from chalicelib.domain.invoice import Invoice, LineItem
from chalicelib.domain.money import decimal_string
from chalicelib.domain.status import FailedAttempt, InvoiceStatus
from chalicelib.domain.storage import Page
from chalicelib.domain.terms import day_of
from chalicelib.usecases.settle_outside import OUTSIDE_METHODS

PAGES = {"in": "invoices", "pi": "payments", "ch": "payments", "py": "payments", "du": "disputes", "dp": "disputes"}
"""Prefix of a Stripe id to the Dashboard's pages of its kind."""


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
    """An invoice. Its amounts are in `currency`; `status` is what Stripe's facts say.

    Unless the invoice is void, `total` is `paidAmount` less `overpaidAmount`, plus `balanceAppliedAmount`, plus
    `creditedBeforePaymentAmount`, plus `balance`.
    """

    id: str
    number: str | None
    status: InvoiceStatus
    customer_id: str
    customer_email: Annotated[
        str | None,
        Meta(description="Where Stripe e-mails it, once it is finalized: the customer's address of that day."),
    ]
    currency: str
    line_items: list[LineItemView]
    subtotal: Money
    tax: Money
    total: Money
    discount_amount: Annotated[str, Meta(description="Taken off by discounts in Stripe; `total` is what they left.")]
    paid_amount: Annotated[
        str, Meta(description="Paid through Stripe and outside, what went back since and a surplus included.")
    ]
    refunded_amount: Annotated[
        str, Meta(description="Given back by refunds, and outside Stripe as credit notes record.")
    ]
    lost_amount: Annotated[
        str, Meta(description="Taken back for good by the customer's bank: disputes that were lost.")
    ]
    received_amount: Annotated[
        str, Meta(description="What came in and stayed: `paidAmount` less `refundedAmount` less `lostAmount`.")
    ]
    balance_applied_amount: Annotated[
        str,
        Meta(
            description="Paid from the customer's credit balance in Stripe; negative if a debt was added. "
            "A sum below Stripe's minimum that Stripe moved to the balance counts here."
        ),
    ]
    credited_amount: Annotated[str, Meta(description="All credit notes that were issued for this invoice.")]
    credited_before_payment_amount: Annotated[
        str, Meta(description="What of them took off what was to be paid; the rest gave back what had been paid.")
    ]
    overpaid_amount: Annotated[
        str, Meta(description="Paid beyond what was due; Stripe puts it on the customer's credit balance.")
    ]
    balance: Annotated[str, Meta(description="What is still to be paid.")]
    due_date: Day | None
    created_at: Instant
    updated_at: Instant
    sent_at: Instant | None
    paid_at: Instant | None
    memo: str | None
    payment_url: str | None
    payment_url_expired: Annotated[
        bool, Meta(description="Stripe's links have expired: `POST …/refresh` brings fresh ones.")
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
        bool, Meta(description="Some of what was paid went back, or all of it while the invoice is still open.")
    ]
    disputed: Annotated[bool, Meta(description="A bank questions a payment now; see `lostAmount` for what it took.")]
    overdue: bool


class OutsidePayment(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """How the customer paid, and under which reference, such as the number of a check."""

    method: Annotated[str, Meta(extra_json_schema={"enum": list(OUTSIDE_METHODS)})]
    reference: Annotated[str, Meta(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None


class InvoiceList(msgspec.Struct, rename="camel"):
    """A page of invoices, newest first; if only overdue ones were asked for, longest overdue first."""

    data: list[InvoiceView]
    page_info: PageInfo


class HistoryEntryView(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that happened. `source` says who told: POM itself, Stripe's webhook, or the sweep."""

    at: Instant
    kind: str
    source: Source
    actor: str | UnsetType = UNSET
    amount: Money | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    outcome: Outcome | UnsetType = UNSET
    stripe_id: str | UnsetType = UNSET
    dashboard_url: Annotated[str, Meta(description="Where to look at it in Stripe.")] | UnsetType = UNSET


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
        memo=order.memo,
        payment_url=known.hosted_url if known and not expired else None,
        payment_url_expired=expired,
        pdf_url=known.pdf_url if known and not expired else None,
        dashboard_url=object_url(invoice, invoice.stripe_invoice_id, dashboard_base),
        failure=_failure_view(invoice.failure),
        replaced_numbers=invoice.replaced_numbers,
        being_revised=invoice.being_revised,
        partially_refunded=invoice.partially_refunded,
        disputed=invoice.disputed,
        overdue=invoice.overdue(now),
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
    if invoice.due_at is not None:
        return day_of(invoice.due_at, invoice.order.time_zone).isoformat()
    return invoice.order.due_date.isoformat() if invoice.order.due_date else None


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
