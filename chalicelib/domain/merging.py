"""Which of two snapshots of one Stripe object stays.

Merging is commutative, associative and idempotent: of two snapshots the one with the higher `precedence` stays. Two
different snapshots of equal precedence cannot be ordered by what they say, because Stripe's clock has seconds only:
then `CannotOrder` is raised, and the caller asks Stripe and settles the question with `settle`. Arrival order is
never used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from chalicelib.domain.facts import Fact
from chalicelib.domain.payment_facts import Seen

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
        stays = max(current, incoming, key=lambda fact: (fact.as_of, _links(fact)))
    elif current.precedence == incoming.precedence:
        raise CannotOrder(incoming)
    else:
        stays = max(current, incoming, key=lambda fact: fact.precedence)
    return with_all_seen(stays, _seen(current), _seen(incoming))


def settle(current: F | None, fetched: F) -> F:
    """Returns the snapshot that stays when `fetched` was read from Stripe after `current` had been stored.

    What was read later is the truth, whatever its clock says, except that a lifecycle never runs backwards.
    """
    if current is None or same_content(current, fetched):
        return newer(current, fetched)
    later: F = replace(fetched, as_of=max(fetched.as_of, current.as_of))  # type: ignore[type-var]
    return with_all_seen(later if later.precedence >= current.precedence else current, _seen(current), _seen(fetched))


def having_seen(known: F, also: F) -> F:
    """Returns `known` with the earliest second at which either saw each status.

    `also` may be in another version of Stripe's API, or not be ordered with `known`: its status was true when it was
    taken, whatever else may be believed of it.
    """
    return with_all_seen(known, _seen(also))


def same_content(one: Fact, other: Fact) -> bool:
    """Returns True if both say the same, whenever each was taken.

    Stripe writes a link to the same page anew each time it shows an object, so other links say nothing new.
    """
    if one is other or getattr(one, "status", None) != getattr(other, "status", None):
        return one is other  # most of what is compared differs in its status, and a copy of a fact costs more
    aside: dict[str, Any] = {"as_of": other.as_of}
    if hasattr(one, "seen"):
        aside["seen"] = _seen(other)
    for name, link in zip(_LINKS, _links(other), strict=True):
        if link and getattr(one, name, None):
            aside[name] = link
    return bool(replace(one, **aside) == other)  # type: ignore[type-var]


def brings_nothing(fact: Fact, known: Fact) -> bool:
    """Returns True if `known` need not be stored again for `fact`, which is what merging both has made of `known`.

    An object that may change and change back has to remember the latest second at which it said what it says.
    Otherwise a late event of the time between would be taken for news.
    """
    return says_the_same(fact, known) and (fact.final or fact.as_of <= known.as_of)


def says_the_same(one: Fact, other: Fact) -> bool:
    """Returns True if both say the same, and know the same seconds of its statuses, whenever each was taken."""
    if one is other:
        return True
    return same_content(one, other) and _seen(one) == _seen(other)


def without_time(fact: F) -> F:
    """Returns a snapshot without the seconds at which it was taken or saw a status."""
    aside: dict[str, Any] = {"as_of": 0, "seen": {}} if hasattr(fact, "seen") else {"as_of": 0}
    return replace(fact, **aside)  # type: ignore[type-var]


_LINKS = ("hosted_url", "pdf_url", "receipt_url")


def _links(fact: Fact) -> tuple[str, ...]:
    """Returns the links to an object's pages. An empty text is none."""
    return tuple(getattr(fact, name, None) or "" for name in _LINKS)


def _seen(fact: Fact) -> Seen:
    return getattr(fact, "seen", {})


def with_all_seen(fact: F, *others: Seen) -> F:
    """Returns `fact` with the earliest second at which it or others saw each status."""
    own = _seen(fact)
    seen = dict(own)
    for other in others:
        seen.update({status: min(at, seen.get(status, at)) for status, at in other.items()})
    return fact if seen == own else replace(fact, seen=seen)  # type: ignore[type-var]
