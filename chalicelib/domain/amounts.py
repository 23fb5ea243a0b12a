"""The terms of an invoice's money: this module alone defines what each figure means.

For every finalized invoice that is not void, by Stripe's own fields:

    total = paid - overpaid + balance_applied + credited_before_payment + open

`received` is the money that came in and stayed: paid less refunded less lost.
`docs/decisions/0018-invoice-amounts.md` explains each term. All amounts are minor units of the invoice's currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.domain.facts import CreditNoteFact
from chalicelib.domain.payment_facts import DisputeFact, RefundFact
from chalicelib.domain.snapshots import Snapshots


@dataclass(frozen=True, slots=True)
class Amounts:
    """The terms of one invoice's money. `discount` is already deducted from `total`."""

    total: int = 0
    discount: int = 0
    paid: int = 0
    """The customer paid this much, through Stripe and outside. It includes any surplus."""
    overpaid: int = 0
    """This much of `paid` is a surplus. Stripe puts it on the customer's credit balance."""
    balance_applied: int = 0
    """The customer's credit balance paid this much. It is negative if a debt was added, and includes a sum below
    Stripe's minimum that Stripe moved to the balance."""
    credited: int = 0
    """The sum of the credit notes that were issued for this invoice, before and after it was paid."""
    credited_before_payment: int = 0
    """Credit notes lowered the amount due by this much."""
    open: int = 0
    """This much is still to be paid."""
    refunded: int = 0
    """The payer got this much back, by refunds and outside Stripe. A refund that failed in the end does not count."""
    refunded_outside: int = 0
    """Credit notes record that this much of `refunded` went back outside Stripe."""
    lost: int = 0
    """Banks took this much back for good, by disputes."""
    received: int = 0
    """This much came in and stayed."""

    @property
    def accounted_for(self) -> int:
        """Returns the sum of the terms that make up `total`."""
        return self.paid - self.overpaid + self.balance_applied + self.credited_before_payment + self.open


def amounts_of(facts: Snapshots) -> Amounts:
    """Returns the terms of an invoice. All are zero if POM has no Stripe invoice, or if the draft was deleted."""
    invoice, notes = facts.invoice, list(_issued_notes(facts))
    if invoice is None or invoice.deleted:
        return Amounts()
    asks_for_nothing = invoice.status in {"draft", "void"}
    still_open = 0 if asks_for_nothing or invoice.status == "paid" else invoice.amount_remaining
    # Neither payments nor the amount that is still open explain this part of the total.
    unexplained_part = invoice.total - (invoice.amount_paid - invoice.amount_overpaid) - still_open
    credited_before = invoice.pre_payment_credit_notes_amount
    if not credited_before and invoice.starting_balance is None and not asks_for_nothing:
        # An earlier release stored the invoice without Stripe's figure, so the sum of the credit notes is the best
        # estimate.
        credited_before = min(max(unexplained_part, 0), sum(note.amount - note.post_payment_amount for note in notes))
    balance_applied = 0 if asks_for_nothing else unexplained_part - credited_before
    if not asks_for_nothing and invoice.starting_balance is not None and invoice.ending_balance is not None:
        balance_applied = invoice.ending_balance - invoice.starting_balance
    refunded_outside = sum(note.out_of_band_amount for note in notes)
    # A credit note's refund in Stripe is one of the refunds, so only what it gave back outside Stripe is added.
    refunded = sum(refund.amount for refund in succeeded_refunds(facts)) + refunded_outside
    lost = sum(lost_by_dispute(facts).values())
    return Amounts(
        total=invoice.total,
        discount=invoice.discount_amount,
        paid=invoice.amount_paid,
        overpaid=invoice.amount_overpaid,
        balance_applied=balance_applied,
        credited=sum(note.amount for note in notes),
        credited_before_payment=credited_before,
        open=still_open,
        refunded=refunded,
        refunded_outside=refunded_outside,
        lost=lost,
        received=invoice.amount_paid - lost - refunded,
    )


def succeeded_refunds(facts: Snapshots) -> Iterator[RefundFact]:
    """Yields the refunds of this invoice's payments that succeeded."""
    for refund in facts.refunds.values():
        if refund.status == "succeeded" and refund.payment_intent_id not in facts.paid_elsewhere:
            yield refund


def credited_to_balance(facts: Snapshots) -> int:
    """Returns the amount that credit notes added to the customer's balance after the invoice was paid."""
    return sum(
        max(note.post_payment_amount - note.refunded_amount - note.out_of_band_amount, 0)
        for note in _issued_notes(facts)
    )


def lost_by_dispute(facts: Snapshots) -> dict[str, int]:
    """Returns how much each lost dispute took, by dispute id, in minor units of the invoice's currency.

    A charge cannot lose more than its amount less its refunds. If a dispute over a whole charge is lost, Stripe gives
    the refunded part back
    (https://support.stripe.com/questions/dispute-for-full-charge-amount-after-a-partial-refund-was-issued).
    A dispute in another currency takes all that remains of its charge.
    """
    lost_disputes = [
        dispute
        for dispute in facts.disputes.values()
        if dispute.status == "lost" and dispute.payment_intent_id not in facts.paid_elsewhere
    ]
    by_charge: dict[str, list[DisputeFact]] = defaultdict(list)
    for dispute in sorted(lost_disputes, key=lambda each: (not _in_own_currency(facts, each), each.id)):
        by_charge[dispute.payment_intent_id or dispute.charge_id or dispute.id].append(dispute)
    lost_amounts: dict[str, int] = {}
    for disputes in by_charge.values():
        remaining = _charge_less_refunds(facts, disputes[0])
        for dispute in disputes:
            amount = disputed_amount(facts, dispute)
            lost_amounts[dispute.id] = amount if remaining is None else max(min(amount, remaining), 0)
            remaining = None if remaining is None else remaining - lost_amounts[dispute.id]
    return lost_amounts


def disputed_amount(facts: Snapshots, dispute: DisputeFact) -> int:
    """Returns the disputed amount, in minor units of the invoice's currency.

    If the dispute is in another currency, that is the amount of its charge.
    """
    if _in_own_currency(facts, dispute):
        return dispute.amount
    charge_amount = _charge_amount(facts, dispute)
    if charge_amount is not None:
        return charge_amount
    return facts.invoice.amount_paid if facts.invoice else 0


def _in_own_currency(facts: Snapshots, dispute: DisputeFact) -> bool:
    return facts.invoice is None or dispute.currency == facts.invoice.currency


def _charge_less_refunds(facts: Snapshots, dispute: DisputeFact) -> int | None:
    """Returns the disputed charge's amount less its refunds, or None if POM does not know the amount."""
    charge_amount = _charge_amount(facts, dispute)
    if charge_amount is None:
        return None
    refunds = [
        refund.amount
        for refund in succeeded_refunds(facts)
        if (refund.payment_intent_id and refund.payment_intent_id == dispute.payment_intent_id)
        or (refund.charge_id and refund.charge_id == dispute.charge_id)
    ]
    return charge_amount - sum(refunds)


def _charge_amount(facts: Snapshots, dispute: DisputeFact) -> int | None:
    """Returns the amount of the disputed charge, or of its intent, in the invoice's currency; None if unknown."""
    intent_id = dispute.payment_intent_id or ""
    payments = (each for each in facts.payments.values() if intent_id and each.payment_intent_id == intent_id)
    candidates = [(each.amount_paid, each.currency) for each in payments if each.amount_paid]
    if (intent := facts.payment_intents.get(intent_id)) is not None:
        candidates.append((intent.amount, intent.currency))
    if (charge := facts.charges.get(dispute.charge_id or "")) is not None:
        candidates.insert(0, (charge.amount, charge.currency))
    own = facts.invoice.currency if facts.invoice else None
    return next((amount for amount, currency in candidates if currency == own), None)


def _issued_notes(facts: Snapshots) -> Iterable[CreditNoteFact]:
    invoice_id = facts.invoice.id if facts.invoice else None
    return (
        note
        for note in facts.credit_notes.values()
        if note.status == "issued" and note.stripe_invoice_id in ("", invoice_id)
    )
