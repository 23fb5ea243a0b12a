"""Trying again what somebody else was faster at."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.ports import Clock

FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.16
"""Seconds, about: a read and a write take some ten milliseconds, and whoever pauses is on nobody's way."""


def attempts(times: int, clock: Clock) -> Iterator[int]:
    """Number the attempts at a write that others also make; before each further one is a pause, twice as long.

    The pauses are by chance, so that those who met do not meet again. Without them many who try in step can keep
    one from ever being first: a payment's events come all at once, and all are about one invoice.
    """
    for number in range(times):
        if number:
            clock.pause(min(FIRST_PAUSE * 2 ** (number - 1), LONGEST_PAUSE))
        yield number
