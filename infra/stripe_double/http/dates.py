"""The `Date` of a response, which is later than the time at which its object was read or written.

In 1,906 recordings of created payment intents, the date was a second or more after `created` in 76 % of the cases:
usually one to three seconds, at most eight.
"""

from __future__ import annotations

import random
from email.utils import formatdate

from ..clock import Clock

_WEIGHTS = (24, 36, 20, 11, 4, 2, 1, 1, 1)
"""The percentages of responses that are dated 0, 1, … 8 seconds late."""


class ResponseDates:
    """Dates responses by its own random generator. Without `lag`, responses are dated by the clock alone."""

    def __init__(self, clock: Clock, seed: int, *, lag: bool) -> None:
        self._clock, self._lag = clock, lag
        self._rng = random.Random(f"date {seed}")

    def header(self, not_before: float = 0.0) -> str:
        """Returns the header for a response that is sent now, but not before the epoch second `not_before`."""
        late = self._rng.choices(range(len(_WEIGHTS)), _WEIGHTS)[0] if self._lag else 0
        return formatdate(max(self._clock.now(), not_before) + late, usegmt=True)
