"""The double's time: real time plus an offset, or a time source that the caller supplies.

Nothing else in the package reads a clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

DAY = 86_400


class Clock:
    """A clock in epoch seconds that can be moved forward only."""

    def __init__(
        self,
        source: Callable[[], float] = time.time,
        offset: float = 0.0,
        on_move: Callable[[float], None] | None = None,
    ) -> None:
        """`on_move` is called with the offset in seconds, now and after each move, so that other clocks can
        follow.
        """
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
        """The seconds by which the clock was moved forward."""
        return self._offset

    @property
    def has_follower(self) -> bool:
        """True if `on_move` is set, so that other clocks follow this one."""
        return self._on_move is not None

    def seconds(self) -> int:
        """Returns `now()` in whole seconds, as Stripe's timestamps are."""
        return int(self.now())

    def advance(self, seconds: float) -> None:
        """Moves the clock forward by `seconds`. Raises ValueError if they are negative."""
        if seconds < 0:
            raise ValueError("the double's clock only moves forward")
        self._move(seconds)

    def move_to(self, at: float) -> None:
        """Moves the clock forward to an epoch second. Does nothing if that second has passed."""
        if (step := at - self.now()) > 0:
            self._move(step)

    def _move(self, seconds: float) -> None:
        self._offset += seconds
        if self._on_move is not None:
            self._on_move(self._offset)
