"""The list of an organization's payments, refunds and disputes, which the code calls movements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, Money, PageInfo, instant, page_info
from chalicelib.api.models.payments import DISPUTE_STATUSES, REFUND_STATUSES, CurrencyOfAmount
from chalicelib.api.models.settlements import SettledView, settled_fields
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.money import decimal_string
from chalicelib.domain.movements import MovementKind
from chalicelib.ports.storage import Page
from chalicelib.usecases.payouts.show_deposits import Deposited


class MovementMethodView(msgspec.Struct, rename="camel", kw_only=True):
    """The payment method. A refund and a dispute have the method of their payment."""

    type: Annotated[
        str,
        Meta(
            description="Stripe's type of the method, such as `card`. For a payment outside Stripe, the method "
            "that the office recorded, such as `check`, or `outside_stripe` if the method was not recorded."
        ),
    ]
    brand: Annotated[
        str | None, Meta(description="The card's brand, such as `visa`, or the bank's name. Null if there is none.")
    ]
    last4: Annotated[
        str | None,
        Meta(description="The last four digits of the card or of the bank account. Null if there are none."),
    ]


class MovementView(SettledView, rename="camel", kw_only=True):
    """A payment, refund or dispute. The `receivedAmount`s of an invoice add up to the invoice's `receivedAmount`."""

    id: Annotated[
        str,
        Meta(
            description="Stripe's id, or POM's id if the money did not go through Stripe.",
            examples=["pi_3Mtw"],
        ),
    ]
    kind: Annotated[
        MovementKind,
        Meta(description="The kind of movement. A payment brings money in; a refund or a dispute takes money out."),
    ]
    status: Annotated[
        str,
        Meta(
            description="The status. A payment is `pending`, `succeeded`, or `failed` if its money was on its way, "
            "as with a bank debit. A declined card moved no money and is not listed. A credit note for money "
            "returned outside Stripe is a refund that is `succeeded`, or `canceled` once the credit note is void. "
            f"Other refunds have Stripe's status: {REFUND_STATUSES} A dispute has Stripe's status: "
            f"{DISPUTE_STATUSES}"
        ),
    ]
    at: Annotated[
        Instant,
        Meta(
            description="Time at which the payment succeeded, or began if it is pending; at which the refund was "
            "created; or at which the dispute was opened. RFC 3339, UTC."
        ),
    ]
    amount: Annotated[
        Money,
        Meta(
            description="The amount of the payment, the refund or the dispute, in `currency`. It is never "
            "negative. For a dispute, the part of the invoice's money that the bank takes or may take. A lost "
            "dispute took at most the amount that earlier refunds had left of the payment. The bank's whole claim "
            "is the invoice's `payments[].disputes[].amount`."
        ),
    ]
    received_amount: Annotated[
        Money,
        Meta(
            description="The amount by which this changes the money received, in `currency`. It is negative if "
            "money went out. It is 0 for a payment or a refund that has not succeeded, and for a dispute that is "
            "not lost."
        ),
    ]
    currency: CurrencyOfAmount
    method: Annotated[
        MovementMethodView | None, Meta(description="The payment method. Null if POM has no record of it.")
    ]
    payment_id: Annotated[
        str | None,
        Meta(description="The id of the payment that was refunded or disputed. Null for a payment."),
    ]
    invoice_id: Annotated[str, Meta(description="POM's id of the invoice.")]
    number: Annotated[str | None, Meta(description="The invoice's number.")]
    customer_id: Annotated[str, Meta(description="POM's id of the customer.")]
    customer_name: Annotated[
        str | None,
        Meta(
            description="The customer's current name in POM. Null if the customer has no name.",
            examples=["Dana Reyes"],
        ),
    ]
    reason: Annotated[
        str | None,
        Meta(
            description="Stripe's reason for the refund or the dispute. For a payment recorded in POM, the "
            "recorded reference, such as the number of a check. Null if there is none."
        ),
    ]


class MovementList(msgspec.Struct, rename="camel"):
    """A page of payments, refunds and disputes, newest first."""

    data: Annotated[list[MovementView], Meta(description="The payments, refunds and disputes, newest first.")]
    page_info: PageInfo


def movement_list(page: Page[Deposited], names: Mapping[CustomerId, str]) -> MovementList:
    """Returns a page of movements. `names` holds the customers' names."""
    return MovementList([_movement_view(each, names) for each in page.items], page_info(page))


def _movement_view(deposited: Deposited, names: Mapping[CustomerId, str]) -> MovementView:
    movement, method = deposited.settled.movement, None
    if movement.method is not None:
        method = MovementMethodView(type=movement.method, brand=movement.brand, last4=movement.last4)
    return MovementView(
        **settled_fields(deposited),
        id=movement.id,
        kind=movement.kind,
        status=movement.status,
        at=instant(movement.at),
        amount=decimal_string(movement.amount, movement.currency),
        received_amount=decimal_string(movement.counted, movement.currency),
        currency=movement.currency,
        method=method,
        payment_id=movement.payment_id,
        invoice_id=movement.invoice_id,
        number=movement.number,
        customer_id=movement.customer_id,
        customer_name=names.get(movement.customer_id),
        reason=movement.reason,
    )
