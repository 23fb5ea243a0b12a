"""Finds, for each entry of a recorded list, the entry of the double's list that stands for the same thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .identities import Identities, looks_like_id
from .recording import JSON

_CLUES = (
    ("object", "type", "currency", "amount", "status", "description", "email", "url"),
    ("object", "type", "currency", "amount"),
    ("object", "type", "currency"),
    ("object",),
)
"""Fields by which entries are found that have no ids, or whose ids are not known yet; the surest first."""


@dataclass(frozen=True)
class Alignment:
    """Entries that belong together, and those that stand alone."""

    pairs: list[tuple[JSON, JSON]]
    recorded: list[JSON]
    played: list[JSON]


def align(recorded: Sequence[JSON], played: Sequence[JSON], ids: Identities) -> Alignment:
    """Returns which of these hashes belong together: by id if it is known, else by type, object and amount."""
    pairs: list[tuple[JSON, JSON]] = []
    left, right = list(recorded), list(played)
    _match(left, right, pairs, lambda entry: ids.played_id(_id(entry)), _id)
    held_left = [each for each in left if ids.played_id(_id(each))]
    held_right = [each for each in right if ids.recorded_id(_id(each))]
    left = [each for each in left if not ids.played_id(_id(each))]
    right = [each for each in right if not ids.recorded_id(_id(each))]
    for clues in _CLUES:
        key = _key(clues)
        _match(left, right, pairs, key, key)
    return Alignment(pairs, held_left + left, held_right + right)


def _match(
    left: list[JSON],
    right: list[JSON],
    pairs: list[tuple[JSON, JSON]],
    left_key: Callable[[JSON], Any],
    right_key: Callable[[JSON], Any],
) -> None:
    """Moves to `pairs` what has the same key on both sides, in order; an entry with the key None stays."""
    waiting: dict[Any, list[JSON]] = {}
    for entry in right:
        waiting.setdefault(right_key(entry), []).append(entry)
    for entry in list(left):
        key = left_key(entry)
        if key is not None and waiting.get(key):
            found = waiting[key].pop(0)
            pairs.append((entry, found))
            _remove(left, entry)
            _remove(right, found)


def _remove(entries: list[JSON], entry: JSON) -> None:
    del entries[next(n for n, each in enumerate(entries) if each is entry)]


def _id(entry: JSON) -> str | None:
    found = entry.get("id")
    return found if looks_like_id(found) else None


def _key(clues: Sequence[str]) -> Callable[[JSON], Any]:
    return lambda entry: tuple(repr(entry.get(name)) for name in clues)
