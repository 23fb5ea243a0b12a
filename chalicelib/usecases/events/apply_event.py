"""Applies one Stripe event. The webhook, the sweep and a replay all use this module.

The content of an event is merged with the stored content, whatever the order of arrival. The event's tenant is the
account that Stripe signed it for.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.errors import DuplicateEvent, StaleWrite, StripeUnavailable
from chalicelib.domain.events import DEAUTHORIZED, SUBSCRIPTION, UNREADABLE, StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts
from chalicelib.usecases.events.apply_account_event import apply_deauthorization, apply_to_account
from chalicelib.usecases.events.apply_customer_event import apply_to_customer
from chalicelib.usecases.events.apply_invoice_event import apply_to_invoice
from chalicelib.usecases.events.apply_payout_event import apply_to_payout
from chalicelib.usecases.events.event_outcome import EventOutcome, note_repetition

ATTEMPTS = 10
"""The attempts take about a second with their pauses. So a webhook gets its response in time."""

Apply = Callable[[StripeEvent, StripeAccountId, Source, Ports], EventOutcome]

APPLIERS: dict[str, Apply] = {
    "invoice": apply_to_invoice,
    "invoice_payment": apply_to_invoice,
    "payment_intent": apply_to_invoice,
    "charge": apply_to_invoice,
    "refund": apply_to_invoice,
    "dispute": apply_to_invoice,
    "credit_note": apply_to_invoice,
    "payout": apply_to_payout,
    "customer": apply_to_customer,
    "account": apply_to_account,
    "capability": apply_to_account,
}
"""The function for each type of object. The end of a connection is recognized by the event's type."""


def apply_event(event: StripeEvent, source: Source, ports: Ports) -> EventOutcome:
    """Applies the event, once, and returns its outcome.

    Raises:
        StaleWrite, StripeUnavailable, Retryable: it cannot be applied now.
    """
    account_id = event.account_id
    if event.type == UNREADABLE:
        return EventOutcome.UNREADABLE
    if event.type not in SUBSCRIPTION or account_id is None:
        return EventOutcome.IGNORED
    # No record of POM has an object of an unknown type, or an object without an id that Stripe could have given.
    apply = APPLIERS.get(event.object_type) if event.object_id else None
    if event.type == DEAUTHORIZED:
        apply = apply_deauthorization
    elif not event.object_type:  # the content is unknown, so the event is tried again for a while
        raise StripeUnavailable("stripe_answer_unreadable", "The event shows no object.", answered=True)
    if apply is None:
        return EventOutcome.UNKNOWN_OBJECT
    for _ in attempts(ATTEMPTS, ports.clock):
        try:
            return apply(event, account_id, source, ports)
        except DuplicateEvent:
            if source is Source.WEBHOOK:
                note_repetition(event, account_id, ports)
            return EventOutcome.DUPLICATE
        except StaleWrite:
            continue
    raise StaleWrite("What the event is about")
