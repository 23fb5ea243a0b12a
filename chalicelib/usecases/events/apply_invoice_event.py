"""Apply events about an invoice and what is paid towards it.

An event leads to its invoice in any version of Stripe's API: by the ids of other Stripe objects, or by our own ids in
the invoice's metadata. Neither is trusted alone: the invoice must belong to the account that Stripe signed the event
for. An object is believed in our version only. In another version it is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from chalicelib.correlation import note
from chalicelib.domain.events import FAILED_WITHOUT_REASON, SUBSCRIPTION, StripeEvent
from chalicelib.domain.facts import (
    ChargeFact,
    CreditNoteFact,
    DisputeFact,
    InvoiceFact,
    InvoicePaymentFact,
    PaymentIntentFact,
    RefundFact,
    StripeFact,
)
from chalicelib.domain.history import HistoryEntry, Outcome, Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.merging import CannotOrder
from chalicelib.domain.summary import recounted
from chalicelib.ports import Ports
from chalicelib.usecases.events.event_outcome import EventOutcome, marker_of, note_delivery, outcome_of
from chalicelib.usecases.events.refunds_of_charge import with_refunds_of_charge
from chalicelib.usecases.invoicing.pull_invoice import revision_entries, with_what_was_done_in_stripe
from chalicelib.usecases.invoicing.store_invoice import new_references

INVOICE_FACTS = (
    InvoiceFact,
    PaymentIntentFact,
    ChargeFact,
    RefundFact,
    DisputeFact,
    InvoicePaymentFact,
    CreditNoteFact,
)


def apply_to_invoice(event: StripeEvent, account_id: StripeAccountId, source: Source, ports: Ports) -> EventOutcome:
    """Merges what the event says into its invoice, and returns the outcome."""
    invoice = _invoice_of(event, account_id, ports)
    if invoice is None:
        return EventOutcome.FOREIGN
    note(organization_id=invoice.organization_id, invoice_id=invoice.id)
    if invoice.livemode != event.livemode:
        return EventOutcome.WRONG_MODE
    told_before = [entry for entry in invoice.history if entry.event_id == event.id]
    if told_before:
        if source is Source.WEBHOOK and any(entry.source is Source.SWEEP for entry in told_before):
            note_delivery(event, account_id, ports)
        return EventOutcome.DUPLICATE
    fact, known = _learned(invoice, event, account_id, ports)
    if isinstance(event.fact, INVOICE_FACTS):
        known = known.having_seen(event.fact)
    known = with_refunds_of_charge(known, event, account_id, ports)
    known = with_what_was_done_in_stripe(invoice, known, account_id, ports)
    # Only the type of an event says that an attempt failed without a reason, and that an invoice was e-mailed.
    if event.type in FAILED_WITHOUT_REASON:
        known = replace(known, facts=known.facts.attempt_failed(event.created))
    if event.type == "invoice.sent" and known.sent_at is None and event.object_id == known.stripe_invoice_id:
        known = replace(known, sent_at=event.created)
    changed = not known.facts.say_the_same_as(invoice.facts) or known.sent_at != invoice.sent_at
    outcome = outcome_of(source, changed=changed)
    entry = _entry(event, fact, known, source, outcome)
    told = known.changed(event.created, entry, *revision_entries(invoice, known, event.created, source))
    marker = marker_of(replace(event, invoice_hint=invoice.id), account_id, outcome, source, ports)
    ports.invoices.apply(recounted(told), marker, new_references(invoice, told))
    return outcome


def _invoice_of(event: StripeEvent, account_id: StripeAccountId, ports: Ports) -> Invoice | None:
    """Returns the invoice that the event is about, if it is one of ours on this account.

    The hint in an invoice's metadata comes first, and one look-up is usually enough. Somebody may have changed the
    metadata in Stripe, so a hint that leads nowhere costs a second look-up by Stripe's ids.
    """
    organization_id, invoice_id = event.organization_hint, event.invoice_hint
    if event.object_type == "invoice" and organization_id is not None and invoice_id is not None:
        hinted = ports.invoices.get(organization_id, invoice_id)
        if hinted is not None and _is_of(hinted, event, account_id, ports):
            return hinted
    ids = _owner_ids(event, account_id, ports)
    owners = ports.invoices.find_by_reference(account_id, ids) if ids else {}
    owner = next((owners[stripe_id] for stripe_id in ids if stripe_id in owners), None)
    referred_to = ports.invoices.get(*owner) if owner is not None else None
    return referred_to if referred_to is not None and _is_of(referred_to, event, account_id, ports) else None


def _is_of(invoice: Invoice, event: StripeEvent, account_id: StripeAccountId, ports: Ports) -> bool:
    """Returns True if the event is of the invoice's account, and its object belongs to the invoice.

    An object that is an invoice must be this one in Stripe, or a revision of it. If POM does not know the invoice
    that a revision replaced, it asks Stripe what that one was a revision of.
    """
    if invoice.stripe_account_id != account_id:
        return False
    if event.object_type != "invoice" or invoice.is_or_was(event.object_id, event.revised_id):
        return True
    origin, met = event.revised_id, {event.object_id}
    while origin is not None and origin not in met:
        met.add(origin)
        fact = ports.stripe.fetch(account_id, "invoice", origin)
        origin = fact.from_invoice_id if isinstance(fact, InvoiceFact) else None
        if origin in invoice.stripe_invoice_ids:
            return True
    return False


def _owner_ids(event: StripeEvent, account_id: StripeAccountId, ports: Ports) -> Sequence[str]:
    """Returns the ids that lead to the invoice. Asks Stripe if the object does not tell."""
    if event.owner_ids is not None:
        return event.owner_ids
    match ports.stripe.fetch(account_id, event.object_type, event.object_id):
        case InvoicePaymentFact(stripe_invoice_id=invoice_id) | CreditNoteFact(stripe_invoice_id=invoice_id):
            return [invoice_id]
        case ChargeFact() | RefundFact() | DisputeFact() as fact:
            return [fact.payment_intent_id] if fact.payment_intent_id else []
        case _:
            return []


def _learned(
    invoice: Invoice, event: StripeEvent, account_id: StripeAccountId, ports: Ports
) -> tuple[StripeFact | None, Invoice]:
    """Returns what the event's object says, and the invoice with it.

    A fetch here begins after the invoice was read, and its result is written only if the invoice has not changed. So
    the result is newer, whatever its date. Nothing is fetched if a later state of the object is known.
    """
    later = invoice.facts.by_id.get(event.object_id)
    if not event.current and later is not None and later.as_of > event.created:
        return later, invoice
    if event.current and isinstance(event.fact, INVOICE_FACTS):
        with suppress(CannotOrder):
            return event.fact, invoice.knowing(event.fact)
    fetched = ports.stripe.fetch(account_id, event.object_type, event.object_id)
    if isinstance(fetched, INVOICE_FACTS):
        return fetched, invoice.settled_by(fetched)
    # Stripe no longer has the object, so what the event says counts as far as it can be read.
    last_words = event.fact if isinstance(event.fact, INVOICE_FACTS) else None
    if last_words is not None:
        with suppress(CannotOrder):
            return last_words, invoice.knowing(last_words)
    return last_words, invoice


def _entry(
    event: StripeEvent, fact: StripeFact | None, known: Invoice, source: Source, outcome: EventOutcome
) -> HistoryEntry:
    """Returns the timeline's entry for the event, which has led to what is `known` now.

    `fact` is what the object says as far as it is believed. The entry tells the event's own amount and reason if it
    can, because these have the same shape in every version. An invoice has not: before 2018-11-08 it had no status.
    """
    own = event.fact if isinstance(event.fact, INVOICE_FACTS) else None
    said = fact if own is None or (isinstance(own, InvoiceFact) and not event.current) else own
    kind, draft = SUBSCRIPTION[event.type], known.facts.revisions.get(event.object_id)
    if draft is not None and draft.status == "draft":  # a draft of a revision is not the invoice
        kind = "revision_dropped" if draft.deleted else "revision_drafted"
    amount, reason = _amount_and_reason(said)
    if outcome is EventOutcome.NO_CHANGE:
        up_to_date = said is None or known.facts.says(said)
        told_as = Outcome.DUPLICATE if up_to_date else Outcome.STALE
    else:
        told_as = Outcome(outcome)
    return HistoryEntry(
        at=event.created,
        kind=kind,
        source=source,
        amount=amount,
        currency=said.currency if said is not None and amount is not None else None,
        reason=reason,
        outcome=told_as,
        stripe_id=event.object_id,
        event_id=event.id,
    )


def _amount_and_reason(fact: StripeFact | None) -> tuple[int | None, str | None]:
    match fact:
        case InvoiceFact(deleted=True):
            return None, None
        case InvoiceFact():
            return (fact.amount_paid if fact.status == "paid" else fact.amount_remaining), None
        case InvoicePaymentFact():
            return fact.amount_paid, None
        case PaymentIntentFact():
            return fact.amount, fact.failure.reason if fact.failure else None
        case ChargeFact():
            return fact.amount, fact.failure.reason if fact.failure else fact.method
        case RefundFact():
            return fact.amount, fact.failure_reason or fact.status
        case DisputeFact():
            return fact.amount, fact.status
        case CreditNoteFact():
            return fact.amount, fact.reason
        case None:
            return None, None
