"""Compares the events that an account lists with the double's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from .comparing import Comparison
from .differences import Difference, Kind
from .identities import Identities, ids_in, looks_like_id, prefix
from .recording import JSON, Exchange, story_of

_ENVELOPE = ("data", "created", "id")
_NO_SIGN = ("acct", "ca", "evt", "req")
"""Prefixes of ids that do not tell whether an event belongs to the recording."""


class Steps:
    """Which step of a recording first named each object, and so which step an event belongs to."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[int, str]] = {}

    def add(self, exchange: Exchange) -> None:
        """Learns what an exchange names."""
        for each in ids_in(exchange.body):
            self._named.setdefault(each, (len(self._named), exchange.step))

    def step_of(self, event: JSON, known_as: Callable[[str | None], str | None]) -> str | None:
        """Returns the step that first named the event's object, or else the newest object in the event; None if no
        step named any. `known_as` returns the recording's id for one in the event."""
        own = known_as(_object_id(event))
        if own in self._named:
            return self._named[own][1]
        named = [self._named[each] for each in map(known_as, _named_ids(event)) if each in self._named]
        return max(named)[1] if named else None


def lacks_events(recorded: Sequence[JSON], played: Sequence[JSON], ids: Identities) -> bool:
    """Returns True if there are more events of a type than the double has."""
    theirs = Counter(event["type"] for event in recorded if _belongs(event, ids))
    return bool(theirs - Counter(event["type"] for event in played))


def compare_events(
    recorded: Sequence[JSON],
    played: Sequence[JSON],
    since: float,
    into: Comparison,
    steps: Steps,
    *,
    whole: bool = True,
) -> None:
    """Notes how two lists of events, newest first, differ. A difference has the step that made the event's object.

    Events are told apart by type and object. Their order counts within a story, and only where both sides date them
    in different seconds. Passed over are events of objects that the recording never asked about, or asked the double
    in vain; events that another list has shown on both sides; and events of the double from before the epoch second
    `since`, or if the recorded list is not `whole`, from before its oldest event.
    """
    theirs = [event for event in reversed(recorded) if _belongs(event, into.ids)]
    ours = [event for event in reversed(played) if not _is_lost(event, into.ids)]
    pairs = []
    for event, found, is_new in _pairs(theirs, ours, into):
        at_its_step = replace(into, step=steps.step_of(event, _unchanged) or into.step)
        if is_new:
            _compare(event, found, at_its_step)
        pairs.append((at_its_step, event, found))
    if not whole and pairs:
        since = max(since, pairs[0][2]["created"] + 1)
    for event in theirs:
        if into.ids.played_id(event["id"]) is None:
            into.differences.append(_unpaired(Kind.EVENT_EXTRA, into, event, steps.step_of(event, _unchanged)))
    for event in ours:
        if event["created"] >= since and into.ids.recorded_id(event["id"]) is None:
            into.differences.append(
                _unpaired(Kind.EVENT_MISSING, into, event, steps.step_of(event, into.ids.recorded_id))
            )
    by_story: dict[str, list[tuple[Comparison, JSON, JSON]]] = {}
    for pair in pairs:
        by_story.setdefault(story_of(pair[0].step), []).append(pair)
    for of_story in by_story.values():
        into.differences.extend(_out_of_order(of_story))


def _unchanged(id_: str | None) -> str | None:
    return id_


def _pairs(theirs: list[JSON], ours: list[JSON], into: Comparison) -> Iterator[tuple[JSON, JSON, bool]]:
    """Yields the events that belong together, and whether no other list has shown the pair."""
    by_id = {event["id"]: event for event in ours}
    for event in theirs:
        known = into.ids.played_id(event["id"])
        same = [by_id[known]] if known in by_id else []
        if known is None:
            same = [
                each for each in ours if into.ids.recorded_id(each["id"]) is None and _is_same(event, each, into.ids)
            ]
        if same:
            found = _closest(event, same, into) if len(same) > 1 else same[0]
            into.ids.pair(event["id"], found["id"])
            yield event, found, known is None


def _is_same(recorded: JSON, played: JSON, ids: Identities) -> bool:
    """Returns True if both are of one type, of one object as far as is known, and the double's is not taken yet."""
    if recorded["type"] != played["type"] or ids.recorded_id(played["id"]) is not None:
        return False
    theirs, ours = _object_id(recorded), _object_id(played)
    return ids.played_id(theirs) == ours if ids.played_id(theirs) else ids.recorded_id(ours) is None


def _closest(event: JSON, candidates: list[JSON], into: Comparison) -> JSON:
    """Returns the candidate with the fewest differences; the oldest of several."""

    def differences(candidate: JSON) -> int:
        trial = Comparison(into.step, into.request, into.ids.copy(), into.timeline, into.made_before)
        _compare(event, candidate, trial)
        return len(trial.differences)

    return min(candidates, key=differences)


def _compare(recorded: JSON, played: JSON, into: Comparison) -> None:
    into.event_data(recorded["type"], recorded["data"]["object"], played["data"]["object"])
    into.bodies(_envelope(recorded), _envelope(played))


def _envelope(event: JSON) -> JSON:
    others = {name: value for name, value in event["data"].items() if name != "object"}
    return {**{name: value for name, value in event.items() if name not in _ENVELOPE}, "data": others}


def _out_of_order(pairs: list[tuple[Comparison, JSON, JSON]]) -> Iterator[Difference]:
    """Yields a difference for each type whose events come before others there, and after them here, or vice versa.

    Of two types that changed places, the one that changed places with more of the others is named.
    """
    changed: dict[tuple[str, str], Comparison] = {}
    for (into, left, our_left), (_, right, our_right) in combinations(pairs, 2):
        theirs, ours = left["created"] - right["created"], our_left["created"] - our_right["created"]
        if theirs * ours < 0:
            changed[(left["type"], right["type"]) if theirs < 0 else (right["type"], left["type"])] = into
    while changed:
        [(worst, _)] = Counter(type_ for types in changed for type_ in types).most_common(1)
        first, second = next(types for types in changed if worst in types)
        into = changed[first, second]
        yield Difference(
            Kind.EVENT_ORDER, into.step, into.request, worst, "", f"{first}, {second}", f"{second}, {first}"
        )
        changed = {types: each for types, each in changed.items() if worst not in types}


def _unpaired(kind: Kind, into: Comparison, event: JSON, step: str | None) -> Difference:
    seen: Any = _object_id(event) or event["data"]["object"].get("object")
    recorded, played = (seen, None) if kind is Kind.EVENT_EXTRA else (None, seen)
    return Difference(kind, step or into.step, into.request, event["type"], "", recorded, played)


def _belongs(event: JSON, ids: Identities) -> bool:
    """Returns True if an object of the recording is in the event, and none of which nothing can be compared."""
    named = _named_ids(event)
    return not any(each in ids.lost for each in named) and (
        not looks_like_id(_object_id(event)) or any(ids.played_id(each) for each in named)
    )


def _is_lost(event: JSON, ids: Identities) -> bool:
    return any(ids.recorded_id(each) in ids.lost for each in _named_ids(event))


def _named_ids(event: JSON) -> set[str]:
    found = {each for each in ids_in(event["data"]["object"]) if prefix(each) not in _NO_SIGN}
    own = _object_id(event)
    return {own} if own and prefix(own) in _NO_SIGN else found


def _object_id(event: JSON) -> str | None:
    found = event["data"]["object"].get("id")
    return found if isinstance(found, str) else None
