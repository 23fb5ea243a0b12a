"""The double's time: real time plus an offset, or a source of the caller's.

Nothing else in the package reads a clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

DAY = 86_400


class Clock:
    """`now()` in epoch seconds, movable forward only."""

    def __init__(
        self,
        source: Callable[[], float] = time.time,
        offset: float = 0.0,
        on_move: Callable[[float], None] | None = None,
    ) -> None:
        """`moved` is told the offset now and after each move, in seconds: for clocks that follow this one."""
        self._source = source
        self._on_move = on_move
        self._offset = 0.0
        self._move(offset)

    @classmethod
    def frozen(cls, at: float = 1_790_000_000.0) -> Clock:
        """Returns a clock that stands still until it is advanced, for deterministic tests."""
        return cls(lambda: at)

    def now(self) -> float:
        """Returns epoch seconds."""
        return self._source() + self._offset

    @property
    def ahead(self) -> float:
        """Seconds by which it was moved forward."""
        return self._offset

    @property
    def has_follower(self) -> bool:
        """True if other clocks are told of each move."""
        return self._on_move is not None

    def seconds(self) -> int:
        """Returns `now()` in whole seconds, as Stripe's timestamps are."""
        return int(self.now())

    def advance(self, seconds: float) -> None:
        """Moves forward by seconds. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("the double's clock only moves forward")
        self._move(seconds)

    def move_to(self, at: float) -> None:
        """Moves forward to an epoch second. Does nothing if it has passed."""
        if (step := at - self.now()) > 0:
            self._move(step)

    def _move(self, seconds: float) -> None:
        self._offset += seconds
        if self._on_move is not None:
            self._on_move(self._offset)
