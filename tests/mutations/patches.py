"""Taking a guard away from a source text."""

from __future__ import annotations

from pathlib import Path

from tests.mutations.guards import Guard

ROOT = Path(__file__).parents[2]


class PatchError(Exception):
    """The guard is not where the list says it is."""


def mutated(guard: Guard, source: str) -> str:
    """The source without the guard.

    Raises:
        PatchError: it is not found, or found more than once, or what is left is no Python.
    """
    found = source.count(guard.before)
    if found != 1:
        raise PatchError(f"{guard.name}: found {found} times in {guard.file}: {guard.before!r}")
    without = source.replace(guard.before, guard.after)
    try:
        compile(without, guard.file, "exec")
    except SyntaxError as exc:
        raise PatchError(f"{guard.name}: what is left of {guard.file} is no Python: {exc}") from exc
    return without
