"""The timeline of an invoice."""

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
    """An entry of an invoice's timeline. Fields that do not apply are null."""

    at: Annotated[Instant, Meta(description="Time of the entry. RFC 3339, UTC.")]
    kind: Annotated[
        EntryKind,
        Meta(
            description="The kind of entry. `recreated`: POM had lost its record and recreated it from Stripe. "
            "`edited`: a user replaced the order of the draft. `edit_refused`: the edit was refused after the API "
            "had accepted the request. `send_requested`: a user requested that POM send the invoice, and POM has "
            "not sent it yet. `finalized`: the invoice was finalized in Stripe without an e-mail. `revised`: a "
            "person edited the invoice in Stripe, and the revision replaced it. `payment_under_way`: a payment by "
            "a slow method, such as a bank debit, began. `partly_paid`: a payment left an amount due. `paid`: no "
            "amount is due any more. `created_as_correction`: the invoice was created as the copy of a voided "
            "invoice. `corrected`: the invoice was voided, and a draft copy replaced it. `correction_refused`: the "
            "copy could not be created. `marked_paid`: a user recorded a payment outside Stripe. `given_up`: the "
            "invoice was marked as uncollectible; it can still be paid. `refund_pending`: a refund did not succeed "
            "at once. `dispute_closed`: the dispute, such as an inquiry, was closed without a decision."
        ),
    ]
    source: Annotated[
        DoneBy,
        Meta(
            description="The party that did it: `pom` for POM, `stripe` for a person in Stripe, the payer or the "
            "bank."
        ),
    ]
    actor: Annotated[
        str | None, Meta(description="The id of the user for whom POM did it. Null if POM did it automatically.")
    ]
    amount: Annotated[
        Money | None,
        Meta(
            description="The amount of the payment, the attempt, the refund, the dispute or the credit note, in "
            "`currency`. `revised` has the total of the revision, and `edited` the new total of the draft. Null "
            "for all other kinds."
        ),
    ]
    currency: Annotated[
        str | None, Meta(description="The currency of `amount`, ISO 4217 in lower case. Null if there is no amount.")
    ]
    method: Annotated[
        PaymentMethodView | None,
        Meta(
            description="The payment method of the payment or the attempt. A refund has the method of its payment. "
            "Null for all other kinds, and if POM has no record of the method."
        ),
    ]
    reason: Annotated[
        str | None,
        Meta(
            description="The reason, which depends on `kind`. `payment_failed` has a value of `failure.reason`. "
            "`paid` has `no_money` if no money had to be paid, for example after a credit; otherwise it has none. "
            "`marked_paid` has the method and the reference that the office recorded. `refunded` and "
            "`refund_pending` have Stripe's reason for the refund, and `refund_failed` has Stripe's reason for the "
            "failure. Disputes have Stripe's reason for the payer's claim. `credited` has the credit note's reason "
            "in Stripe. `given_up` has the length of the payment window that has passed. `edit_refused`, "
            "`send_refused`, `reminder_refused` and `refund_refused` have the error code of the refusal. Null for "
            "all other kinds."
        ),
    ]
    to: Annotated[
        str | None,
        Meta(
            description="The e-mail address to which the invoice or the reminder was sent. Null for all other kinds."
        ),
    ]
    due_by: Annotated[
        Instant | None,
        Meta(
            description="Time by which the evidence for the dispute must be submitted in the Stripe dashboard. RFC "
            "3339, UTC. Null for all other kinds."
        ),
    ]
    payment_id: Annotated[
        str | None,
        Meta(
            description="The `id` of the payment that the entry is about, as in the invoice's `payments`. Null if "
            "the entry is not about a payment.",
            examples=["pi_3MtwBwLkdIwHu7ix28a3tqPa"],
        ),
    ]
    stripe_id: Annotated[
        str | None,
        Meta(
            description="Stripe's id of the object that the entry is about. Null if the entry is not about an "
            "object in Stripe."
        ),
    ]
    dashboard_url: Annotated[
        str | None,
        Meta(
            description="The object's page in the Stripe dashboard. Null if the object has no page, or no longer "
            "exists."
        ),
    ]


class InvoiceHistory(msgspec.Struct, rename="camel"):
    """The whole timeline of an invoice, oldest entry first."""

    data: Annotated[list[HistoryEntryView], Meta(description="The entries, oldest first.")]
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
