"""Parked events: authentic events that could not be applied, and when POM stops trying.

Nothing is lost when it stops: the comparison of all objects, daily and whenever somebody asks, reads from Stripe what
the event would have told. What would be wrong is to go on for ever. A parked event holds what Stripe showed of a
payer, and each attempt can cost calls of Stripe's.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.retention import PARKED_TRIED_FOR

TRIED_FOR = PARKED_TRIED_FOR

NEW_FOR = 86400
"""Seconds for which a parked event counts as new. The alarm watches new ones, so that an old one hides no other."""

NEVER_APPLICABLE = frozenset({"record_too_large"})
"""Reasons that do not pass: the record that the event belongs to does not become smaller.

They are codes, because a reason that is no error of the domain is kept with the event as the name of its class.
"""


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """A parked event as it is stored. `received_at` is when it first came, in epoch seconds UTC."""

    event_id: str
    body: str
    received_at: int
    error: str = ""

    def is_new(self, now: int) -> bool:
        """Returns True if it came within the last day."""
        return now - self.received_at < NEW_FOR

    def is_given_up(self, now: int, error: str | None) -> bool:
        """Returns True if it is not to be tried again, after an attempt that failed with `error`."""
        return error in NEVER_APPLICABLE or now - self.received_at >= TRIED_FOR
