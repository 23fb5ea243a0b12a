"""Which of two snapshots of one Stripe object stays.

Merging is commutative, associative and idempotent: of two snapshots the one with the higher `precedence` stays. Two
different snapshots of equal precedence cannot be ordered by what they say, because Stripe's clock has seconds only:
then `CannotOrder` is raised, and the caller asks Stripe and settles the question with `settle`. Arrival order is
never used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from chalicelib.domain.facts import Fact

F = TypeVar("F", bound=Fact)


class CannotOrder(Exception):
    """Two different snapshots of one object have the same precedence; only Stripe knows which is newer."""

    def __init__(self, fact: Fact) -> None:
        super().__init__(f"two snapshots of {fact.id} as of {fact.as_of} differ")
        self.fact = fact


def newer(current: F | None, incoming: F) -> F:
    """Returns the snapshot that stays.

    Raises:
        CannotOrder: they differ, and nothing in them says which is newer.
    """
    if current is None:
        return incoming
    if same_content(current, incoming):
        return _with_all_seen(current if current.as_of >= incoming.as_of else incoming, current, incoming)
    if current.precedence == incoming.precedence:
        raise CannotOrder(incoming)
    return _with_all_seen(max(current, incoming, key=lambda fact: fact.precedence), current, incoming)


def settle(current: F | None, fetched: F) -> F:
    """Returns the snapshot that stays when `fetched` was read from Stripe after `current` had been stored.

    What was read later is the truth, whatever its clock says, except that a lifecycle never runs backwards.
    """
    if current is None or same_content(current, fetched):
        return newer(current, fetched)
    later: F = replace(fetched, as_of=max(fetched.as_of, current.as_of))  # type: ignore[type-var]
    return _with_all_seen(later if later.precedence >= current.precedence else current, current, fetched)


def having_seen(known: F, also: F) -> F:
    """Returns `known` with the earliest second at which either saw each status.

    `also` may be in another version of Stripe's API, or not be ordered with `known`: its status was true when it was
    taken, whatever else may be believed of it.
    """
    return _with_all_seen(known, known, also)


def same_content(one: Fact, other: Fact) -> bool:
    """Returns True if both say the same, whenever each was taken."""
    if one is other or getattr(one, "status", None) != getattr(other, "status", None):
        return one is other  # most of what is compared differs in its status, and a copy of a fact costs more
    if hasattr(one, "seen"):
        return bool(replace(one, as_of=other.as_of, seen=other.seen) == other)  # type: ignore[type-var, attr-defined]
    return bool(replace(one, as_of=other.as_of) == other)  # type: ignore[type-var]


def brings_nothing(fact: Fact, known: Fact) -> bool:
    """Returns True if `known` need not be stored again for `fact`, which is what merging both has made of `known`.

    An object that may change and change back has to remember the latest second at which it said what it says.
    Otherwise a late event of the time between would be taken for news.
    """
    if not same_content(fact, known) or getattr(fact, "seen", None) != getattr(known, "seen", None):
        return False
    return fact.final or fact.as_of <= known.as_of


def _with_all_seen(fact: F, one: F, other: F) -> F:
    """Returns `fact` with the earliest second at which either snapshot saw each status."""
    first: dict[str, int] = getattr(one, "seen", {})
    second: dict[str, int] = getattr(other, "seen", {})
    if first == second:
        return fact
    seen = {**first, **second, **{status: min(at, second.get(status, at)) for status, at in first.items()}}
    return fact if fact.seen == seen else replace(fact, seen=seen)  # type: ignore[attr-defined, type-var]
