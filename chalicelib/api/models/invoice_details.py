"""An invoice with its timeline, as it is answered."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.models.common import Instant, Money, PageInfo, instant
from chalicelib.api.models.invoices import InvoiceView, invoice_view
from chalicelib.domain.explanation import explain
from chalicelib.domain.history import HistoryEntry, Outcome, Source, in_order
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.stripe_pages import object_url


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


def invoice_detail(invoice: Invoice, *, now: int, dashboard_base: str) -> InvoiceDetail:
    view = invoice_view(invoice, now=now, dashboard_base=dashboard_base)
    return InvoiceDetail(
        **msgspec.structs.asdict(view), explanation=explain(invoice, now), history=_timeline(invoice, dashboard_base)
    )


def history_view(invoice: Invoice, *, dashboard_base: str) -> InvoiceHistory:
    return InvoiceHistory(_timeline(invoice, dashboard_base), PageInfo(end_cursor=None, has_next_page=False))


def _timeline(invoice: Invoice, dashboard_base: str) -> list[HistoryEntryView]:
    return [_entry_view(entry, invoice, dashboard_base) for entry in in_order(invoice.history)]


def _entry_view(entry: HistoryEntry, invoice: Invoice, dashboard_base: str) -> HistoryEntryView:
    currency = entry.currency or invoice.order.currency
    return HistoryEntryView(
        at=instant(entry.at),
        kind=entry.kind,
        source=entry.source,
        actor=entry.actor or UNSET,
        amount=decimal_string(entry.amount, currency) if entry.amount is not None else UNSET,
        currency=currency if entry.amount is not None else UNSET,
        reason=entry.reason or UNSET,
        outcome=entry.outcome or UNSET,
        stripe_id=entry.stripe_id or UNSET,
        dashboard_url=object_url(dashboard_base, invoice, entry.stripe_id) or UNSET,
    )
