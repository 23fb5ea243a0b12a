"""Measures several things in turns, so that other work on the machine slows all of them equally."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence


def cpu_milliseconds(all_of: Sequence[Callable[[], None]], rounds: int) -> list[list[float]]:
    """Returns this thread's CPU milliseconds for each round of each function.

    The functions take turns. A tenth of the rounds run first as a warm-up and are not counted.
    """
    took: list[list[float]] = [[] for _ in all_of]
    for number in range(-(rounds // 10), rounds):
        for do, into in zip(all_of, took, strict=True):
            began = time.thread_time_ns()
            do()
            if number >= 0:
                into.append((time.thread_time_ns() - began) / 1e6)
    return took
