"""Pairs the ids of a recording with the ids of the double."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_SHAPE = re.compile(r"^[a-z]+_[A-Za-z0-9_]+$")
_WITHIN = re.compile(r"\b[a-z]+_[A-Za-z0-9_]+")
_NEVER_IN_WORDS = re.compile(r"[A-Z0-9]")


def looks_like_id(value: Any) -> bool:
    """Returns True for an id such as `in_1P2…`, and False for a word such as `us_bank_account`."""
    return isinstance(value, str) and bool(_SHAPE.match(value)) and bool(_NEVER_IN_WORDS.search(value))


def prefix(identifier: str) -> str:
    """Returns the prefix of an id, such as `in`, which shows the kind of its object."""
    return identifier.partition("_")[0]


def ids_in(body: Any) -> Iterator[str]:
    """Yields all ids in a response, except the ids of requests."""
    if isinstance(body, dict):
        for each in body.values():
            yield from ids_in(each)
    elif isinstance(body, list):
        for each in body:
            yield from ids_in(each)
    elif looks_like_id(body) and prefix(body) != "req":
        yield body


class Identities:
    """Pairs of a recorded id and the double's id of the same object. `lost` are recorded ids that cannot be compared.

    An id is lost if the double did not execute the request that made or changed its object.
    """

    def __init__(self) -> None:
        self._played: dict[str, str] = {}
        self._recorded: dict[str, str] = {}
        self.lost: set[str] = set()

    def pair(self, recorded: str, played: str) -> bool:
        """Returns True if the two ids are a pair. Makes them a pair if neither has one yet."""
        if recorded not in self._played and played not in self._recorded:
            self._played[recorded], self._recorded[played] = played, recorded
        return self._played.get(recorded) == played

    def played_id(self, recorded: str | None) -> str | None:
        """Returns the double's id for a recorded id; None if it has no pair."""
        return self._played.get(recorded or "")

    def recorded_id(self, played: str | None) -> str | None:
        """Returns the recorded id for one of the double's ids; None if it has no pair."""
        return self._recorded.get(played or "")

    def mark_lost(self, *bodies: Any) -> None:
        """Marks all ids in these bodies as lost that have no pair."""
        self.lost.update(each for body in bodies for each in ids_in(body) if each not in self._played)

    def translate(self, text: str) -> str:
        """Returns a text in which each paired recorded id is replaced by the double's id."""
        return _WITHIN.sub(lambda found: self._played.get(found[0], found[0]), text)

    def copy(self) -> Identities:
        """Returns a copy that can be changed without changing these pairs."""
        other = Identities()
        other._played, other._recorded, other.lost = {**self._played}, {**self._recorded}, {*self.lost}
        return other
