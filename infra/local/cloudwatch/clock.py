"""A clock that runs with the real clock and can be skipped ahead."""

from __future__ import annotations

import time
from collections.abc import Callable


class SkippingClock:
    """A clock in epoch seconds. Times before a skip stay the same, and times after it are later by the skip."""

    def __init__(
        self, real: Callable[[], float] = time.time, on_skip: Callable[[float], None] = lambda seconds: None
    ) -> None:
        """Calls `on_skip` with the seconds of each skip, so that other clocks can follow this one."""
        self._real = real
        self._moved = on_skip
        self._skips: list[tuple[float, float]] = []

    def now(self) -> float:
        """Returns the present time in epoch seconds."""
        return self.at(self._real())

    def at(self, moment: float) -> float:
        """Returns this clock's time for a time of the real clock."""
        return moment + sum(seconds for skipped_at, seconds in self._skips if moment >= skipped_at)

    def skip_to(self, moment: float) -> None:
        """Skips ahead to a time of this clock. Never goes back."""
        ahead = moment - self.now()
        if ahead > 0:
            self._skips.append((self._real(), ahead))
            self._moved(ahead)
