"""Moves a double's clock along a recording."""

from __future__ import annotations

from collections.abc import Iterator

from ..clock import DAY
from ..double import StripeDouble

LONGEST_WAIT = 10 * DAY


class Timeline:
    """Where the double's clock stands for each moment of a recording.

    It runs ahead of the recording by what the double needed longer than Stripe, such as the days of a bank debit.
    """

    def __init__(self, double: StripeDouble, began: float) -> None:
        self._double = double
        self._at = began
        self._jumps = [(0.0, max(0.0, double.clock.now() - began))]

    @property
    def ahead(self) -> float:
        """Seconds that the double's clock is ahead of the recording's."""
        return self._jumps[-1][1]

    def reach(self, at: float) -> None:
        """Moves the clock to a moment of the recording; what the double has planned until then happens."""
        self._at = max(self._at, at)
        self._double.advance(max(0.0, self._at + self.ahead - self._double.clock.now()))

    def wait(self, longest: float = LONGEST_WAIT) -> Iterator[bool]:
        """Moves the clock step by step, at most so many seconds, to where something may have happened.

        A step ends where the double has planned something, or else is twice as long as the one before it.
        """
        start, step = self._double.clock.now(), 1.0
        while (remaining := start + longest - self._double.clock.now()) > 0:
            due = self._double.world.scheduler.next_due()
            until_next_job = remaining if due is None else max(0.0, due - self._double.clock.now())
            self._double.advance(min(remaining, until_next_job, step))
            step *= 1.0 if until_next_job < step else 2.0
            self._jumps.append((self._at, self._double.clock.now() - self._at))
            yield True

    def same_time(self, recorded: float, played: float, apart: float) -> bool:
        """Returns True if two moments are the same, by how far the double's clock was ahead at any time so far.

        A due date was set when the clock was less far ahead than it is when the date is read.
        """
        return any(abs(recorded + ahead - played) <= apart for _, ahead in self._jumps)

    def to_double(self, moment: int) -> int:
        """Returns the epoch second of the double for one of the recording."""
        return int(moment + next(ahead for since, ahead in reversed(self._jumps) if since <= moment))
