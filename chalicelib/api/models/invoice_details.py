"""An invoice with its payments and its timeline, as it is answered."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.history import HistoryEntryView, history_entries
from chalicelib.api.models.invoices import InvoiceView, invoice_view
from chalicelib.api.models.payments import PaymentView, payment_views
from chalicelib.domain.explanation import explain
from chalicelib.domain.invoice import Invoice


class InvoiceDetail(InvoiceView, rename="camel", kw_only=True):
    """An invoice with its payments and its timeline."""

    explanation: Annotated[str, Meta(description="Why it has its status, in plain sentences.")]
    payments: Annotated[
        list[PaymentView],
        Meta(description="What was paid or tried to be paid, through Stripe and outside, the first payment first."),
    ]
    history: Annotated[list[HistoryEntryView], Meta(description="What happened to it, the first thing first.")]


def invoice_detail(invoice: Invoice, *, now: int, dashboard_base: str) -> InvoiceDetail:
    view = invoice_view(invoice, now=now, dashboard_base=dashboard_base)
    return InvoiceDetail(
        **msgspec.structs.asdict(view),
        explanation=explain(invoice, now),
        payments=payment_views(invoice, dashboard_base),
        history=history_entries(invoice, dashboard_base),
    )
