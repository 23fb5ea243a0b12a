"""Take in an authentic Stripe event: apply it, or park it; only if neither can be done does the sender hear so."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.events import StripeEvent
from chalicelib.domain.history import Source
from chalicelib.usecases.apply_event import apply_event
from chalicelib.usecases.event_outcome import EventOutcome
from chalicelib.usecases.ports import Ports


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an event. `error` is the reason it was parked: a code or the name of an exception."""

    outcome: EventOutcome
    event_type: str
    lag_seconds: int
    error: str | None = None


def receive_event(event: StripeEvent, source: Source, ports: Ports) -> Receipt:
    """Apply the event or park it.

    Raises:
        Retryable: it could not even be parked, so the sender must send it again.
    """
    now = ports.clock.now()
    lag = max(0, now - event.created)
    try:
        return Receipt(apply_event(event, source, ports), event.type, lag)
    except Exception as error:  # noqa: BLE001 whatever goes wrong, the event is kept with its reason, not lost
        reason = getattr(error, "code", None) or type(error).__name__
        ports.events.park(event, now, str(reason))
        return Receipt(EventOutcome.PARKED, event.type, lag, str(reason))
