"""The payments of an invoice as users see them: each with its method, its outcome, its refunds and its disputes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from chalicelib.domain.amounts import lost_by_dispute
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.outside_payment import OutsidePayment
from chalicelib.domain.payment_facts import (
    AttemptFact,
    ChargeFact,
    DisputeFact,
    InvoicePaymentFact,
    PaymentIntentFact,
    RefundFact,
)
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.terms import start_of_day

OUTSIDE = "outside_stripe"
"""The method of a payment that did not go through Stripe, if nobody recorded how it was paid."""

OUTSIDE_ID = "outside_"
"""The beginning of the id of a payment outside Stripe; the id of its invoice follows."""


class PaymentStatus(StrEnum):
    """The outcome of a payment. A refund does not change it."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    """The customer has begun to pay and has yet to confirm the payment with their bank."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """How somebody pays. POM stores no other details of a card.

    `type` is Stripe's word, such as `card` or `us_bank_account`, or how a payment outside Stripe was made. `brand` is
    the card's brand or the bank's name, `expires` the last month of a card, such as `2027-04`.
    """

    type: str | None
    brand: str | None = None
    last4: str | None = None
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment towards an invoice. `id` is the id of its payment intent, or of its charge if it has no intent.

    `amount` is minor units, `at` is epoch seconds UTC. All attempts of an intent are one payment, which shows the
    attempt that succeeded, or otherwise the latest one. The timeline has an entry for each attempt.
    """

    id: str
    status: PaymentStatus
    at: int
    amount: int
    currency: str
    method: PaymentMethod | None = None
    charge_id: str | None = None
    receipt_url: str | None = None
    failure: FailureReason | None = None
    outside: OutsidePayment | None = None
    """The office's record of the payment, if it was recorded by hand."""
    refunds: tuple[RefundFact, ...] = ()
    disputes: tuple[DisputeFact, ...] = ()
    lost: int = 0
    """The money that lost disputes have taken back, in minor units."""

    @property
    def through_stripe(self) -> bool:
        return self.id.startswith(("pi_", "ch_", "py_"))

    @property
    def refundable(self) -> int:
        """Returns how much of the payment Stripe can still refund, in minor units. It is 0 during a dispute."""
        if self.status is not PaymentStatus.SUCCEEDED or not self.through_stripe:
            return 0
        if any(dispute.open for dispute in self.disputes):
            return 0
        given_back = sum(refund.amount for refund in self.refunds if not refund.given_up)
        return max(0, self.amount - given_back - self.lost)


def payments_of(invoice: Invoice) -> list[Payment]:
    """Returns the payments of an invoice, the earliest first. Intents without an attempt are left out."""
    payments = [*_through_stripe(invoice.facts), *_outside(invoice)]
    return sorted(payments, key=lambda each: (each.at, each.id))


def method_of(charge: ChargeFact) -> PaymentMethod:
    return PaymentMethod(charge.method, charge.brand, charge.last4, charge.expires)


def payment_id(fact: ChargeFact | RefundFact | DisputeFact) -> str:
    """Returns the id of the payment that a charge, a refund or a dispute belongs to."""
    charge_id = fact.id if isinstance(fact, ChargeFact) else fact.charge_id
    return fact.payment_intent_id or charge_id or ""


def charges_of(facts: Snapshots) -> list[ChargeFact]:
    """Returns the charges, with one successful charge for each payment that came in.

    A part of an invoice may be paid by an intent that POM does not know. POM cannot match that intent's events to the
    invoice until another event links the two, so the charge arrives with the next sweep. The event of a payment may
    also arrive before the events of its intent and its charge.
    """
    charges = dict(facts.charges)
    for payment in facts.uncharged_payments:
        charge = _charge_behind(payment, facts)
        charges[charge.id] = charge
    return list(charges.values())


def _charge_behind(payment: InvoicePaymentFact, facts: Snapshots) -> ChargeFact:
    """Returns the charge by which a payment came in: the pending charge of its intent, or one derived from the
    payment.
    """
    of_intent = (each for each in facts.charges.values() if each.payment_intent_id == payment.payment_intent_id)
    pending = max(
        (each for each in of_intent if each.status == "pending"),
        key=lambda each: (each.created, each.id),
        default=None,
    )
    if pending is not None:
        return replace(pending, status="succeeded", seen={**pending.seen, "succeeded": payment.as_of})
    return ChargeFact(
        id=payment.payment_intent_id or "",
        as_of=payment.as_of,
        status="succeeded",
        amount=payment.amount_paid,
        currency=payment.currency,
        created=payment.as_of,
        payment_intent_id=payment.payment_intent_id,
    )


def _through_stripe(facts: Snapshots) -> Iterator[Payment]:
    charges: dict[str, list[ChargeFact]] = {stripe_id: [] for stripe_id in facts.payment_intents}
    for charge in charges_of(facts):
        charges.setdefault(payment_id(charge), []).append(charge)
    for stripe_id, attempts in charges.items():
        payment = _payment(stripe_id, attempts, facts)
        if payment is not None:
            yield payment


def _payment(stripe_id: str, charges: list[ChargeFact], facts: Snapshots) -> Payment | None:
    intent = facts.known_intents.get(stripe_id)
    best = max(charges, key=lambda each: (_STAGES.get(each.status, 0), each.created, each.id), default=None)
    if best is not None and best.status in {"succeeded", "pending"}:
        payment = Payment(
            stripe_id,
            PaymentStatus(best.status),
            best.ended_at,
            best.amount,
            best.currency,
            method_of(best),
            best.id,
            best.receipt_url,
        )
    elif intent is not None and intent.status in _UNDER_WAY:
        at = intent.seen.get("processing", intent.as_of)
        payment = Payment(stripe_id, _UNDER_WAY[intent.status], at, intent.amount, intent.currency)
    else:
        return _failed_payment(stripe_id, best, intent, facts)
    lost_amounts, disputes = lost_by_dispute(facts), _of_payment(stripe_id, charges, facts.disputes.values())
    refunds = _of_payment(stripe_id, charges, facts.refunds.values())
    return replace(
        payment,
        refunds=tuple(sorted(refunds, key=lambda each: (each.created, each.id))),
        disputes=tuple(sorted(disputes, key=lambda each: (each.opened_at, each.id))),
        lost=sum(lost_amounts.get(dispute.id, 0) for dispute in disputes),
    )


_STAGES = {"succeeded": 2, "pending": 1}
_UNDER_WAY = {
    "succeeded": PaymentStatus.SUCCEEDED,
    "requires_action": PaymentStatus.REQUIRES_ACTION,
    **dict.fromkeys(("processing", "requires_capture"), PaymentStatus.PENDING),
}


def _failed_payment(
    stripe_id: str, charge: ChargeFact | None, intent: PaymentIntentFact | None, facts: Snapshots
) -> Payment | None:
    """Returns a payment whose attempts have all failed, or None if there was no attempt."""
    failed = PaymentStatus.FAILED
    attempt = max(uncharged_attempts(facts, stripe_id), key=lambda each: each.as_of, default=None)
    if attempt is not None and (charge is None or attempt.as_of >= charge.ended_at):
        method, reason = PaymentMethod(attempt.method), attempt.failure.reason
        return Payment(stripe_id, failed, attempt.as_of, attempt.amount, attempt.currency, method, failure=reason)
    if charge is not None:
        reason, at = charge.failure_reason, charge.ended_at
        return Payment(
            stripe_id, failed, at, charge.amount, charge.currency, method_of(charge), charge.id, failure=reason
        )
    # A debit that came back stays a payment after its intent was canceled, because its row is stored already.
    came_back = intent is not None and "processing" in intent.seen
    if intent is not None and intent.failure is not None and (came_back or not intent.ended):
        reason = intent.failure.reason
        return Payment(stripe_id, failed, intent.as_of, intent.amount, intent.currency, failure=reason)
    return None


def uncharged_attempts(facts: Snapshots, intent_id: str) -> list[AttemptFact]:
    """Returns the attempts of an intent that failed before Stripe created a charge.

    If only the intent shows a failed attempt and no event about it has arrived, that counts as one attempt.
    """
    attempts = [each for each in facts.attempts.values() if each.payment_intent_id == intent_id]
    intent = facts.payment_intents.get(intent_id)
    if attempts or intent is None or intent.failure is None or intent.ended:
        return attempts
    has_failed_charge = any(
        payment_id(charge) == intent_id and charge.status == "failed" for charge in facts.charges.values()
    )
    if intent.failed_charge_id is not None or has_failed_charge:
        return attempts
    method = intent.failed_method
    return [AttemptFact(intent.as_of, intent.id, intent.amount, intent.currency, intent.failure, method)]


F = TypeVar("F", RefundFact, DisputeFact)


def _of_payment(stripe_id: str, charges: list[ChargeFact], facts: Iterable[F]) -> list[F]:
    ids = {stripe_id, *(charge.id for charge in charges)}
    return [fact for fact in facts if fact.payment_intent_id in ids or fact.charge_id in ids]


def _outside(invoice: Invoice) -> Iterator[Payment]:
    """Yields one payment for all money paid outside Stripe, because Stripe has only the sum."""
    fact, record = invoice.facts.invoice, invoice.recorded_payment
    if fact is None or fact.amount_paid_off_stripe <= 0:
        return
    at = fact.paid_at or fact.as_of
    if record is not None:
        at = start_of_day(record.paid_on, invoice.order.time_zone)
    method = PaymentMethod(record.method if record is not None else OUTSIDE)
    yield Payment(
        f"{OUTSIDE_ID}{invoice.id}",
        PaymentStatus.SUCCEEDED,
        at,
        fact.amount_paid_off_stripe,
        fact.currency,
        method,
        outside=record,
    )
