"""The entries of an invoice's timeline about money: attempts, payments, credit notes, refunds and disputes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate

from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.intended_act import ANSWERED_WITHIN, MARKED_PAID
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import ChargeFact, DisputeFact, RefundFact
from chalicelib.domain.payment_methods import BANK_DEBITS
from chalicelib.domain.payments import (
    OUTSIDE,
    PaymentMethod,
    charges_of,
    method_of,
    payment_id,
    uncharged_attempts,
)
from chalicelib.domain.timeline_entries import Entry, EntryKind

SLOW_REFUND = 3600
"""Seconds. A refund that takes longer has a second entry when it succeeds."""


def money_entries(invoice: Invoice) -> Iterator[Entry]:
    """Yields the entries about an invoice's money, in no particular order."""
    attempts = list(_attempts(invoice))
    yield from attempts
    yield from _unexplained_failure(invoice, attempts)
    yield from _payments(invoice)
    yield from _credit_notes(invoice)
    yield from _ordered_refunds(invoice)
    for refund in invoice.facts.refunds.values():
        yield from _refund(refund, invoice)
    for dispute in invoice.facts.disputes.values():
        yield from _dispute(dispute)


def near(one: int, other: int, within: int = ANSWERED_WITHIN) -> bool:
    """Returns True if Stripe's time and POM's time are close enough to belong to the same act.

    Both are epoch seconds UTC.
    """
    return abs(one - other) <= within


def _attempts(invoice: Invoice) -> Iterator[Entry]:
    """Yields an entry for each failed attempt, and one for the beginning of each payment that takes days."""
    facts = invoice.facts
    for charge in facts.charges.values():
        if charge.status == "pending" or charge.method in BANK_DEBITS:
            yield _of_charge(EntryKind.PAYMENT_UNDER_WAY, charge.created, charge)
        if charge.status == "failed":
            yield _of_charge(EntryKind.PAYMENT_FAILED, charge.ended_at, charge, charge.failure_reason)
    pending_intents = {charge.payment_intent_id for charge in facts.charges.values() if charge.status == "pending"}
    for intent in facts.payment_intents.values():
        entry = Entry(intent.as_of, EntryKind.PAYMENT_FAILED, stripe_id=intent.id, payment_id=intent.id)
        entry = replace(entry, amount=intent.amount, currency=intent.currency)
        if intent.status == "processing" and intent.id not in pending_intents:
            yield replace(entry, at=intent.seen.get("processing", intent.as_of), kind=EntryKind.PAYMENT_UNDER_WAY)
        for attempt in uncharged_attempts(facts, intent.id):
            method = PaymentMethod(attempt.method) if attempt.method else None
            yield replace(entry, at=attempt.as_of, method=method, reason=attempt.failure.reason)
        if intent.failure and intent.failed_charge_id and intent.failed_charge_id not in facts.charges:
            # POM does not have this charge yet. Only the intent shows its failure.
            yield replace(entry, reason=intent.failure.reason)


def _unexplained_failure(invoice: Invoice, attempts: list[Entry]) -> Iterator[Entry]:
    """Yields the latest failure for which Stripe gave no reason, unless an entry in `attempts` reports it."""
    at = invoice.facts.attempt_failed_at
    failures = (entry for entry in attempts if entry.kind is EntryKind.PAYMENT_FAILED)
    if at and not any(near(at, failure.at) for failure in failures):
        yield Entry(at, EntryKind.PAYMENT_FAILED, reason=FailureReason.OTHER, stripe_id=invoice.stripe_invoice_id)


def _of_charge(kind: EntryKind, at: int, charge: ChargeFact, reason: str | None = None) -> Entry:
    return Entry(
        at,
        kind,
        amount=charge.amount,
        currency=charge.currency,
        method=method_of(charge),
        reason=reason,
        stripe_id=charge.id,
        payment_id=payment_id(charge),
    )


def _payments(invoice: Invoice) -> Iterator[Entry]:
    """Yields an entry for each payment that came in, or one if the invoice was settled without a payment.

    A payment is `partly_paid` if the sum of the payments so far is below the invoice's amount. Otherwise it is
    `paid`.
    """
    charges = sorted(
        (charge for charge in charges_of(invoice.facts) if charge.status == "succeeded"),
        key=lambda charge: (charge.ended_at, charge.id),
    )
    fact = invoice.facts.invoice
    by_hand = any(act.kind == MARKED_PAID for act in invoice.actions)
    elsewhere = invoice.facts.paid_elsewhere
    own = [charge for charge in charges if charge.payment_intent_id not in elsewhere]
    sums = accumulate(charge.amount for charge in own)
    ids_of_parts = {charge.id for charge, paid in zip(own, sums, strict=True) if not _covers_amount(fact, paid)}
    if own and _completed_by(own[-1], fact):
        ids_of_parts.discard(own[-1].id)
    for charge in charges:
        kind = EntryKind.PARTLY_PAID if charge.id in ids_of_parts else EntryKind.PAID
        yield _of_charge(kind, charge.ended_at, charge)
    if fact is None or fact.status != "paid" or by_hand or fact.paid_at is None:
        return
    through_stripe = fact.amount_paid - fact.amount_paid_off_stripe
    paid = Entry(fact.paid_at, EntryKind.PAID, stripe_id=fact.id)
    if fact.amount_paid_off_stripe > 0:
        paid = replace(paid, kind=EntryKind.MARKED_PAID, method=PaymentMethod(OUTSIDE))
        yield replace(paid, amount=fact.amount_paid_off_stripe, currency=fact.currency)
    elif not own and through_stripe:
        yield replace(paid, amount=through_stripe, currency=fact.currency)
    elif not own:
        yield replace(paid, reason="no_money")


def _covers_amount(fact: InvoiceFact | None, paid: int) -> bool:
    """Returns True if `paid` (minor units) covers the invoice's amount.

    That may be so before Stripe shows the invoice as paid.
    """
    amount = fact.amount_paid + fact.amount_remaining - fact.amount_overpaid if fact is not None else 0
    return paid >= amount > 0


def _completed_by(charge: ChargeFact, fact: InvoiceFact | None) -> bool:
    """Returns True if nothing was left to pay after this charge. `charge` is the latest one through Stripe."""
    if fact is None or fact.status != "paid":
        return False
    return fact.amount_paid_off_stripe == 0 or (fact.paid_at or 0) <= charge.ended_at


def _credit_notes(invoice: Invoice) -> Iterator[Entry]:
    for note in invoice.facts.credit_notes.values():
        yield Entry(
            note.issued_at,
            EntryKind.CREDITED,
            amount=note.amount,
            currency=note.currency,
            reason=note.reason,
            stripe_id=note.id,
        )
        if note.status == "void":
            entry = Entry(note.voided_at if note.voided_at is not None else note.as_of, EntryKind.CREDIT_NOTE_VOIDED)
            yield replace(entry, amount=note.amount, currency=note.currency, stripe_id=note.id)


def _ordered_refunds(invoice: Invoice) -> Iterator[Entry]:
    """Yields an entry for each refund that was ordered in POM while POM does not know whether Stripe has made it."""
    for order in invoice.refund_orders:
        if order.open:
            entry = Entry(order.at, EntryKind.REFUND_REQUESTED, True, order.actor, order.amount)
            yield replace(entry, currency=invoice.order.currency, reason=order.reason, payment_id=order.payment_id)


def _refund(refund: RefundFact, invoice: Invoice) -> Iterator[Entry]:
    """Yields an entry for a refund.

    Yields a second one for its end if it took longer than `SLOW_REFUND`, failed or was canceled.
    """
    order = next((each for each in invoice.refund_orders if each.id == refund.order_id), None)
    refund_began = Entry(
        refund.created,
        EntryKind.REFUNDED,
        by_pom=order is not None,
        actor=order.actor if order is not None else None,
        amount=refund.amount,
        currency=refund.currency,
        method=_method_of_refund(refund, invoice),
        reason=refund.reason,
        stripe_id=refund.id,
        payment_id=payment_id(refund) or None,
    )
    done_at = refund.seen.get("succeeded", refund.created if refund.status == "succeeded" else None)
    refund_ended = replace(
        refund_began, at=refund.seen.get(refund.status, refund.as_of), by_pom=False, actor=None, reason=None
    )
    if done_at is None or (_was_pending(refund) and done_at - refund.created > SLOW_REFUND):
        yield replace(refund_began, kind=EntryKind.REFUND_PENDING)
        if done_at is not None:
            yield replace(refund_began, at=done_at)
    else:
        yield refund_began
    if refund.status == "failed":
        yield replace(refund_ended, kind=EntryKind.REFUND_FAILED, reason=refund.failure_reason)
    elif refund.status == "canceled":
        yield replace(refund_ended, kind=EntryKind.REFUND_CANCELED)


def _was_pending(refund: RefundFact) -> bool:
    return bool(refund.seen.keys() & {"pending", "requires_action"})


def _method_of_refund(refund: RefundFact, invoice: Invoice) -> PaymentMethod | None:
    for charge in invoice.facts.charges.values():
        own = charge.id == refund.charge_id or charge.payment_intent_id == (refund.payment_intent_id or "")
        if own and charge.status == "succeeded":
            return method_of(charge)
    return None


_CLOSED = {"won": EntryKind.DISPUTE_WON, "lost": EntryKind.DISPUTE_LOST}


def _dispute(dispute: DisputeFact) -> Iterator[Entry]:
    """Yields an entry for the opening of a dispute, and one for each decision of the bank."""
    opened = Entry(
        dispute.opened_at,
        EntryKind.DISPUTE_OPENED,
        amount=dispute.amount,
        currency=dispute.currency,
        reason=dispute.reason,
        due_by=dispute.due_by,
        stripe_id=dispute.id,
        payment_id=payment_id(dispute) or None,
    )
    yield opened
    ends = dispute.seen or ({} if dispute.open else {dispute.status: dispute.as_of})
    for status, at in ends.items():
        yield replace(opened, at=at, kind=_CLOSED.get(status, EntryKind.DISPUTE_CLOSED), due_by=None)
