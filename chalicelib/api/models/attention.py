"""The query for the items that need a person's attention, and the list of these items."""

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
from chalicelib.usecases.attention.needs_attention import AttentionFilter, Count, NeedsAttention

DEFAULT = AttentionFilter()
MAX_ITEMS = 100
"""The largest number of items of one kind in a response."""

KINDS = (
    "The kind of item. `payment_failed`: the latest attempt to pay an invoice failed. `dispute_needs_response`: a "
    "bank waits for the company's response to a dispute or an inquiry. `invoice_not_sent`: a user requested that "
    "POM e-mail an invoice, and it was not e-mailed. `refund_failed`: a refund did not reach the customer. "
    "`invoice_overdue`: an invoice is unpaid `overdueDays` days after its due day. `customer_without_email`: no "
    "invoice can be sent to a customer. `payout_failed`: a payout failed, and its money has not been paid out "
    "since. `invoice_unknown`: Stripe has an invoice that POM made, and POM has no record of it. "
    "`account_restricted`: Stripe has disabled payments to the account, or payouts from it."
)


class AttentionQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The kinds of items to list, and how many of each kind."""

    kind: Annotated[AttentionKind | None, Meta(description="Lists only items of this kind.")] = None
    overdue_days: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_DAYS,
            description="An unpaid invoice is listed from this many days after its due day. Days begin and end in "
            "the time zone in which the invoice was created.",
        ),
    ] = DEFAULT.overdue_days
    first: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_ITEMS,
            description="The largest number of items to list of each kind. `counts` has the number of all items of "
            "the kind.",
        ),
    ] = DEFAULT.first


class AttentionItemView(msgspec.Struct, rename="camel", kw_only=True):
    """An item that needs a person's attention. It leaves the list once it is solved."""

    id: Annotated[
        str,
        Meta(
            description="The id of the item, which is the same in every response.",
            examples=["dispute_needs_response:du_1MtJUT2eZvKYlo2CNaw2HvEv"],
        ),
    ]
    kind: Annotated[AttentionKind, Meta(description=KINDS)]
    at: Annotated[
        Instant, Meta(description="Time at which the problem began, or at which POM found it. RFC 3339, UTC.")
    ]
    message: Annotated[str, Meta(description="The problem and its cause, in sentences for people.")]
    next_step: Annotated[str, Meta(description="What a person should do about it, and where.")]
    invoice_id: Annotated[
        str | None, Meta(description="POM's id of the invoice. Null if the item is not about an invoice.")
    ]
    number: Annotated[
        str | None,
        Meta(
            description="The invoice's number. Null if the invoice is a draft, or if the item is not about an "
            "invoice."
        ),
    ]
    customer_id: Annotated[
        str | None, Meta(description="POM's id of the customer. Null if the item is not about a customer.")
    ]
    customer_name: Annotated[
        str | None,
        Meta(
            description="The customer's current name in POM. Null if the item is not about a customer, or if the "
            "customer has no name."
        ),
    ]
    stripe_invoice_id: Annotated[
        str | None,
        Meta(description="Stripe's id of the invoice. Null if the item is not about an invoice in Stripe."),
    ]
    payout_id: Annotated[
        str | None, Meta(description="Stripe's id of the payout. Null if the item is not about a payout.")
    ]
    amount: Annotated[
        Money | None,
        Meta(
            description="The amount that remains to be paid of the invoice, or the amount of the dispute, the "
            "refund or the payout. An exact decimal in `currency`. The amount of a payout is negative if it debits "
            "the bank account.",
            examples=["75.00"],
        ),
    ]
    currency: Annotated[str | None, Meta(description="The currency of `amount`, ISO 4217 in lower case.")]
    due_by: Annotated[
        Instant | None,
        Meta(
            description="Time at which the evidence of the dispute or the payment of the invoice is or was due. "
            "RFC 3339, UTC."
        ),
    ]
    dashboard_url: Annotated[str | None, Meta(description="The page of the Stripe dashboard that shows the problem.")]


class AttentionCount(msgspec.Struct, rename="camel"):
    """The number of items of one kind."""

    kind: Annotated[AttentionKind, Meta(description="The kind of the counted items. See `AttentionItemView.kind`.")]
    count: Annotated[
        int, Meta(ge=0, description="The number of items of this kind. The list may have fewer of them.")
    ]
    at_least: Annotated[bool, Meta(description="True if there may be more items than `count`.")]


class AttentionList(msgspec.Struct, rename="camel"):
    """The items that need a person's attention, newest first, and the number of items of each requested kind."""

    data: Annotated[list[AttentionItemView], Meta(description="The items, newest first.")]
    counts: Annotated[
        list[AttentionCount],
        Meta(description="The number of items of each kind. If the query has `kind`, only the number of that kind."),
    ]


def attention_request(query: AttentionQuery) -> AttentionFilter:
    """Returns the use case's request."""
    return AttentionFilter(query.kind, query.overdue_days, query.first)


def attention_list(
    needs_attention: NeedsAttention, names: Mapping[CustomerId, str], dashboard_base: str
) -> AttentionList:
    """Returns the list. `names` are the customers' names; `dashboard_base` is the URL of the Stripe dashboard."""
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
