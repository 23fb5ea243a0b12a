"""Stores the progress of an invoice's saga: each step's result and the next recovery point, in one write.

A worker that slept past its lease gets `StaleWrite`, because another worker has continued since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.actions import CORRECTION_REFUSED, SEND_REFUSED, SEND_REQUESTED, SENT_BY_POM, Action
from chalicelib.domain.errors import (
    AccountNotReady,
    ChangedInStripe,
    Conflict,
    DueDatePassed,
    PaymentUnderWay,
    Refused,
    Retryable,
    StaleWrite,
    TotalDiffers,
)
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Refusal, Step
from chalicelib.domain.summary import invoice_removal
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.store_invoice import knowing_also, load, store

SENT = "invoice.sent"
"""The type of Stripe's event about an e-mail with an invoice (https://docs.stripe.com/api/events/types)."""

KEEPS_DRAFT = (AccountNotReady, ChangedInStripe, DueDatePassed, PaymentUnderWay, TotalDiffers)
"""If one of these errors refuses a delayed order, its draft stays, because users can fix the cause in Stripe."""


def advance(
    invoice: Invoice,
    step: Step,
    ports: Ports,
    facts: Sequence[StripeFact] = (),
    *,
    drafted_for: str | None = None,
    sent_at: int | None = None,
    entry: Action | None = None,
) -> Invoice:
    """Returns the invoice at the next recovery point, stored in one write with the results of the step.

    `facts` are Stripe's responses. `drafted_for` is the Stripe customer of a draft that was just made. `sent_at` is
    when Stripe mailed the invoice (epoch seconds UTC), if it did. `entry` is an act of POM's for the timeline.

    Raises:
        StaleWrite: another worker has moved the saga on.
    """
    now = ports.clock.now()

    def at_next_point(current: Invoice) -> Invoice:
        if current.saga.step is not invoice.saga.step:
            raise StaleWrite("The invoice")
        known = knowing_also(current, facts, invoice, ports)
        draft = known.facts.invoice
        if current.saga.step is Step.DRAFT and draft is not None:
            # A draft that was just made is due by its terms. If the work was interrupted, people may have changed it.
            details = None if current.saga.interrupted else draft.drafted_details
            known = replace(known, terms_due_at=draft.due_at, details_as_made=details)
        if sent_at is not None:
            known = replace(known, sent_at=current.sent_at or sent_at)
        if entry is not None:
            known = known.telling(entry)
        saga, customer_id = current.saga.advanced(step, now), drafted_for or known.stripe_customer_id
        return replace(known, saga=saga, stripe_customer_id=customer_id).changed(now)

    return store(invoice, at_next_point, ports)


def mailed(invoice: Invoice, facts: Sequence[StripeFact], ports: Ports) -> Invoice:
    """Returns the invoice, finished, after Stripe has mailed it just now."""
    now = ports.clock.now()
    entry = Action(now, SENT_BY_POM, _who_had_it_sent(invoice), stripe_id=invoice.stripe_invoice_id)
    return advance(invoice, Step.DONE, ports, facts, sent_at=now, entry=entry)


def take_back(invoice: Invoice, refusal: Refused | Conflict, ports: Ports) -> Invoice:
    """Returns the invoice, stored with the reason for which its saga is being undone.

    Raises:
        StaleWrite: another worker has continued the saga.
    """
    reason, now = Refusal.of(refusal), ports.clock.now()

    def change(current: Invoice) -> Invoice:
        return replace(at_same_point(current, invoice), saga=current.saga.aborting(reason, now))

    return store(invoice, change, ports)


def keeps_draft(invoice: Invoice, refusal: Refused | Conflict) -> bool:
    """Returns True if users can fix the cause of the refusal and cannot simply repeat the request.

    They cannot if the request was answered long ago, or if the draft is a copy whose original is void already.
    """
    return (invoice.saga.interrupted or invoice.corrects is not None) and isinstance(refusal, KEEPS_DRAFT)


def keep_for_review(invoice: Invoice, refusal: Refused | Conflict, ports: Ports) -> None:
    """Keeps the draft, which can be sent when the cause of the refusal is gone.

    If the request was answered long ago, only the timeline can show that the invoice was not sent.
    """
    facts = ports.stripe.everything(invoice.stripe_account_id, invoice.stripe_invoice_id or "")
    to_be_sent = invoice.saga.send or invoice.saga.step is Step.SEND
    entry = send_refused(invoice, refusal.code, ports) if invoice.saga.interrupted and to_be_sent else None
    advance(invoice, Step.REVIEW, ports, facts, entry=entry)


def send_refused(invoice: Invoice, code: str, ports: Ports) -> Action:
    """Returns the timeline's entry about a refusal to mail an invoice after the request had been answered."""
    return Action(ports.clock.now(), SEND_REFUSED, reason=code, stripe_id=invoice.stripe_invoice_id)


def found_sent(invoice: Invoice, sent: Sequence[StripeEvent], ports: Ports) -> Invoice:
    """Finishes the saga of an invoice that was e-mailed before, as these Stripe events show."""
    facts = ports.stripe.everything(invoice.stripe_account_id, invoice.stripe_invoice_id or "")
    by_pom = any(invoice.saga.has_used(event.idempotency_key) for event in sent)
    sent_at = min(event.created for event in sent)
    who = _who_had_it_sent(invoice)
    entry = Action(sent_at, SENT_BY_POM, who, stripe_id=invoice.stripe_invoice_id) if by_pom else None
    return advance(invoice, Step.DONE, ports, facts, sent_at=sent_at, entry=entry)


def _who_had_it_sent(invoice: Invoice) -> str | None:
    """Returns the user who requested the e-mail: the last one to send it after a review, or else the invoice's
    creator.
    """
    requesters = [action.actor for action in invoice.actions if action.kind == SEND_REQUESTED]
    return requesters[-1] if requesters else invoice.created_by


def postpone(invoice: Invoice, ports: Ports, *, stored_by_stripe: bool) -> Invoice:
    """Returns the invoice, stored as waiting because the outcome of its step is not known.

    If even that cannot be stored, the lease runs out and the step is resumed.
    """
    now = ports.clock.now()
    expected = invoice.saga

    def change(current: Invoice) -> Invoice:
        if current.saga.step is not expected.step:
            return current
        return replace(current, saga=current.saga.failed_attempt(now, stored_by_stripe=stored_by_stripe))

    try:
        return store(invoice, change, ports)
    except Retryable:
        return invoice


def found_nothing(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice, stored with a new idempotency key, because the step has left no trace in Stripe.

    Raises:
        StaleWrite: another worker has continued the saga.
    """
    now = ports.clock.now()

    def change(current: Invoice) -> Invoice:
        return replace(at_same_point(current, invoice), saga=current.saga.found_nothing(now))

    return store(invoice, change, ports)


def at_same_point(current: Invoice, looked_at: Invoice) -> Invoice:
    """Returns `current`, unless another worker has continued the saga since.

    Raises:
        StaleWrite: it has.
    """
    ours, theirs = looked_at.saga, current.saga
    if (ours.step, ours.generation, ours.nonce) != (theirs.step, theirs.generation, theirs.nonce):
        raise StaleWrite("The invoice")
    return current


def take_back_at_once(invoice: Invoice, ports: Ports) -> None:
    """Removes the record and its claims. A draft that is left in Stripe is not sent automatically.

    If the invoice is a copy, the timeline of its original shows the refusal and its reason.
    """
    if invoice.corrects is not None:
        reason = invoice.saga.refusal.code if invoice.saga.refusal else None
        refused = Action(ports.clock.now(), CORRECTION_REFUSED, invoice.created_by, reason)
        add_entry_once(load(invoice.organization_id, invoice.corrects, ports), refused, ports)
    ports.invoices.remove(invoice_removal(invoice), invoice.order.services)


def add_entry_once(invoice: Invoice, act: Action, ports: Ports) -> None:
    """Stores an entry on the timeline of an invoice, unless it equals the latest entry."""

    def told(current: Invoice) -> Invoice:
        latest = current.actions[-1]
        return current if (latest.kind, latest.reason) == (act.kind, act.reason) else current.changed(act.at, act)

    store(invoice, told, ports)
