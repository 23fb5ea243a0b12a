"""The payments of an invoice in Stripe's form: payment intents, charges, refunds and disputes."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.adapters.stripe.objects.fields import (
    Amount,
    Code,
    Reference,
    StripeId,
    Timestamp,
    id_in,
    id_of,
    mapping_of,
    seen_in,
    text_of,
    timestamp_of,
    web_address_of,
)
from chalicelib.adapters.stripe.objects.payment_methods import instrument_of
from chalicelib.domain.failures import failure_reason
from chalicelib.domain.identifiers import is_id
from chalicelib.domain.payment_facts import (
    DISPUTE_CLOSED,
    ChargeFact,
    DisputeFact,
    InvoicePaymentFact,
    PaymentFailure,
    PaymentIntentFact,
    RefundFact,
)
from chalicelib.domain.payment_methods import BANK_DEBITS

REFUND_KEY = "pom_refund_id"
"""The metadata key in which a refund has the id of POM's order for it."""


class PaymentOfInvoice(msgspec.Struct):
    type: Code = "payment_intent"
    payment_intent: Reference = None


class InvoicePayment(msgspec.Struct):
    """https://docs.stripe.com/api/invoice-payment/object"""

    id: StripeId
    invoice: Reference
    currency: Code
    status: Code
    payment: PaymentOfInvoice = msgspec.field(default_factory=PaymentOfInvoice)
    amount_paid: Amount | None = None

    @property
    def through_stripe(self) -> int:
        """Returns the amount that this payment brought through Stripe, in minor units.

        A payment record brings none.
        """
        in_stripe = self.payment.type in ("payment_intent", "charge")
        return self.amount_paid or 0 if in_stripe and self.status == "paid" else 0

    def fact(self, as_of: int) -> InvoicePaymentFact:
        return InvoicePaymentFact(
            id=self.id,
            as_of=as_of,
            status=self.status,
            stripe_invoice_id=id_of(self.invoice) or "",
            amount_paid=self.amount_paid or 0,
            currency=self.currency,
            payment_intent_id=id_of(self.payment.payment_intent),
        )


class PaymentError(msgspec.Struct):
    code: Code | None = None
    decline_code: Code | None = None
    charge: Any = None
    payment_method: Any = None


class PaymentIntent(msgspec.Struct):
    """https://docs.stripe.com/api/payment_intents/object"""

    id: StripeId
    status: Code
    amount: Amount
    currency: Code
    latest_charge: Reference = None
    last_payment_error: PaymentError | None = None

    def fact(self, as_of: int) -> PaymentIntentFact:
        error = self.last_payment_error
        return PaymentIntentFact(
            id=self.id,
            as_of=as_of,
            status=self.status,
            amount=self.amount,
            currency=self.currency,
            latest_charge_id=id_of(self.latest_charge),
            failure=PaymentFailure(failure_reason(error.code, error.decline_code)) if error else None,
            failed_charge_id=id_in(error.charge) if error else None,
            failed_method=text_of(mapping_of(error.payment_method).get("type")) if error else None,
            seen=seen_in(self.status, as_of) if self.status == "processing" else {},
        )


class PaymentWithIntent(msgspec.Struct):
    payment_intent: StripeId | PaymentIntent | None = None


class OpenInvoicePayment(msgspec.Struct):
    """An invoice payment, listed with its payment intent expanded."""

    id: StripeId
    payment: PaymentWithIntent = msgspec.field(default_factory=PaymentWithIntent)

    @property
    def intent(self) -> PaymentIntent | None:
        """Returns the payment intent if it was expanded, or None."""
        expanded = self.payment.payment_intent
        return expanded if isinstance(expanded, PaymentIntent) else None


class ChargeOutcome(msgspec.Struct):
    reason: Code | None = None


class Charge(msgspec.Struct):
    """https://docs.stripe.com/api/charges/object"""

    id: StripeId
    status: Code
    amount: Amount
    currency: Code
    created: Timestamp
    payment_intent: Reference = None
    failure_code: Code | None = None
    outcome: ChargeOutcome | None = None
    payment_method_details: Any = None
    receipt_url: Any = None

    def fact(self, as_of: int) -> ChargeFact:
        reason = self.outcome.reason if self.outcome else None
        failed = self.status == "failed"
        instrument = instrument_of(self.payment_method_details)
        slow = instrument.method in BANK_DEBITS
        return ChargeFact(
            id=self.id,
            as_of=as_of,
            status=self.status,
            amount=self.amount,
            currency=self.currency,
            created=self.created,
            payment_intent_id=id_of(self.payment_intent),
            failure=PaymentFailure(failure_reason(self.failure_code, reason)) if failed else None,
            method=instrument.method,
            brand=instrument.brand,
            last4=instrument.last4,
            expires=instrument.expires,
            receipt_url=web_address_of(self.receipt_url),
            # Other charges succeed or fail in the second of their creation, so that time need not be stored.
            seen=seen_in(self.status, as_of) if slow and self.status != "pending" else {},
        )


class Refund(msgspec.Struct):
    """https://docs.stripe.com/api/refunds/object"""

    id: StripeId
    amount: Amount
    currency: Code
    created: Timestamp
    status: Code | None = None
    payment_intent: Reference = None
    charge: Reference = None
    failure_reason: Code | None = None
    reason: Any = None
    metadata: Any = None

    def fact(self, as_of: int) -> RefundFact:
        status = self.status or "pending"
        order_id = mapping_of(self.metadata).get(REFUND_KEY)
        return RefundFact(
            id=self.id,
            as_of=as_of,
            status=status,
            amount=self.amount,
            currency=self.currency,
            created=self.created,
            payment_intent_id=id_of(self.payment_intent),
            charge_id=id_of(self.charge),
            failure_reason=self.failure_reason,
            reason=text_of(self.reason),
            order_id=order_id if is_id(order_id) else None,
            seen=seen_in(status, as_of),
        )


class EvidenceDetails(msgspec.Struct):
    due_by: Timestamp | None = None


class Dispute(msgspec.Struct):
    """https://docs.stripe.com/api/disputes/object"""

    id: StripeId
    status: Code
    amount: Amount
    currency: Code
    reason: Code | None = None
    evidence_details: EvidenceDetails | None = None
    payment_intent: Reference = None
    charge: Reference = None
    created: Any = None

    def fact(self, as_of: int) -> DisputeFact:
        return DisputeFact(
            id=self.id,
            as_of=as_of,
            status=self.status,
            amount=self.amount,
            currency=self.currency,
            reason=self.reason,
            due_by=self.evidence_details.due_by if self.evidence_details else None,
            payment_intent_id=id_of(self.payment_intent),
            charge_id=id_of(self.charge),
            created=timestamp_of(self.created),
            seen=seen_in(self.status, as_of) if self.status in DISPUTE_CLOSED else {},
        )
