"""The payments of an invoice, with their refunds and disputes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Day, Instant, Money, instant, instant_or_none
from chalicelib.api.models.invoices import FailureView, failure_view
from chalicelib.api.models.settlements import SettledView, settled_fields
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.outside_payment import OutsidePayment
from chalicelib.domain.payment_facts import DisputeFact, RefundFact
from chalicelib.domain.payments import Payment, PaymentMethod, PaymentStatus, payments_of
from chalicelib.domain.refund_order import RefundOrder
from chalicelib.domain.refund_rules import left_to_refund
from chalicelib.domain.status import FailedAttempt
from chalicelib.domain.stripe_pages import object_url
from chalicelib.usecases.payouts.show_deposits import Deposited

REQUESTED = "requested"
"""The status of a refund until Stripe has confirmed to POM that it exists."""
REFUND_STATUSES = (
    "`pending`, `requires_action`, `succeeded`, `failed` or `canceled`. Stripe may add others. A refund that "
    "succeeded may still fail weeks later."
)
DISPUTE_STATUSES = (
    "`needs_response`, `under_review`, `won`, `lost` or `prevented`; for an inquiry `warning_needs_response`, "
    "`warning_under_review` or `warning_closed`; for a lost dispute that is appealed `appeal_needs_response` or "
    "`appeal_under_review`. Stripe may add others."
)
"""Stripe's statuses of refunds and disputes, for the descriptions of fields."""

CurrencyOfAmount = Annotated[str, Meta(description="The currency of `amount`, ISO 4217 in lower case.")]


class DoneBy(StrEnum):
    """The party that did it. `pom`: POM. `stripe`: a person in Stripe, the payer or the bank."""

    POM = "pom"
    STRIPE = "stripe"


class PaymentMethodView(msgspec.Struct, rename="camel", kw_only=True):
    """A payment method. POM stores no other details of a card."""

    type: Annotated[
        str | None,
        Meta(
            description="Stripe's type of the method, such as `card` or `us_bank_account`. For a payment outside "
            "Stripe, the method that the office recorded, such as `check`, or `outside_stripe` if the method was "
            "not recorded. Null if POM has no record of it."
        ),
    ]
    brand: Annotated[
        str | None, Meta(description="The card's brand, such as `visa`, or the bank's name. Null if there is none.")
    ]
    last4: Annotated[
        str | None,
        Meta(description="The last four digits of the card or of the bank account. Null if there are none."),
    ]
    expires: Annotated[
        str | None,
        Meta(
            description="The last month in which the card is valid, as year and month. Null if the method is not a "
            "card.",
            examples=["2027-04"],
        ),
    ]


class RefundView(SettledView, rename="camel", kw_only=True):
    """A refund of a payment."""

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
            description="`requested` until Stripe has confirmed the refund. Otherwise Stripe's status: "
            f"{REFUND_STATUSES}"
        ),
    ]
    at: Annotated[
        Instant, Meta(description="Time at which the refund was created in Stripe, or ordered in POM. RFC 3339, UTC.")
    ]
    amount: Annotated[Money, Meta(description="The amount of the refund, in the payment's `currency`.")]
    reason: Annotated[
        str | None,
        Meta(
            description="Stripe's reason for the refund: `duplicate`, `fraudulent`, `requested_by_customer`, or "
            "`expired_uncaptured_charge` if Stripe created the refund automatically. Stripe may add others. Null "
            "if nobody gave a reason."
        ),
    ]
    failure_reason: Annotated[
        str | None,
        Meta(
            description="Stripe's reason for the failure, such as `expired_or_canceled_card`. Null if the refund "
            "did not fail."
        ),
    ]
    source: Annotated[
        DoneBy, Meta(description="`pom` if the refund was ordered in POM, `stripe` if it was created in Stripe.")
    ]
    actor: Annotated[
        str | None,
        Meta(description="The id of the user who ordered the refund in POM. Null if it was created in Stripe."),
    ]


class DisputeView(SettledView, rename="camel", kw_only=True):
    """A dispute, in which the payer's bank questions a payment."""

    id: Annotated[str, Meta(description="Stripe's id of the dispute.", examples=["du_1MtJUT2eZvKYlo2CNaw2HvEv"])]
    status: Annotated[
        str,
        Meta(description=f"Stripe's status: {DISPUTE_STATUSES} Money is lost permanently only with `lost`."),
    ]
    at: Annotated[Instant, Meta(description="Time at which the dispute was opened. RFC 3339, UTC.")]
    amount: Annotated[
        Money,
        Meta(
            description="The bank's whole claim, in the dispute's `currency`, even if a part of the payment was "
            "refunded before. `GET /payments` has the part that the dispute takes from the invoice's money."
        ),
    ]
    currency: CurrencyOfAmount
    reason: Annotated[
        str | None,
        Meta(description="Stripe's reason for the payer's claim, such as `duplicate`. Null if there is none."),
    ]
    evidence_due_by: Annotated[
        Instant | None,
        Meta(
            description="Time by which the evidence must be submitted in the Stripe dashboard. RFC 3339, UTC. Null "
            "if there is no such time."
        ),
    ]
    dashboard_url: Annotated[str | None, Meta(description="The dispute's page in the Stripe dashboard.")]


class OutsideRecordView(msgspec.Struct, rename="camel", kw_only=True):
    """The office's record of a payment that did not go through Stripe."""

    paid_on: Annotated[Day, Meta(description="The day on which the customer paid, in the organization's time zone.")]
    reference: Annotated[
        str | None,
        Meta(
            description="The reference that the office recorded, such as the number of a check. Null if there is "
            "none."
        ),
    ]
    recorded_by: Annotated[str, Meta(description="The id of the user who recorded the payment.")]
    recorded_at: Annotated[Instant, Meta(description="Time at which the payment was recorded. RFC 3339, UTC.")]


class PaymentView(SettledView, rename="camel", kw_only=True):
    """A payment towards an invoice, with its refunds and disputes.

    Several attempts to pay can belong to one payment. The payment shows the attempt that succeeded, or otherwise the
    latest one. The invoice's `history` has an entry for each attempt.
    """

    id: Annotated[
        str,
        Meta(
            description="Stripe's id of the payment, `pi_…`, or of its charge if the payment has no payment "
            "intent. A payment outside Stripe has an id of POM's.",
            examples=["pi_3MtwBwLkdIwHu7ix28a3tqPa"],
        ),
    ]
    status: Annotated[
        PaymentStatus,
        Meta(
            description="The status of the payment. `pending`: the money is on its way; a bank debit takes days. "
            "`requires_action`: the payer has begun to pay and has not confirmed the payment with their bank yet. "
            "Refunds and disputes do not change the status."
        ),
    ]
    at: Annotated[
        Instant,
        Meta(
            description="Time at which the payment succeeded or failed, or began if it has not ended. For a "
            "payment that the office recorded, the beginning of the day on which the customer paid. RFC 3339, UTC."
        ),
    ]
    amount: Annotated[Money, Meta(description="The amount of the payment, in `currency`.")]
    currency: CurrencyOfAmount
    method: Annotated[
        PaymentMethodView | None, Meta(description="The payment method. Null if POM has no record of it.")
    ]
    receipt_url: Annotated[
        str | None,
        Meta(description="Stripe's page with the receipt, which expires after 30 days. Null if there is none."),
    ]
    dashboard_url: Annotated[
        str | None, Meta(description="The payment's page in the Stripe dashboard. Null if there is none.")
    ]
    failure: Annotated[
        FailureView | None, Meta(description="Why the payment failed. Null unless `status` is `failed`.")
    ]
    outside: Annotated[
        OutsideRecordView | None,
        Meta(description="The office's record of the payment. Null unless a user recorded this payment in POM."),
    ]
    refundable: Annotated[
        Money,
        Meta(
            description="The amount that can still be refunded through Stripe, in `currency`. It is 0 during a "
            "dispute.",
            examples=["75.00"],
        ),
    ]
    refunds: Annotated[list[RefundView], Meta(description="The refunds of the payment, oldest first.")]
    disputes: Annotated[list[DisputeView], Meta(description="The disputes of the payment, oldest first.")]


def payment_views(invoice: Invoice, deposits: Mapping[str, Deposited], dashboard_base: str) -> list[PaymentView]:
    """Returns the payments of an invoice, oldest first.

    `deposits` has the fees and the deposits, by the ids of payments, refunds and disputes.
    """
    return [_payment_view(payment, invoice, deposits, dashboard_base) for payment in payments_of(invoice)]


def _payment_view(
    payment: Payment, invoice: Invoice, deposits: Mapping[str, Deposited], dashboard_base: str
) -> PaymentView:
    failed_attempt = FailedAttempt(payment.failure, payment.at) if payment.failure is not None else None
    return PaymentView(
        **settled_fields(deposits.get(payment.id)),
        id=payment.id,
        status=payment.status,
        at=instant(payment.at),
        amount=decimal_string(payment.amount, payment.currency),
        currency=payment.currency,
        method=method_view(payment.method),
        receipt_url=payment.receipt_url,
        dashboard_url=object_url(dashboard_base, invoice, payment.id),
        failure=failure_view(failed_attempt) if failed_attempt is not None else None,
        outside=_outside_view(payment.outside) if payment.outside is not None else None,
        refundable=decimal_string(left_to_refund(invoice, payment), payment.currency),
        refunds=[
            *(_refund_view(refund, invoice, deposits) for refund in payment.refunds),
            *(_requested_view(order, payment) for order in invoice.refund_orders if order.awaits(payment.id)),
        ],
        disputes=[_dispute_view(dispute, invoice, deposits, dashboard_base) for dispute in payment.disputes],
    )


def method_view(method: PaymentMethod | None) -> PaymentMethodView | None:
    """Returns a payment method, or None if POM has no details of it."""
    if method is None or method == PaymentMethod(None):
        return None
    return PaymentMethodView(type=method.type, brand=method.brand, last4=method.last4, expires=method.expires)


def _refund_view(refund: RefundFact, invoice: Invoice, deposits: Mapping[str, Deposited]) -> RefundView:
    order = next((each for each in invoice.refund_orders if each.id == refund.order_id), None)
    return RefundView(
        **settled_fields(deposits.get(refund.id)),
        id=refund.id,
        status=refund.status,
        at=instant(refund.created),
        amount=decimal_string(refund.amount, refund.currency),
        reason=refund.reason,
        failure_reason=refund.failure_reason,
        source=DoneBy.POM if order is not None else DoneBy.STRIPE,
        actor=order.actor if order is not None else None,
    )


def _requested_view(order: RefundOrder, payment: Payment) -> RefundView:
    """Returns a refund that was ordered in POM and that Stripe has not confirmed yet."""
    return RefundView(
        **settled_fields(None),
        id=None,
        status=REQUESTED,
        at=instant(order.at),
        amount=decimal_string(order.amount, payment.currency),
        reason=order.reason,
        failure_reason=None,
        source=DoneBy.POM,
        actor=order.actor,
    )


def _dispute_view(
    dispute: DisputeFact, invoice: Invoice, deposits: Mapping[str, Deposited], dashboard_base: str
) -> DisputeView:
    return DisputeView(
        **settled_fields(deposits.get(dispute.id)),
        id=dispute.id,
        status=dispute.status,
        at=instant(dispute.opened_at),
        amount=decimal_string(dispute.amount, dispute.currency),
        currency=dispute.currency,
        reason=dispute.reason,
        evidence_due_by=instant_or_none(dispute.due_by),
        dashboard_url=object_url(dashboard_base, invoice, dispute.id),
    )


def _outside_view(record: OutsidePayment) -> OutsideRecordView:
    return OutsideRecordView(
        paid_on=record.paid_on.isoformat(),
        reference=record.reference,
        recorded_by=record.recorded_by,
        recorded_at=instant(record.recorded_at),
    )
