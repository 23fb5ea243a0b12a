"""The request to refund a payment, and the refund in the response."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Money
from chalicelib.api.models.exact import ExactPayment
from chalicelib.api.models.payments import REFUND_STATUSES, REQUESTED
from chalicelib.domain.identifiers import OrganizationId, UserId
from chalicelib.domain.money import decimal_string
from chalicelib.domain.refund_order import REFUND_REASONS
from chalicelib.usecases.invoicing.refund import OrderedRefund, RefundRequest


class NewRefund(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The amount and the reason of a refund. An empty object refunds the whole remaining amount."""

    amount: (
        Annotated[
            ExactPayment,
            Meta(
                description="The amount to refund, in units of the payment's currency, at most the amount that "
                "remains of the payment. If left out, the whole remaining amount is refunded."
            ),
        ]
        | None
    ) = None
    reason: (
        Annotated[
            str,
            Meta(
                description="The reason, as one of Stripe's values. With `fraudulent`, Stripe adds the card and "
                "the e-mail address to its block lists.",
                extra_json_schema={"enum": list(REFUND_REASONS)},
            ),
        ]
        | None
    ) = None


class OrderedRefundView(msgspec.Struct, rename="camel", kw_only=True):
    """A refund that was ordered in POM."""

    id: Annotated[
        str | None,
        Meta(
            description="Stripe's id of the refund. Null while `status` is `requested`.",
            examples=["re_1Nispe2eZvKYlo2Cd31jOCgZ"],
        ),
    ]
    status: Annotated[
        str,
        Meta(
            description=f"`{REQUESTED}` until Stripe has confirmed the refund. Otherwise Stripe's status: "
            f"{REFUND_STATUSES}"
        ),
    ]
    amount: Annotated[Money, Meta(description="The amount of the refund, in `currency`.")]
    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    reason: Annotated[str | None, Meta(description="The reason in the request. Null if the request had none.")]
    payment_id: Annotated[str, Meta(description="Stripe's id of the payment.")]
    invoice_id: Annotated[str, Meta(description="POM's id of the paid invoice.")]


def refund_request_from(
    model: NewRefund, organization_id: OrganizationId, user_id: UserId, payment_id: str, idempotency_key: str
) -> RefundRequest:
    """Returns the use case's request to refund a payment."""
    return RefundRequest(organization_id, user_id, payment_id, idempotency_key, model.amount, model.reason)


def ordered_refund_view(refund: OrderedRefund) -> OrderedRefundView:
    return OrderedRefundView(
        id=refund.fact.id if refund.fact is not None else None,
        status=refund.fact.status if refund.fact is not None else REQUESTED,
        amount=decimal_string(refund.amount, refund.currency),
        currency=refund.currency,
        reason=refund.reason,
        payment_id=refund.payment_id,
        invoice_id=refund.invoice_id,
    )
