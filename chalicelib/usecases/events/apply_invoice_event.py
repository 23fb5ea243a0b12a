"""Applies events about an invoice and its payments.

An event leads to its invoice in any version of Stripe's API: by the ids of other Stripe objects, or by POM's ids in
the invoice's metadata. Neither is trusted alone: the invoice must belong to the account that Stripe signed the event
for. An object is used only if it has POM's API version. In another version it is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from chalicelib.correlation import note
from chalicelib.domain.events import BOOKED, FAILED_WITHOUT_REASON, StripeEvent
from chalicelib.domain.facts import CreditNoteFact, InvoiceFact, StripeFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import OWN_KEY, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.merging import CannotOrder
from chalicelib.domain.payment_facts import ChargeFact, DisputeFact, InvoicePaymentFact, PaymentIntentFact, RefundFact
from chalicelib.domain.summary import invoice_write
from chalicelib.ports import Ports
from chalicelib.ports.messages import BalanceJob, BalanceTask
from chalicelib.usecases.events.event_outcome import EventOutcome, marker_of, outcome_of
from chalicelib.usecases.events.refunds_of_charge import with_refunds_of_charge
from chalicelib.usecases.invoicing.pull_invoice import with_what_was_done_in_stripe
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
    """Merges the event into its invoice, and returns the outcome."""
    invoice = _invoice_of(event, account_id, ports)
    if invoice is None:
        return EventOutcome.FOREIGN
    note(organization_id=invoice.organization_id, invoice_id=invoice.id)
    if invoice.livemode != event.livemode:
        return EventOutcome.WRONG_MODE
    updated = _with_facts_of_type(event, _with_object(invoice, event, account_id, ports))
    if isinstance(event.fact, INVOICE_FACTS):
        updated = updated.with_seen_times_of(event.fact)
    updated = with_refunds_of_charge(updated, event, account_id, ports)
    updated = with_what_was_done_in_stripe(invoice, updated, account_id, ports)
    same = replace(updated, facts=invoice.facts) == invoice
    fee_requested = _request_fee(event, invoice, ports)
    outcome = outcome_of(
        source, changed=fee_requested or not (same and updated.facts.has_same_content_as(invoice.facts))
    )
    marker = marker_of(event, account_id, outcome, source, ports, invoice)
    if same and updated.facts.adds_nothing_to(invoice.facts):
        # Merged facts stay in the invoice, so this holds even if another worker changes the invoice in the meantime.
        ports.events.mark(marker)
        return outcome
    stored = updated.changed(event.created) if outcome is not EventOutcome.NO_CHANGE else updated
    ports.invoices.apply(invoice_write(stored, invoice), marker, new_references(invoice, stored))
    return outcome


def _request_fee(event: StripeEvent, invoice: Invoice, ports: Ports) -> bool:
    """Queues the reading of a payment's fee, if the event says that Stripe has booked it. Returns True if it does.

    The event names the balance transaction and does not contain it, and a webhook does not wait for Stripe. If POM
    fails after this, the event is applied again, and the fee is read again.
    """
    if event.type not in BOOKED or not event.booked:
        return False
    payment_id = next((each for each in event.owner_ids or () if each.startswith("pi_")), event.object_id)
    ports.queues.send(BalanceJob(invoice.organization_id, BalanceTask.PAYMENT, payment_id))
    return True


def _invoice_of(event: StripeEvent, account_id: StripeAccountId, ports: Ports) -> Invoice | None:
    """Returns the event's invoice if it is one of POM's on this account, or None.

    The ids in an invoice's metadata are tried first, and one look-up is usually enough. Somebody may have changed the
    metadata in Stripe, so ids that lead to no invoice cost a second look-up by Stripe's ids. A revision may have no
    metadata of POM's, and may replace an invoice that POM has not stored. Then Stripe is asked for the revised
    invoice.
    """
    organization_id, invoice_id = event.organization_hint, event.invoice_hint
    if event.object_type == "invoice" and organization_id is not None and invoice_id is not None:
        hinted = ports.invoices.get(organization_id, invoice_id)
        if hinted is not None and _is_of(hinted, event, account_id):
            return hinted
    referred_to = _referred_to(_owner_ids(event, account_id, ports), account_id, ports)
    if referred_to is not None and _is_of(referred_to, event, account_id):
        return referred_to
    earlier = (_referred_to([origin], account_id, ports) for origin in _origins(event, account_id, ports))
    return next((each for each in earlier if each is not None and each.stripe_account_id == account_id), None)


def _referred_to(ids: Sequence[str], account_id: StripeAccountId, ports: Ports) -> Invoice | None:
    """Returns the invoice of the first id in `ids` for which POM has stored a reference, or None."""
    owners = ports.invoices.find_by_reference(account_id, ids) if ids else {}
    owner = next((owners[stripe_id] for stripe_id in ids if stripe_id in owners), None)
    return ports.invoices.get(*owner) if owner is not None else None


def _is_of(invoice: Invoice, event: StripeEvent, account_id: StripeAccountId) -> bool:
    """Returns True if the event has the invoice's account, and its object belongs to the invoice.

    An object that is an invoice must be the invoice's Stripe invoice, or a revision of it.
    """
    if invoice.stripe_account_id != account_id:
        return False
    return event.object_type != "invoice" or invoice.is_or_was(event.object_id, event.revised_id)


def _origins(event: StripeEvent, account_id: StripeAccountId, ports: Ports) -> Iterator[str]:
    """Yields the earlier Stripe invoices in the chain of revisions of the event's invoice, latest first.

    Each of them costs one call of Stripe.
    """
    origin, met = event.revised_id, {event.object_id}
    while origin is not None and origin not in met:
        met.add(origin)
        fact = ports.stripe.fetch(account_id, "invoice", origin)
        origin = fact.from_invoice_id if isinstance(fact, InvoiceFact) else None
        if origin is not None:
            yield origin


def _owner_ids(event: StripeEvent, account_id: StripeAccountId, ports: Ports) -> Sequence[str]:
    """Returns the Stripe ids that lead to the invoice. Calls Stripe if the event's object does not contain them."""
    if event.owner_ids is not None:
        return event.owner_ids
    match ports.stripe.fetch(account_id, event.object_type, event.object_id):
        case InvoicePaymentFact(stripe_invoice_id=invoice_id) | CreditNoteFact(stripe_invoice_id=invoice_id):
            return [invoice_id]
        case ChargeFact() | RefundFact() | DisputeFact() as fact:
            return [fact.payment_intent_id] if fact.payment_intent_id else []
        case _:
            return []


def _with_facts_of_type(event: StripeEvent, invoice: Invoice) -> Invoice:
    """Returns the invoice with the facts that only the event's type has, because its object lacks or loses them."""
    facts = invoice.facts
    if event.type in FAILED_WITHOUT_REASON and event.dated:
        return replace(invoice, facts=facts.with_failed_attempt(event.created))
    if event.type == "payment_intent.payment_failed" and isinstance(event.fact, PaymentIntentFact):
        attempt = event.fact.uncharged_attempt(event.created)
        return replace(invoice, facts=facts.merge(attempt)) if attempt is not None else invoice
    if event.type != "invoice.sent":
        return invoice
    if event.object_id == invoice.stripe_invoice_id and invoice.sent_at is None:
        invoice = replace(invoice, sent_at=event.created)
    by_pom = (event.idempotency_key or "").startswith(OWN_KEY)
    return invoice if by_pom else replace(invoice, facts=facts.mailed(event.object_id, event.created))


def _with_object(invoice: Invoice, event: StripeEvent, account_id: StripeAccountId, ports: Ports) -> Invoice:
    """Returns the invoice with the facts of the event's object.

    A fetch here begins after the invoice was read, and its result is written only if the invoice has not changed. So
    the result is newer, whatever its date. Nothing is fetched if a later state of the object is stored.
    """
    fact = _complete_fact(event, invoice)
    known_fact = invoice.facts.by_id.get(event.object_id)
    if event.dated and fact is None and known_fact is not None and known_fact.as_of > event.created:
        return invoice
    if fact is not None:
        with suppress(CannotOrder):
            return invoice.knowing(fact)
    fetched = ports.stripe.fetch(account_id, event.object_type, event.object_id)
    if isinstance(fetched, INVOICE_FACTS):
        return invoice.with_fetched(fetched)
    # Stripe no longer has the object, so the event's content is used as far as it can be read.
    if isinstance(event.fact, INVOICE_FACTS):
        with suppress(CannotOrder):
            return invoice.knowing(event.fact)
    return invoice


def _complete_fact(event: StripeEvent, invoice: Invoice) -> StripeFact | None:
    """Returns the fact in the event's object, or None if only Stripe can return all of it in POM's API version."""
    if not event.current or not isinstance(event.fact, INVOICE_FACTS):
        return None
    if event.lacks_paid_outside and isinstance(event.fact, InvoiceFact):
        return invoice.facts.with_paid_outside(event.fact)
    return event.fact
