"""All that POM knows of one invoice from Stripe: the latest snapshot of each of its Stripe objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

from chalicelib.domain.facts import CreditNoteFact, InvoiceFact, StripeFact
from chalicelib.domain.merging import (
    adds_nothing,
    newer,
    same_content,
    same_content_and_seen_times,
    with_seen_times_of,
    without_time,
)
from chalicelib.domain.payment_facts import (
    AttemptFact,
    ChargeFact,
    DisputeFact,
    InvoicePaymentFact,
    PaymentIntentFact,
    RefundFact,
)
from chalicelib.domain.payment_methods import BANK_DEBITS

MAX_FAILURES, MAX_RETURNED, MAX_MAILS = 5, 20, 20
"""The number of failed attempts, of returned bank debits and of e-mails that are stored of an invoice, the latest
ones.

Stripe has all of them. A debit takes days to come back, so there are few.
"""

MAX_REVISIONS = 100
"""The longest chain of revisions that POM follows. A longer one can only be a circle."""

Choose = Callable[[Any, Any], Any]
"""`newer` or `prefer_fetched`."""


@dataclass(frozen=True)
class Snapshots:
    """The snapshots of one invoice, by Stripe id.

    If a user edits a finalized invoice in Stripe's dashboard, Stripe creates a revision: a new invoice, whose
    finalization voids the former one (https://docs.stripe.com/invoicing/invoice-edits). `invoice` is the latest
    finalized one.
    """

    invoice: InvoiceFact | None = None
    revisions: Mapping[str, InvoiceFact] = field(default_factory=dict)
    """The other Stripe invoices: those that `invoice` has replaced, and drafts of revisions."""
    payment_intents: Mapping[str, PaymentIntentFact] = field(default_factory=dict)
    charges: Mapping[str, ChargeFact] = field(default_factory=dict)
    refunds: Mapping[str, RefundFact] = field(default_factory=dict)
    disputes: Mapping[str, DisputeFact] = field(default_factory=dict)
    payments: Mapping[str, InvoicePaymentFact] = field(default_factory=dict)
    credit_notes: Mapping[str, CreditNoteFact] = field(default_factory=dict)
    attempts: Mapping[str, AttemptFact] = field(default_factory=dict)
    """Attempts that failed before Stripe made a charge."""
    attempt_failed_at: int = 0
    """The time of the latest failed attempt for which Stripe gave no reason (epoch seconds UTC)."""
    mails: tuple[tuple[str, int], ...] = ()
    """The e-mails that Stripe sent, but not at POM's request.

    Each is the id of the Stripe invoice and the time (epoch seconds UTC).
    """

    def merge(self, fact: StripeFact, choose: Choose = newer) -> Self:
        """Returns these snapshots with `fact` merged in. The order of merging makes no difference.

        Pass `prefer_fetched` as `choose` if `fact` was read from Stripe after these snapshots had been stored.

        Raises:
            CannotOrder: see `newer`.
        """
        if not isinstance(fact, InvoiceFact):
            name = _COLLECTIONS[type(fact)]
            present: Mapping[str, StripeFact] = getattr(self, name)
            snapshots: dict[str, StripeFact] = {**present, fact.id: choose(present.get(fact.id), fact)}
            changes: dict[str, Any] = {name: _without_old_failures(snapshots)}
            return replace(self, **changes)
        invoices = {**self.invoices, fact.id: choose(self.invoices.get(fact.id), fact)}
        if len(invoices) == 1:
            return replace(self, invoice=invoices[fact.id])
        current = max(invoices.values(), key=lambda each: _place_in_line(each, invoices))
        revisions = {stripe_id: each for stripe_id, each in invoices.items() if stripe_id != current.id}
        return replace(self, invoice=current, revisions=revisions)

    def with_paid_outside(self, fact: InvoiceFact) -> InvoiceFact | None:
        """Returns `fact`, which lacks the amount paid outside Stripe, with that amount.

        Returns None if these snapshots lack it too. The paid amount never falls, so an invoice with the same amount
        had the same payments. Otherwise the known payments through Stripe may add up to the whole paid amount.
        """
        stored_fact = self.invoices.get(fact.id)
        if stored_fact is not None and stored_fact.amount_paid == fact.amount_paid:
            return replace(fact, amount_paid_off_stripe=stored_fact.amount_paid_off_stripe)
        own = [payment for payment in self.payments.values() if payment.stripe_invoice_id == fact.id]
        in_stripe = sum(payment.amount_paid for payment in own if payment.payment_intent_id)
        return fact if in_stripe == fact.amount_paid else None

    def with_seen_times_of(self, fact: StripeFact) -> Self:
        """Returns these snapshots with the `seen` of `fact` merged in, and nothing else of it.

        So `seen` is the same whether POM trusts the event, reads its object from Stripe, or has a later state
        already.
        """
        stored_fact = self.by_id.get(fact.id)
        updated = with_seen_times_of(stored_fact, fact) if stored_fact is not None else None
        if updated is None or updated is stored_fact:
            return self
        return self.merge(updated, lambda _, chosen: chosen)

    def with_failed_attempt(self, at: int) -> Self:
        """Returns these snapshots with a failed attempt at `at` (epoch seconds UTC)."""
        return replace(self, attempt_failed_at=max(self.attempt_failed_at, at))

    def mailed(self, stripe_invoice_id: str, at: int) -> Self:
        """Returns these snapshots with an e-mail that Stripe sent, but not at POM's request."""
        mails = sorted({*self.mails, (stripe_invoice_id, at)}, key=lambda mail: (mail[1], mail[0]))
        return replace(self, mails=tuple(mails[-MAX_MAILS:]))

    @cached_property
    def invoices(self) -> Mapping[str, InvoiceFact]:
        """Returns the present Stripe invoice, those that it has replaced, and drafts of its revisions, by id."""
        return self.revisions if self.invoice is None else {**self.revisions, self.invoice.id: self.invoice}

    @cached_property
    def by_id(self) -> Mapping[str, StripeFact]:
        """Returns the snapshot of each Stripe object, by its id."""
        everything: dict[str, StripeFact] = dict(self.invoices)
        for name in _COLLECTIONS.values():
            everything.update(getattr(self, name))
        return everything

    @property
    def without_times(self) -> Self:
        """Returns these snapshots without `as_of` and `seen`."""
        collections: dict[str, Any] = {
            name: {key: without_time(fact) for key, fact in getattr(self, name).items()}
            for name in (*_COLLECTIONS.values(), "revisions")
        }
        return replace(self, invoice=without_time(self.invoice) if self.invoice else None, **collections)

    def has_same_content_as(self, other: Self) -> bool:
        """Returns True if both have the same content. The times of the snapshots make no difference."""
        return self._have_the_same_objects_as(other) and all(
            same_content_and_seen_times(other.by_id[fact.id], fact) for fact in self.by_id.values()
        )

    def adds_nothing_to(self, known: Self) -> bool:
        """Returns True if these snapshots, the result of merging a fact into `known`, need not replace `known`."""
        return self._have_the_same_objects_as(known) and all(
            adds_nothing(fact, known.by_id[fact.id]) for fact in self.by_id.values()
        )

    def _have_the_same_objects_as(self, other: Self) -> bool:
        return (
            self.attempt_failed_at == other.attempt_failed_at
            and self.mails == other.mails
            and self.by_id.keys() == other.by_id.keys()
        )

    def says(self, fact: StripeFact) -> bool:
        """Returns True if POM already has the content of `fact`."""
        stored_fact = self.by_id.get(fact.id)
        return stored_fact is not None and same_content(stored_fact, fact)

    @property
    def invoice_to_read(self) -> str | None:
        """Returns the id of a Stripe invoice that POM has to read, or None.

        It is a revision that POM does not have, or has only as a draft. If there is none, it is `invoice` itself if
        POM has none of its payments, because POM matches a payment's event to its invoice only by known payments.
        """
        invoices = self.invoices
        for fact in invoices.values():
            revision = fact.latest_revision_id
            if revision is not None and (revision not in invoices or invoices[revision].unfinished):
                return revision
        current = self.invoice
        if current is None or not current.amount_due or current.unfinished:
            return None
        return None if self.own_payments else current.id

    @property
    def own_payments(self) -> list[InvoicePaymentFact]:
        """Returns the payments towards `invoice`. Payments towards an invoice that it has replaced are left out."""
        own_id = self.invoice.id if self.invoice else None
        return [payment for payment in self.payments.values() if payment.stripe_invoice_id == own_id]

    @property
    def lacks_payments(self) -> bool:
        """Returns True if more was paid through Stripe than the sum of the known payments."""
        if self.invoice is None:
            return False
        through_stripe = self.invoice.amount_paid - self.invoice.amount_paid_off_stripe
        return through_stripe > sum(payment.amount_paid for payment in self.own_payments)

    @cached_property
    def uncharged_payments(self) -> list[InvoicePaymentFact]:
        """Returns the payments that came in through an intent and for which POM has no successful charge.

        Events arrive in any order, and the charge's own event may be lost. The daily comparison then brings the
        charge.
        """
        charged_intents = {
            charge.payment_intent_id for charge in self.charges.values() if charge.status == "succeeded"
        }
        paid_payments = (payment for payment in self.payments.values() if payment.status == "paid")
        return [
            payment
            for payment in paid_payments
            if payment.payment_intent_id and payment.payment_intent_id not in charged_intents
        ]

    @property
    def intent_ids(self) -> AbstractSet[str]:
        """Returns the ids of all known payment intents, including those that only a payment or a charge names."""
        named_ids = [payment.payment_intent_id for payment in self.payments.values()]
        named_ids += [charge.payment_intent_id for charge in self.charges.values()]
        return {*self.payment_intents, *(intent_id for intent_id in named_ids if intent_id)}

    @cached_property
    def intents_elsewhere(self) -> AbstractSet[str]:
        """Returns the payment intents of invoices that `invoice` has replaced.

        Their outcome does not count for `invoice`. An intent that no known payment links to `invoice` belongs to an
        earlier invoice.
        """
        if self.invoice is None or self.invoice.from_invoice_id is None:
            return frozenset()
        return self.intent_ids - {payment.payment_intent_id for payment in self.own_payments}

    @cached_property
    def paid_elsewhere(self) -> AbstractSet[str]:
        """Returns the payment intents that are known to pay another Stripe invoice, and not this one.

        Refunds and disputes of these intents do not count. If POM does not know which invoice an intent pays, its
        refunds and disputes do count, because the event that links them may be late, and accounts on early API
        versions never send it.
        """
        paying = {payment.payment_intent_id for payment in self.payments.values() if payment.payment_intent_id}
        return paying - {payment.payment_intent_id for payment in self.own_payments}

    @cached_property
    def known_intents(self) -> Mapping[str, PaymentIntentFact]:
        """Returns all payment intents by id. An intent whose payment towards an invoice came in counts as succeeded.

        Stripe credits a payment to its invoice only when its intent succeeds
        (https://docs.stripe.com/api/invoices/attach_payment). So a payment that came in proves that the intent has
        succeeded, even if POM's snapshot of the intent is older.
        """
        paid_by_intent = {each.payment_intent_id: each for each in self.payments.values() if each.status == "paid"}
        return {
            stripe_id: _as_succeeded(intent, paid_by_intent[stripe_id])
            if stripe_id in paid_by_intent and not intent.ended
            else intent
            for stripe_id, intent in self.payment_intents.items()
        }

    @property
    def intents(self) -> list[PaymentIntentFact]:
        """Returns the payment intents that pay `invoice`. Those of an invoice that it has replaced are left out."""
        elsewhere = self.intents_elsewhere
        return [intent for intent in self.known_intents.values() if intent.id not in elsewhere]

    @property
    def payment_under_way(self) -> bool:
        """Returns True if a payment is on its way that may still fail, such as a bank debit, which takes days."""
        return any(intent.status == "processing" for intent in self.intents)

    @property
    def waits_for_confirmation(self) -> bool:
        """Returns True if the customer has begun to pay and has yet to confirm the payment with their bank."""
        return any(intent.status == "requires_action" for intent in self.intents)

    @property
    def replaced_numbers(self) -> list[str]:
        """Returns the numbers of the Stripe invoices that `invoice` has replaced, the first one first."""
        replaced_invoices = (fact for fact in self.revisions.values() if fact.number and fact.status == "void")
        return [
            fact.number for fact in sorted(replaced_invoices, key=lambda each: each.finalized_at or 0) if fact.number
        ]


def _as_succeeded(intent: PaymentIntentFact, payment: InvoicePaymentFact) -> PaymentIntentFact:
    """Returns the intent as succeeded by this payment. Its latest charge is left out, because POM may not have it."""
    return PaymentIntentFact(
        id=intent.id,
        as_of=max(intent.as_of, payment.as_of),
        status="succeeded",
        amount=intent.amount,
        currency=intent.currency,
        seen=intent.seen,
    )


def _place_in_line(fact: InvoiceFact, invoices: Mapping[str, InvoiceFact]) -> tuple[bool, int, int, str]:
    """Returns the sort key of a Stripe invoice; the invoice with the highest key is `Snapshots.invoice`.

    A finalized invoice is above any draft or deleted one, and a later revision is above an earlier one.
    """
    is_finalized = fact.status != "draft" and not fact.deleted
    generation, before = 0, fact.from_invoice_id
    while before is not None and generation < MAX_REVISIONS:
        generation += 1
        origin = invoices.get(before)
        before = origin.from_invoice_id if origin else None
    # If none is finalized, the earliest is the highest, so the original is shown and not the draft of a revision.
    return is_finalized, generation if is_finalized else -generation, fact.finalized_at or 0, fact.id


def _without_old_failures(facts: Mapping[str, StripeFact]) -> Mapping[str, StripeFact]:
    """Returns the facts with only the latest failed attempts, and the latest bank debits that came back.

    Otherwise a payer who tries many cards could make the item too large. Returned debits are counted separately,
    because each has a row in `GET /payments` that declined cards must not displace.
    """
    if len(facts) <= MAX_FAILURES:
        return facts
    failures = [
        fact for fact in facts.values() if isinstance(fact, ChargeFact | AttemptFact) and fact.status == "failed"
    ]
    failures.sort(key=lambda each: (each.created if isinstance(each, ChargeFact) else each.as_of, each.id))
    returned_debits = [each for each in failures if isinstance(each, ChargeFact) and each.method in BANK_DEBITS]
    other_failures = [each for each in failures if each not in returned_debits]
    old_ids = {each.id for each in (*returned_debits[:-MAX_RETURNED], *other_failures[:-MAX_FAILURES])}
    return {stripe_id: fact for stripe_id, fact in facts.items() if stripe_id not in old_ids}


_COLLECTIONS: dict[type, str] = {
    PaymentIntentFact: "payment_intents",
    ChargeFact: "charges",
    AttemptFact: "attempts",
    RefundFact: "refunds",
    DisputeFact: "disputes",
    InvoicePaymentFact: "payments",
    CreditNoteFact: "credit_notes",
}
