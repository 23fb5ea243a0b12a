"""Repeats a write that another writer made first."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.ports import Clock

FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.16
"""Seconds, approximately. A read and a write take some ten milliseconds, and a pausing writer blocks no other."""


def attempts(times: int, clock: Clock) -> Iterator[int]:
    """Yields the numbers of the attempts at a contended write, with a pause before each attempt but the first.

    Each pause is twice as long as the one before, and varies at random, so that writers that collided do not collide
    again. Without pauses, many writers in step can keep one of them from ever succeeding: a payment's events arrive
    all at once, and all are about one invoice.
    """
    for number in range(times):
        if number:
            clock.pause(min(FIRST_PAUSE * 2 ** (number - 1), LONGEST_PAUSE))
        yield number
