"""Decides the order of the events of one change, where recordings of real accounts show more than one."""

from __future__ import annotations

import random

USUAL = 0.75
"""The share of changes whose events come in the order seen most often."""


class EventOrder:
    """Decides by a random generator of its own, so that no other random choice of a double depends on it."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"order {seed}")

    def is_usual(self) -> bool:
        """Returns True if the next change leaves its events in the usual order."""
        return self._rng.random() < USUAL
