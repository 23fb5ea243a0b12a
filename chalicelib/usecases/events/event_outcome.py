"""What becomes of a Stripe event, and the record of it."""

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
    """What became of an event."""

    APPLIED = "applied"
    NO_CHANGE = NOTHING_NEW
    RECOVERED = "recovered"
    DUPLICATE = "duplicate"
    ERASED = "erased"
    """About a customer of Stripe's whose person was erased from POM: counted, and not read."""
    FOREIGN = "foreign"
    """About something that is not POM's; companies use Stripe for other things too."""
    IGNORED = "ignored"
    """Of a type we do not subscribe to."""
    WRONG_MODE = "wrong_mode"
    """A test event for a live connection, or the other way round."""
    UNKNOWN_OBJECT = "unknown_object"
    """About a kind of object that POM has no use for, or about one without an id: nothing of POM's could change."""
    UNREADABLE = "unreadable"
    """A signed body that names no event, or no account, that could be Stripe's."""
    PARKED = "parked"


MARKED = (EventOutcome.APPLIED, EventOutcome.NO_CHANGE, EventOutcome.RECOVERED, EventOutcome.ERASED)
"""Outcomes that are stored, together with what the event changed."""


def marker_of(
    event: StripeEvent,
    account_id: StripeAccountId,
    outcome: str,
    source: Source,
    ports: Ports,
    invoice: Invoice | None = None,
) -> EventMarker:
    """Returns the record that the event has been dealt with. `invoice` is the invoice that it is about, if any."""
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
    """Returns what to call the application of an event."""
    if not changed:
        return EventOutcome.NO_CHANGE
    return EventOutcome.RECOVERED if source is Source.SWEEP else EventOutcome.APPLIED


def note_repetition(event: StripeEvent, account_id: StripeAccountId, ports: Ports) -> None:
    """Notes that a webhook brought an event that had been dealt with before.

    The repetition shows that webhooks arrive, even if the sweep had read the event first. After an outage of POM all
    repeated webhooks are like this. If POM cannot note the repetition, nothing is lost.
    """
    with suppress(Retryable):
        ports.events.repeated(account_id, event.id, ports.clock.now())
