"""Decides which of two snapshots of one Stripe object is newer.

Merging is commutative, associative and idempotent: the snapshot with the higher `precedence` wins. Stripe's times
have whole seconds, so two different snapshots may have equal precedence. Then `newer` raises `CannotOrder`, and the
caller reads the object from Stripe and merges it with `prefer_fetched`. The order of arrival is never used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from chalicelib.domain.facts import Fact
from chalicelib.domain.payment_facts import Seen

F = TypeVar("F", bound=Fact)


class CannotOrder(Exception):
    """Two different snapshots of one object have the same precedence, so only Stripe knows which is newer."""

    def __init__(self, fact: Fact) -> None:
        super().__init__(f"two snapshots of {fact.id} as of {fact.as_of} differ")
        self.fact = fact


def newer(current: F | None, incoming: F) -> F:
    """Returns the newer of two snapshots of one object.

    Raises:
        CannotOrder: the snapshots differ and have the same precedence.
    """
    if current is None:
        return incoming
    if same_content(current, incoming):
        winner = max(current, incoming, key=lambda fact: (fact.as_of, _links(fact)))
    elif current.precedence == incoming.precedence:
        raise CannotOrder(incoming)
    else:
        winner = max(current, incoming, key=lambda fact: fact.precedence)
    return with_seen_times(winner, _seen_times(current), _seen_times(incoming))


def prefer_fetched(current: F | None, fetched: F) -> F:
    """Returns the snapshot to store when `fetched` was read from Stripe after `current` had been stored.

    The later read wins even if its `as_of` is earlier, unless it would take the object back to an earlier stage of
    its lifecycle.
    """
    if current is None or same_content(current, fetched):
        return newer(current, fetched)
    later: F = replace(fetched, as_of=max(fetched.as_of, current.as_of))  # type: ignore[type-var]
    return with_seen_times(
        later if later.precedence >= current.precedence else current, _seen_times(current), _seen_times(fetched)
    )


def with_seen_times_of(known: F, also: F) -> F:
    """Returns `known` with the earliest second at which either snapshot shows each status.

    `also` may be rendered in another version of Stripe's API, or may have no order relative to `known`. Then only its
    status is reliable: the object had that status at that second.
    """
    return with_seen_times(known, _seen_times(also))


def same_content(one: Fact, other: Fact) -> bool:
    """Returns True if both snapshots have the same content. The times at which they were taken make no difference.

    Links make no difference either, because Stripe creates a new link to the same page each time it returns an
    object.
    """
    if one is other or getattr(one, "status", None) != getattr(other, "status", None):
        # Most different snapshots differ in their status, and comparing it is cheaper than copying a fact.
        return one is other
    equal_fields: dict[str, Any] = {"as_of": other.as_of}
    if hasattr(one, "seen"):
        equal_fields["seen"] = _seen_times(other)
    for name, link in zip(_LINKS, _links(other), strict=True):
        if link and getattr(one, name, None):
            equal_fields[name] = link
    return bool(replace(one, **equal_fields) == other)  # type: ignore[type-var]


def adds_nothing(fact: Fact, known: Fact) -> bool:
    """Returns True if `fact`, the result of merging a snapshot into `known`, need not replace `known`.

    If the object can still change back, the latest second of its present content must be stored. Otherwise an older
    event that arrives later would look newer than the stored snapshot (docs/decisions/0028).
    """
    return same_content_and_seen_times(fact, known) and (fact.final or fact.as_of <= known.as_of)


def same_content_and_seen_times(one: Fact, other: Fact) -> bool:
    """Returns True if both snapshots have the same content and the same `seen`.

    The times at which they were taken make no difference.
    """
    if one is other:
        return True
    return same_content(one, other) and _seen_times(one) == _seen_times(other)


def without_time(fact: F) -> F:
    """Returns a copy of a snapshot without `as_of` and `seen`."""
    empty_fields: dict[str, Any] = {"as_of": 0, "seen": {}} if hasattr(fact, "seen") else {"as_of": 0}
    return replace(fact, **empty_fields)  # type: ignore[type-var]


_LINKS = ("hosted_url", "pdf_url", "receipt_url")


def _links(fact: Fact) -> tuple[str, ...]:
    """Returns the links to an object's pages. A missing link is an empty text."""
    return tuple(getattr(fact, name, None) or "" for name in _LINKS)


def _seen_times(fact: Fact) -> Seen:
    return getattr(fact, "seen", {})


def with_seen_times(fact: F, *further: Seen) -> F:
    """Returns `fact` with the earliest second of each status in its own `seen` and in `further`."""
    own = _seen_times(fact)
    seen_times = dict(own)
    for other in further:
        seen_times.update({status: min(at, seen_times.get(status, at)) for status, at in other.items()})
    return fact if seen_times == own else replace(fact, seen=seen_times)  # type: ignore[type-var]
