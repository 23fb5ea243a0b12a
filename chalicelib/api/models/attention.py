"""The query for what needs a person, and the list as the API returns it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, Money, instant, instant_or_none
from chalicelib.domain.attention import AttentionKind
from chalicelib.domain.attention_wording import AttentionItem
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.money import decimal_string
from chalicelib.domain.stripe_pages import address
from chalicelib.domain.terms import MAX_DAYS
from chalicelib.usecases.attention.needs_attention import Count, NeedsAttention, Wanted

DEFAULT = Wanted()
MAX_ITEMS = 100
"""The most things of a kind in one answer."""

KINDS = (
    "`payment_failed`: the latest attempt to pay an invoice failed. `dispute_needs_response`: a bank waits for the "
    "company's answer to a dispute or an inquiry. `invoice_not_sent`: POM was asked to e-mail an invoice, and the "
    "invoice was not e-mailed. "
    "`refund_failed`: the customer does not have the money of a refund. `invoice_overdue`: an invoice has not been "
    "paid for `overdueDays` days. `customer_without_email`: no invoice can be sent to a customer. `payout_failed`: a "
    "payout failed, and its money has not gone out since. `invoice_unknown`: Stripe has an invoice of POM's "
    "that POM does not know. `account_restricted`: Stripe does not let the account take payments, or pays nothing "
    "out of it."
)


class AttentionQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Which things to list, and how many of each kind."""

    kind: Annotated[AttentionKind | None, Meta(description="Only things of this kind.")] = None
    overdue_days: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_DAYS,
            description="An unpaid invoice is listed this many days after its due day. Days are those of the time "
            "zone that the invoice was made in.",
        ),
    ] = DEFAULT.overdue_days
    first: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_ITEMS,
            description="How many things of each kind to list at most. `counts` says how many there are.",
        ),
    ] = DEFAULT.first


class AttentionItemView(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that needs a person. It disappears from the list once it is solved."""

    id: Annotated[
        str,
        Meta(
            description="The same thing has the same id at each reading.",
            examples=["dispute_needs_response:du_1MtJUT2eZvKYlo2CNaw2HvEv"],
        ),
    ]
    kind: Annotated[AttentionKind, Meta(description=KINDS)]
    at: Annotated[Instant, Meta(description="When the thing began, or when POM found it. RFC 3339, UTC.")]
    message: Annotated[str, Meta(description="What needs a person and why, in sentences for people.")]
    next_step: Annotated[str, Meta(description="What a person should do about it, and where.")]
    invoice_id: Annotated[str | None, Meta(description="POM's id of the invoice that it is about.")]
    number: Annotated[str | None, Meta(description="The invoice's number. A draft has none.")]
    customer_id: Annotated[str | None, Meta(description="POM's id of the customer that it is about.")]
    customer_name: Annotated[
        str | None, Meta(description="What POM calls that customer now. Null without a customer, or without a name.")
    ]
    stripe_invoice_id: Annotated[str | None, Meta(description="Stripe's id of the invoice.")]
    payout_id: Annotated[str | None, Meta(description="Stripe's id of the payout that it is about.")]
    amount: Annotated[
        Money | None,
        Meta(
            description="An exact decimal, in `currency`: what is still to be paid of the invoice, or the amount of "
            "the dispute, the refund or the payout. A payout below 0 debits the bank account.",
            examples=["75.00"],
        ),
    ]
    currency: Annotated[str | None, Meta(description="The currency of `amount`, ISO 4217 in lower case.")]
    due_by: Annotated[
        Instant | None,
        Meta(
            description="When the evidence of a dispute is due, or when an invoice was due to be paid. It may have "
            "passed. RFC 3339, UTC."
        ),
    ]
    dashboard_url: Annotated[str | None, Meta(description="The page of Stripe's dashboard to look at.")]


class AttentionCount(msgspec.Struct, rename="camel"):
    """How many things of a kind need a person."""

    kind: Annotated[AttentionKind, Meta(description="The kind that is counted. See `AttentionItemView.kind`.")]
    count: Annotated[int, Meta(ge=0, description="How many things of the kind were found. The list may have fewer.")]
    at_least: Annotated[bool, Meta(description="True if there may be more than `count`.")]


class AttentionList(msgspec.Struct, rename="camel"):
    """What needs a person, newest first, and how many things there are of each kind that was asked for."""

    data: Annotated[list[AttentionItemView], Meta(description="The things, the newest first.")]
    counts: Annotated[
        list[AttentionCount],
        Meta(description="How many things there are of each kind; of one kind if the query has `kind`."),
    ]


def attention_request(query: AttentionQuery) -> Wanted:
    """Returns what the query asks for."""
    return Wanted(query.kind, query.overdue_days, query.first)


def attention_list(
    needs_attention: NeedsAttention, names: Mapping[CustomerId, str], dashboard_base: str
) -> AttentionList:
    """Returns the list. `names` are those of its customers; `dashboard_base` is the address of Stripe's Dashboard."""
    items = [_item_view(item, names, dashboard_base) for item in needs_attention.items]
    return AttentionList(items, list(map(_count, needs_attention.counts)))


def _item_view(item: AttentionItem, names: Mapping[CustomerId, str], dashboard_base: str) -> AttentionItemView:
    amount = None
    if item.amount is not None and item.currency is not None:
        amount = decimal_string(item.amount, item.currency)
    return AttentionItemView(
        id=item.id,
        kind=item.kind,
        at=instant(item.at),
        message=item.message,
        next_step=item.next_step,
        invoice_id=item.invoice_id,
        number=item.number,
        customer_id=item.customer_id,
        customer_name=names.get(item.customer_id) if item.customer_id else None,
        stripe_invoice_id=item.stripe_invoice_id,
        payout_id=item.payout_id,
        amount=amount,
        currency=item.currency,
        due_by=instant_or_none(item.due_by),
        dashboard_url=address(dashboard_base, item.page) if item.page is not None else None,
    )


def _count(count: Count) -> AttentionCount:
    return AttentionCount(count.kind, count.count, count.at_least)
