"""The outcomes of a Stripe event, and the stored record of its outcome."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum

from chalicelib.domain.errors import Retryable
from chalicelib.domain.events import NOTHING_NEW, EventMarker, StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports import Ports


class EventOutcome(StrEnum):
    """The outcome of an event."""

    APPLIED = "applied"
    NO_CHANGE = NOTHING_NEW
    RECOVERED = "recovered"
    DUPLICATE = "duplicate"
    ERASED = "erased"
    """The event is about a Stripe customer whose person was erased from POM. It is counted, and not read."""
    FOREIGN = "foreign"
    """The event is about another system's object. Companies use Stripe for other things too."""
    IGNORED = "ignored"
    """POM does not subscribe to this type of event."""
    WRONG_MODE = "wrong_mode"
    """The event is a test event and the connection is live, or the other way round."""
    UNKNOWN_OBJECT = "unknown_object"
    """The event is about a type of object that POM does not use, or about an object without an id. It can change no
    record.
    """
    UNREADABLE = "unreadable"
    """The signed body has no event, or no account, that could be Stripe's."""
    PARKED = "parked"


MARKED = (EventOutcome.APPLIED, EventOutcome.NO_CHANGE, EventOutcome.RECOVERED, EventOutcome.ERASED)
"""The outcomes that are stored, together with the event's changes."""


def marker_of(
    event: StripeEvent,
    account_id: StripeAccountId,
    outcome: str,
    source: Source,
    ports: Ports,
    invoice: Invoice | None = None,
) -> EventMarker:
    """Returns the record of the event's outcome. `invoice` is the event's invoice, if any."""
    return EventMarker(
        account_id,
        event.id,
        event.type,
        event.created,
        ports.clock.now(),
        source,
        outcome,
        event.object_id,
        invoice.organization_id if invoice else None,
        invoice.id if invoice else None,
    )


def outcome_of(source: Source, *, changed: bool) -> EventOutcome:
    """Returns the outcome of an event that was applied."""
    if not changed:
        return EventOutcome.NO_CHANGE
    return EventOutcome.RECOVERED if source is Source.SWEEP else EventOutcome.APPLIED


def note_repetition(event: StripeEvent, account_id: StripeAccountId, ports: Ports) -> None:
    """Records that a webhook brought an event that had been handled before.

    The repetition shows that webhooks arrive, even if the sweep had read the event first. After an outage of POM all
    repeated webhooks are like this. If the repetition cannot be recorded, nothing is lost.
    """
    with suppress(Retryable):
        ports.events.repeated(account_id, event.id, ports.clock.now())
