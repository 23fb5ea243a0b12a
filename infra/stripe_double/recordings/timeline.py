"""Moves a double's clock in step with a recording."""

from __future__ import annotations

from collections.abc import Iterator

from ..clock import DAY
from ..double import StripeDouble

LONGEST_WAIT = 10 * DAY


class Timeline:
    """Maps the times of a recording to the times of the double's clock.

    The double's clock gets ahead of the recording by the time that the double needs longer than Stripe, such as the
    days of a bank debit.
    """

    def __init__(self, double: StripeDouble, began: float) -> None:
        self._double = double
        self._at = began
        self._jumps = [(0.0, max(0.0, double.clock.now() - began))]

    @property
    def ahead(self) -> float:
        """The seconds by which the double's clock is ahead of the recording's."""
        return self._jumps[-1][1]

    def reach(self, at: float) -> None:
        """Moves the clock to a time of the recording, and runs the jobs that the double has planned until then."""
        self._at = max(self._at, at)
        self._double.advance(max(0.0, self._at + self.ahead - self._double.clock.now()))

    def wait(self, longest: float = LONGEST_WAIT) -> Iterator[bool]:
        """Moves the clock forward in steps, by at most `longest` seconds, to times at which something may have
        changed.

        A step ends at the next planned job of the double, or is twice as long as the step before it.
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
        """Returns True if two timestamps are at most `apart` seconds apart, for any lead that the double's clock has
        had so far.

        A due date, for example, was set when the clock was less far ahead than it is when the date is read.
        """
        return any(abs(recorded + ahead - played) <= apart for _, ahead in self._jumps)

    def to_double(self, recorded_time: int) -> int:
        """Returns the epoch second of the double's clock for an epoch second of the recording."""
        return int(recorded_time + next(ahead for since, ahead in reversed(self._jumps) if since <= recorded_time))
