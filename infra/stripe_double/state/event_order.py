"""Decides the order of one change's events, where recordings of real accounts show more than one order."""

from __future__ import annotations

import random

USUAL = 0.75
"""The share of changes whose events come in their most frequent order."""


class EventOrder:
    """Draws the order from its own random generator, so that no other random choice of a double depends on it."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"order {seed}")

    def is_usual(self) -> bool:
        """Returns True if the next change emits its events in the usual order."""
        return self._rng.random() < USUAL
