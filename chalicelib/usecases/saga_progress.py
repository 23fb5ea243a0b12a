"""How the making of an invoice moves on: each step's outcome and the next recovery point are stored in one write.

A worker that slept past its lease meets `StaleWrite`, because another worker has moved on meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.errors import Conflict, Refused, Retryable, StaleWrite
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.history import HistoryEntry, Source
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Refusal, Step
from chalicelib.usecases.ports import Ports
from chalicelib.usecases.store_invoice import knowing_also, store


def advance(
    invoice: Invoice,
    step: Step,
    ports: Ports,
    facts: Sequence[StripeFact] = (),
    *,
    drafted_for: str | None = None,
    sent: str | None = None,
) -> Invoice:
    """Returns the invoice at the next recovery point, stored in one write with what the step brought.

    `drafted_for` is the Stripe customer of a draft that was just made. `sent` is the kind of the history entry that
    tells that the invoice was mailed.

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
        if sent is None:
            return advanced
        told = HistoryEntry(now, sent, Source.POM, actor=current.created_by, stripe_id=current.stripe_invoice_id)
        return replace(advanced.telling(told), sent_at=current.sent_at or now)

    return store(invoice, change, ports)


def take_back(invoice: Invoice, refusal: Refused | Conflict, ports: Ports) -> Invoice:
    """Returns the invoice, stored with the order to take it back and with the reason.

    Raises:
        StaleWrite: another worker has moved on.
    """
    conflict = isinstance(refusal, Conflict)
    reason = Refusal(refusal.code, refusal.message, refusal.field, refusal.next_step, conflict)
    now = ports.clock.now()

    def change(current: Invoice) -> Invoice:
        return replace(_at_same_point(current, invoice), saga=current.saga.aborting(reason, now))

    return store(invoice, change, ports)


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
