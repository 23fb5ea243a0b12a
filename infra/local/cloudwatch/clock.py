"""A clock that goes with the real one and can be moved ahead of it."""

from __future__ import annotations

import time
from collections.abc import Callable


class SkippingClock:
    """Epoch seconds. What happened before a skip stays where it was; what happens after it is later by so much."""

    def __init__(
        self, real: Callable[[], float] = time.time, on_skip: Callable[[float], None] = lambda seconds: None
    ) -> None:
        """`moved` is told of each skip, how many seconds: for other clocks that are to go with this one."""
        self._real = real
        self._moved = on_skip
        self._skips: list[tuple[float, float]] = []

    def now(self) -> float:
        """The moment it is."""
        return self.at(self._real())

    def at(self, moment: float) -> float:
        """When something was that happened at this moment of the real clock."""
        return moment + sum(seconds for skipped_at, seconds in self._skips if moment >= skipped_at)

    def skip_to(self, moment: float) -> None:
        """Move ahead to this moment of its own; never back."""
        ahead = moment - self.now()
        if ahead > 0:
            self._skips.append((self._real(), ahead))
            self._moved(ahead)
