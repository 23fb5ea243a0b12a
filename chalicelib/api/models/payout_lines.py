"""A payout with a page of its lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Day, Instant, PageInfo, instant, page_info
from chalicelib.api.models.payouts import PayoutView, payout_view
from chalicelib.api.models.settlements import (
    ExchangeView,
    Fee,
    FeePartView,
    Gross,
    Net,
    SettlementCurrency,
    exchange_view,
    fee_part_views,
)
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.money import decimal_string
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_lines import LineKind, PayoutLine
from chalicelib.domain.related_payouts import RelatedPayouts
from chalicelib.domain.terms import day_of
from chalicelib.ports.storage import Page


class PayoutLineView(msgspec.Struct, rename="camel", kw_only=True):
    """A balance transaction that is part of a payout."""

    id: Annotated[str, Meta(description="Stripe's id of the balance transaction.", examples=["txn_1MiN3gLkdIwHu7ix"])]
    kind: Annotated[
        LineKind,
        Meta(
            description="The kind of line. `fee` is a fee of the account, such as a monthly one; the fee of a "
            "payment is on the payment's line. `other` is any other amount that Stripe added or took; `category` "
            "names it."
        ),
    ]
    category: Annotated[
        str,
        Meta(
            description="Stripe's reporting category, such as `charge`, `refund`, `dispute` or "
            "`payout_minimum_balance_hold`. Stripe may add others."
        ),
    ]
    type: Annotated[str, Meta(description="Stripe's type of the balance transaction, such as `charge` or `payment`.")]
    outside_pom: Annotated[
        bool,
        Meta(
            description="True if the line is a payment, a refund or a dispute of the company's business outside POM."
        ),
    ]
    at: Annotated[Instant, Meta(description="Time at which Stripe booked the line. RFC 3339, UTC.")]
    available_on: Annotated[
        Day,
        Meta(
            description="The first day on which the money could be paid out. It is Stripe's date, without a time "
            "zone."
        ),
    ]
    gross: Annotated[
        Gross,
        Meta(
            description="The amount before the fee, in `currency`. It is negative if money went out, and 0 if the "
            "line is a fee of the account."
        ),
    ]
    fee: Annotated[
        Fee,
        Meta(
            description="Stripe's fee, in `currency`. In a line of kind `fee`, the whole amount of the line. It is "
            "negative if Stripe returned a fee. The fees of all lines that are not outside POM add up to "
            "`totals.fees`, which has the opposite sign."
        ),
    ]
    fee_parts: Annotated[list[FeePartView], Meta(description="The parts of `fee`.")]
    net: Net
    currency: SettlementCurrency
    exchange: Annotated[
        ExchangeView | None, Meta(description="The currency exchange. Null if the amount was not exchanged.")
    ]
    description: Annotated[
        str | None,
        Meta(
            description="Stripe's description of the line. Null for a payment, a refund or a dispute, because "
            "their descriptions often contain the payer's name and POM does not store them.",
            examples=["Billing - usage fee"],
        ),
    ]
    invoice_id: Annotated[
        str | None, Meta(description="POM's id of the invoice. Null if the line belongs to no invoice.")
    ]
    number: Annotated[str | None, Meta(description="The invoice's number. Null if the line belongs to no invoice.")]
    customer_id: Annotated[
        str | None, Meta(description="POM's id of the customer. Null if the line belongs to no invoice.")
    ]
    customer_name: Annotated[
        str | None,
        Meta(
            description="The customer's current name in POM. Null if the customer has no name, or if the line "
            "belongs to no invoice.",
            examples=["Dana Reyes"],
        ),
    ]
    payment_id: Annotated[
        str | None,
        Meta(description="Stripe's id of the payment that the line is about. Null if the line is about no payment."),
    ]


class PayoutDetail(PayoutView, rename="camel", kw_only=True):
    """A payout with a page of its lines, newest first.

    The `net` of all lines and `totals.unexplained` add up to `amount` exactly. A payout has no lines until POM has
    read all of them from Stripe.
    """

    lines: Annotated[list[PayoutLineView], Meta(description="A page of the lines, newest first.")]
    page_info: PageInfo


def payout_detail(
    payout: Payout, page: Page[PayoutLine], related_payouts: RelatedPayouts, names: Mapping[CustomerId, str]
) -> PayoutDetail:
    """Returns a payout with a page of its lines. `names` holds the customers' names."""
    return PayoutDetail(
        **msgspec.structs.asdict(payout_view(payout, related_payouts)),
        lines=[line_view(line, names) for line in page.items],
        page_info=page_info(page),
    )


def line_view(line: PayoutLine, names: Mapping[CustomerId, str]) -> PayoutLineView:
    transaction, owner = line.transaction, line.owner
    return PayoutLineView(
        id=transaction.id,
        kind=line.kind,
        category=transaction.category,
        type=transaction.type,
        outside_pom=line.outside_pom,
        at=instant(transaction.created),
        available_on=day_of(transaction.available_on, "UTC").isoformat(),
        gross=decimal_string(transaction.gross, transaction.currency),
        fee=decimal_string(transaction.cost, transaction.currency),
        fee_parts=fee_part_views(transaction.cost_parts, transaction.currency),
        net=decimal_string(transaction.net, transaction.currency),
        currency=transaction.currency,
        exchange=exchange_view(transaction),
        description=transaction.description,
        invoice_id=owner.invoice_id if owner is not None else None,
        number=owner.number if owner is not None else None,
        customer_id=owner.customer_id if owner is not None else None,
        customer_name=names.get(owner.customer_id) if owner is not None else None,
        payment_id=transaction.payment_id,
    )
