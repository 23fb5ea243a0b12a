"""An invoice with its payments and its timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.draft_order import DraftOrderView, draft_order_view
from chalicelib.api.models.history import HistoryEntryView, history_entries
from chalicelib.api.models.invoices import InvoiceView, invoice_view
from chalicelib.api.models.payments import PaymentView, payment_views
from chalicelib.domain.explanation import explain
from chalicelib.domain.explanation_of_deposits import where_money_is
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.related_invoices import NO_RELATED_INVOICES, RelatedInvoices
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.payouts.show_deposits import Deposited


class InvoiceDetail(InvoiceView, rename="camel", kw_only=True):
    """An invoice with its payments and its timeline."""

    order: Annotated[
        DraftOrderView | None,
        Meta(
            description="The order of the draft, in the form that `PUT` accepts. Null if the invoice is not a draft."
        ),
    ]
    explanation: Annotated[
        str,
        Meta(description="Why the invoice has its status, and which deposit has its money, in sentences for people."),
    ]
    payments: Annotated[
        list[PaymentView],
        Meta(description="The payments and the attempts to pay, through Stripe and outside, oldest first."),
    ]
    history: Annotated[list[HistoryEntryView], Meta(description="The timeline of the invoice, oldest entry first.")]


def invoice_detail(
    invoice: Invoice,
    deposits: Mapping[str, Deposited],
    *,
    related_invoices: RelatedInvoices = NO_RELATED_INVOICES,
    customer_name: str | None,
    now: int,
    dashboard_base: str,
) -> InvoiceDetail:
    """Returns an invoice with its payments and its timeline.

    `deposits` has the fees and the deposits, by the ids of payments, refunds and disputes. `related_invoices` are the
    other invoices that the explanation mentions.
    """
    view = invoice_view(invoice, customer_name=customer_name, now=now, dashboard_base=dashboard_base)
    money_sentences = where_money_is([(each.settled.movement, each.deposits) for each in deposits.values()])
    return InvoiceDetail(
        **msgspec.structs.asdict(view),
        order=draft_order_view(invoice.order) if invoice.status is InvoiceStatus.DRAFT else None,
        explanation=" ".join([explain(invoice, now, related_invoices), *money_sentences]),
        payments=payment_views(invoice, deposits, dashboard_base),
        history=history_entries(invoice, dashboard_base),
    )
