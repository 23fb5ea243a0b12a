"""Pairs each entry of a recorded list with the entry of the double's list that represents the same thing."""

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
"""The fields by which entries are paired that have no ids or unknown ids. The most reliable tuple is first."""


@dataclass(frozen=True)
class Alignment:
    """The pairs of entries of two lists, and the entries of each list that have no pair."""

    pairs: list[tuple[JSON, JSON]]
    recorded: list[JSON]
    played: list[JSON]


def align(recorded: Sequence[JSON], played: Sequence[JSON], ids: Identities) -> Alignment:
    """Pairs the hashes of two lists: by a known id, or else by type, object and amount."""
    pairs: list[tuple[JSON, JSON]] = []
    recorded_entries, played_entries = list(recorded), list(played)
    _match(recorded_entries, played_entries, pairs, lambda entry: ids.played_id(_id(entry)), _id)
    paired_recorded = [each for each in recorded_entries if ids.played_id(_id(each))]
    paired_played = [each for each in played_entries if ids.recorded_id(_id(each))]
    recorded_entries = [each for each in recorded_entries if not ids.played_id(_id(each))]
    played_entries = [each for each in played_entries if not ids.recorded_id(_id(each))]
    for clues in _CLUES:
        key = _key(clues)
        _match(recorded_entries, played_entries, pairs, key, key)
    return Alignment(pairs, paired_recorded + recorded_entries, paired_played + played_entries)


def _match(
    recorded_entries: list[JSON],
    played_entries: list[JSON],
    pairs: list[tuple[JSON, JSON]],
    recorded_key: Callable[[JSON], Any],
    played_key: Callable[[JSON], Any],
) -> None:
    """Moves entries with the same key on both sides to `pairs`, in order. An entry with the key None stays."""
    entries_by_key: dict[Any, list[JSON]] = {}
    for entry in played_entries:
        entries_by_key.setdefault(played_key(entry), []).append(entry)
    for entry in list(recorded_entries):
        key = recorded_key(entry)
        if key is not None and entries_by_key.get(key):
            counterpart = entries_by_key[key].pop(0)
            pairs.append((entry, counterpart))
            _remove(recorded_entries, entry)
            _remove(played_entries, counterpart)


def _remove(entries: list[JSON], entry: JSON) -> None:
    del entries[next(n for n, each in enumerate(entries) if each is entry)]


def _id(entry: JSON) -> str | None:
    identifier = entry.get("id")
    return identifier if looks_like_id(identifier) else None


def _key(clues: Sequence[str]) -> Callable[[JSON], Any]:
    return lambda entry: tuple(repr(entry.get(name)) for name in clues)
