"""One row of the mutation list."""

from __future__ import annotations

from dataclasses import dataclass

from tests.mutations.removals import Removal


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard: its symbol, the code to remove, and the tests. At least one of them must fail after the removal."""

    name: str
    symbol: str
    taken: Removal
    tests: tuple[str, ...]


def guard(name: str, symbol: str, taken: Removal, *tests: str) -> Guard:
    return Guard(name, symbol, taken, tests)
