"""Parked events: authentic events that could not be applied, and when POM stops trying.

Nothing is lost when POM stops: the comparison of all objects, daily and on request, reads from Stripe what the event
would have reported. POM does not try for ever, because a parked event holds a payer's data and each attempt can cost
calls of Stripe's API.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.retention import PARKED_TRIED_FOR

TRIED_FOR = PARKED_TRIED_FOR

NEW_FOR = 86400
"""Seconds for which a parked event counts as new. The alarm counts only new ones, so that old ones hide none."""

NEVER_APPLICABLE = frozenset({"record_too_large"})
"""Reasons that never pass: the record that the event belongs to does not become smaller.

They are error codes. An unexpected error is stored as the name of its class instead.
"""


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """A parked event as it is stored. `received_at` is when it first arrived (epoch seconds UTC)."""

    event_id: str
    body: str
    received_at: int
    error: str = ""

    def is_new(self, now: int) -> bool:
        """Returns True if it arrived within the last day."""
        return now - self.received_at < NEW_FOR

    def is_given_up(self, now: int, error: str | None) -> bool:
        """Returns True if POM gives it up, after an attempt that failed with `error`."""
        return error in NEVER_APPLICABLE or now - self.received_at >= TRIED_FOR
