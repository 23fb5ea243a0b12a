"""The payments of an invoice: their intents, the attempts to charge them, and what was refunded or disputed."""

from __future__ import annotations

import msgspec

from chalicelib.adapters.stripe.objects.fields import Amount, Moment, Reference, StripeId, Word, id_of
from chalicelib.domain.facts import (
    ChargeFact,
    DisputeFact,
    InvoicePaymentFact,
    PaymentFailure,
    PaymentIntentFact,
    RefundFact,
)
from chalicelib.domain.failures import failure_reason


class PaymentOfInvoice(msgspec.Struct):
    type: Word = "payment_intent"
    payment_intent: Reference = None


class InvoicePayment(msgspec.Struct):
    """https://docs.stripe.com/api/invoice-payment/object"""

    id: StripeId
    invoice: Reference
    currency: Word
    status: Word
    payment: PaymentOfInvoice = msgspec.field(default_factory=PaymentOfInvoice)
    amount_paid: Amount | None = None

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
    code: Word | None = None
    decline_code: Word | None = None


class PaymentIntent(msgspec.Struct):
    """https://docs.stripe.com/api/payment_intents/object"""

    id: StripeId
    status: Word
    amount: Amount
    currency: Word
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
        )


class PaymentWithIntent(msgspec.Struct):
    payment_intent: StripeId | PaymentIntent | None = None


class OpenInvoicePayment(msgspec.Struct):
    """An invoice payment, listed with its intent expanded."""

    id: StripeId
    payment: PaymentWithIntent = msgspec.field(default_factory=PaymentWithIntent)

    @property
    def intent(self) -> PaymentIntent | None:
        """Returns the intent itself, where it was expanded."""
        expanded = self.payment.payment_intent
        return expanded if isinstance(expanded, PaymentIntent) else None


class ChargeOutcome(msgspec.Struct):
    reason: Word | None = None


class PaymentMethodDetails(msgspec.Struct):
    type: Word | None = None


class Charge(msgspec.Struct):
    """https://docs.stripe.com/api/charges/object"""

    id: StripeId
    status: Word
    amount: Amount
    currency: Word
    created: Moment
    payment_intent: Reference = None
    failure_code: Word | None = None
    outcome: ChargeOutcome | None = None
    payment_method_details: PaymentMethodDetails | None = None

    def fact(self, as_of: int) -> ChargeFact:
        reason = self.outcome.reason if self.outcome else None
        failed = self.status == "failed"
        return ChargeFact(
            id=self.id,
            as_of=as_of,
            status=self.status,
            amount=self.amount,
            currency=self.currency,
            created=self.created,
            payment_intent_id=id_of(self.payment_intent),
            failure=PaymentFailure(failure_reason(self.failure_code, reason)) if failed else None,
            method=self.payment_method_details.type if self.payment_method_details else None,
        )


class Refund(msgspec.Struct):
    """https://docs.stripe.com/api/refunds/object"""

    id: StripeId
    amount: Amount
    currency: Word
    created: Moment
    status: Word | None = None
    payment_intent: Reference = None
    charge: Reference = None
    failure_reason: Word | None = None

    def fact(self, as_of: int) -> RefundFact:
        return RefundFact(
            id=self.id,
            as_of=as_of,
            status=self.status or "pending",
            amount=self.amount,
            currency=self.currency,
            created=self.created,
            payment_intent_id=id_of(self.payment_intent),
            charge_id=id_of(self.charge),
            failure_reason=self.failure_reason,
        )


class EvidenceDetails(msgspec.Struct):
    due_by: Moment | None = None


class Dispute(msgspec.Struct):
    """https://docs.stripe.com/api/disputes/object"""

    id: StripeId
    status: Word
    amount: Amount
    currency: Word
    reason: Word | None = None
    evidence_details: EvidenceDetails | None = None
    payment_intent: Reference = None
    charge: Reference = None

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
        )
