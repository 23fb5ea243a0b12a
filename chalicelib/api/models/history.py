"""The timeline of an invoice, as the API returns it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, Money, PageInfo, instant
from chalicelib.api.models.payments import DoneBy, PaymentMethodView, method_view
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.stripe_pages import object_url
from chalicelib.domain.timeline import timeline
from chalicelib.domain.timeline_entries import Entry, EntryKind


class HistoryEntryView(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that happened to an invoice. Fields that do not apply are null."""

    at: Annotated[Instant, Meta(description="When it happened. RFC 3339, UTC.")]
    kind: Annotated[
        EntryKind,
        Meta(
            description="What happened. `recreated`: POM had lost its record and made it again from Stripe. "
            "`send_requested`: somebody asked POM to send it, and POM has not sent it yet. `finalized`: it was "
            "finalized in Stripe without an e-mail. `revised`: somebody edited it in Stripe, and the revision has "
            "replaced it. `payment_under_way`: a payment by a slow method such as a bank debit began. "
            "`partly_paid`: a payment after which something was left to pay. `paid`: nothing was left. "
            "`marked_paid`: recorded as paid outside Stripe. `given_up`: marked as uncollectible; it can still be "
            "paid. `refund_pending`: a refund that did not succeed "
            "at once. `dispute_closed`: closed without a decision, such as an inquiry."
        ),
    ]
    source: Annotated[
        DoneBy, Meta(description="`pom` if POM did it; `stripe` if somebody in Stripe, the payer or the bank did it.")
    ]
    actor: Annotated[
        str | None, Meta(description="The id of the user for whom POM did it. Null if POM did it by itself.")
    ]
    amount: Annotated[
        Money | None,
        Meta(
            description="The amount of the payment, the attempt, the refund, the dispute or the credit note, in "
            "`currency`. `revised` has the total of the revision. Null for all other kinds."
        ),
    ]
    currency: Annotated[
        str | None, Meta(description="The currency of `amount`, ISO 4217 in lower case. Null if there is no amount.")
    ]
    method: Annotated[
        PaymentMethodView | None,
        Meta(
            description="The method of the payment or of the attempt. A refund has the method of its payment. Null "
            "for all other kinds, and if POM does not know it."
        ),
    ]
    reason: Annotated[
        str | None,
        Meta(
            description="Depends on `kind`. `payment_failed` has one of the words of `failure.reason`. "
            "`paid` has `no_money` if nothing had to be paid, such as after a credit; otherwise it has none. "
            "`marked_paid` has the method and the reference that the office recorded. `refunded` and "
            "`refund_pending` have Stripe's word for why the refund was made, `refund_failed` has Stripe's word "
            "for why it failed. Disputes have Stripe's word for what the payer claims. `credited` has the credit "
            "note's reason in Stripe. `given_up` has the length of the payment window that has passed. "
            "`send_refused`, `reminder_refused` and `refund_refused` have the error code of the refusal. Other "
            "kinds have none: then it is null."
        ),
    ]
    to: Annotated[
        str | None,
        Meta(description="The address that the invoice or the reminder was e-mailed to. Null for all other kinds."),
    ]
    due_by: Annotated[
        Instant | None,
        Meta(
            description="When Stripe must have the evidence for the dispute, in its dashboard. RFC 3339, UTC. Null "
            "for all other kinds."
        ),
    ]
    payment_id: Annotated[
        str | None,
        Meta(
            description="The `id` of the payment that the entry is about, as in the invoice's `payments`. Null if it "
            "is about no payment.",
            examples=["pi_3MtwBwLkdIwHu7ix28a3tqPa"],
        ),
    ]
    stripe_id: Annotated[
        str | None,
        Meta(description="Stripe's id of the object that the entry is about. Null if it is about no such object."),
    ]
    dashboard_url: Annotated[
        str | None,
        Meta(description="That object's page in Stripe's dashboard. Null if it has none or no longer exists."),
    ]


class InvoiceHistory(msgspec.Struct, rename="camel"):
    """The whole timeline of an invoice, oldest first."""

    data: Annotated[list[HistoryEntryView], Meta(description="What happened, the first thing first.")]
    page_info: PageInfo


def history_view(invoice: Invoice, *, dashboard_base: str) -> InvoiceHistory:
    """Returns the timeline as a list with one page."""
    return InvoiceHistory(history_entries(invoice, dashboard_base), PageInfo(end_cursor=None, has_next_page=False))


def history_entries(invoice: Invoice, dashboard_base: str) -> list[HistoryEntryView]:
    """Returns the entries of an invoice's timeline, oldest first."""
    return [_entry_view(entry, invoice, dashboard_base) for entry in timeline(invoice)]


def _entry_view(entry: Entry, invoice: Invoice, dashboard_base: str) -> HistoryEntryView:
    currency = entry.currency or invoice.order.currency
    return HistoryEntryView(
        at=instant(entry.at),
        kind=entry.kind,
        source=DoneBy.POM if entry.by_pom else DoneBy.STRIPE,
        actor=entry.actor or None,
        amount=decimal_string(entry.amount, currency) if entry.amount is not None else None,
        currency=currency if entry.amount is not None else None,
        method=method_view(entry.method),
        reason=entry.reason or None,
        to=entry.to or None,
        due_by=instant(entry.due_by) if entry.due_by is not None else None,
        payment_id=entry.payment_id or None,
        stripe_id=entry.stripe_id or None,
        dashboard_url=object_url(dashboard_base, invoice, entry.stripe_id),
    )
