"""How the making of an invoice moves on: each step's outcome and the next recovery point are stored in one write.

A worker that slept past its lease meets `StaleWrite`, because another worker has moved on meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
from chalicelib.domain.history import SEND_REFUSED, SENT_BY_POM, SENT_IN_STRIPE, HistoryEntry, Source
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Refusal, Step
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.store_invoice import knowing_also, store

SENT = "invoice.sent"
"""The type of Stripe's event about an e-mail with an invoice (https://docs.stripe.com/api/events/types)."""

KEEPS_DRAFT = (AccountNotReady, ChangedInStripe, DueDatePassed, PaymentUnderWay, TotalDiffers)
"""If one of these refuses an order that has waited, its draft stays, because people can mend it in Stripe."""


def advance(
    invoice: Invoice,
    step: Step,
    ports: Ports,
    facts: Sequence[StripeFact] = (),
    *,
    drafted_for: str | None = None,
    sent: str | None = None,
    sent_at: int | None = None,
    refused: str | None = None,
) -> Invoice:
    """Returns the invoice at the next recovery point, stored in one write with what the step brought.

    `drafted_for` is the Stripe customer of a draft that was just made. `sent` is the kind of the history entry that
    tells that the invoice was mailed, `sent_at` when that was (epoch seconds UTC) if it was not now. `refused` is the
    code of the refusal to mail it, for the timeline: nobody waits for an answer any more.

    Raises:
        StaleWrite: another worker has moved on.
    """
    now = ports.clock.now()
    expected = invoice.saga.step

    def change(current: Invoice) -> Invoice:
        if current.saga.step is not expected:
            raise StaleWrite("The invoice")
        advanced = knowing_also(current, facts, invoice, ports).at_step(step, now).changed(now)
        advanced = replace(advanced, stripe_customer_id=drafted_for or advanced.stripe_customer_id)
        if refused is not None:
            stripe_id = current.stripe_invoice_id
            advanced = advanced.telling(
                HistoryEntry(now, SEND_REFUSED, Source.POM, reason=refused, stripe_id=stripe_id)
            )
        if sent is None:
            return advanced
        actor = current.created_by if sent == SENT_BY_POM else None
        told = HistoryEntry(now, sent, Source.POM, actor=actor, stripe_id=current.stripe_invoice_id)
        return replace(advanced.telling(told), sent_at=current.sent_at or sent_at or now)

    return store(invoice, change, ports)


def take_back(invoice: Invoice, refusal: Refused | Conflict, ports: Ports) -> Invoice:
    """Returns the invoice, stored with the order to take it back and with the reason.

    Raises:
        StaleWrite: another worker has moved on.
    """
    reason, now = Refusal.of(refusal), ports.clock.now()

    def change(current: Invoice) -> Invoice:
        return replace(_at_same_point(current, invoice), saga=current.saga.aborting(reason, now))

    return store(invoice, change, ports)


def keeps_draft(invoice: Invoice, refusal: Refused | Conflict) -> bool:
    """Returns True if nobody waits for an answer any more, and people can mend why the order was refused."""
    return invoice.saga.interrupted and isinstance(refusal, KEEPS_DRAFT)


def keep_for_review(invoice: Invoice, refusal: Refused | Conflict, ports: Ports) -> None:
    """Keeps the draft, which can be sent when the cause of the refusal is gone.

    If the request for it was answered long ago, only the timeline can tell that it was not sent.
    """
    facts = ports.stripe.everything(invoice.stripe_account_id, invoice.stripe_invoice_id or "")
    to_be_sent = invoice.saga.send or invoice.saga.step is Step.SEND
    told = refusal.code if invoice.saga.interrupted and to_be_sent else None
    advance(invoice, Step.REVIEW, ports, facts, refused=told)


def found_sent(invoice: Invoice, sent: Sequence[StripeEvent], ports: Ports) -> Invoice:
    """Ends the saga of an invoice that has been e-mailed already, as these events of Stripe's tell."""
    facts = ports.stripe.everything(invoice.stripe_account_id, invoice.stripe_invoice_id or "")
    by_pom = any(invoice.saga.has_used(event.idempotency_key) for event in sent)
    kind = SENT_BY_POM if by_pom else SENT_IN_STRIPE
    return advance(invoice, Step.DONE, ports, facts, sent=kind, sent_at=min(event.created for event in sent))


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


def must_look(invoice: Invoice, ports: Ports) -> bool:
    """Returns True if the step may have been done although its idempotency key can no longer prove it."""
    return invoice.saga.must_look_first(ports.clock.now())


def found_nothing(invoice: Invoice, ports: Ports) -> Invoice:
    """Returns the invoice, stored with a new idempotency key, because the step has left no trace in Stripe.

    Raises:
        StaleWrite: another worker has moved on.
    """
    now = ports.clock.now()

    def change(current: Invoice) -> Invoice:
        return replace(_at_same_point(current, invoice), saga=current.saga.found_nothing(now))

    return store(invoice, change, ports)


def _at_same_point(current: Invoice, looked_at: Invoice) -> Invoice:
    """Returns `current`, unless another worker has moved on since.

    Raises:
        StaleWrite: it has.
    """
    ours, theirs = looked_at.saga, current.saga
    if (ours.step, ours.generation, ours.nonce) != (theirs.step, theirs.generation, theirs.nonce):
        raise StaleWrite("The invoice")
    return current
