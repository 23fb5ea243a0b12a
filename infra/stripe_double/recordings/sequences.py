"""Compares the events that an account lists with the events of the double."""

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
"""Prefixes of ids that do not show whether an event belongs to the recording."""


class Steps:
    """The step of a recording that first named each object. An event belongs to the step that named its object."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[int, str]] = {}

    def add(self, exchange: Exchange) -> None:
        """Records the ids that an exchange names."""
        for each in ids_in(exchange.body):
            self._named.setdefault(each, (len(self._named), exchange.step))

    def step_of(self, event: JSON, known_as: Callable[[str | None], str | None]) -> str | None:
        """Returns the step that first named the event's object, or else the newest object in the event; None if no
        step did.

        `known_as` returns the recorded id for an id in the event.
        """
        object_id = known_as(_object_id(event))
        if object_id in self._named:
            return self._named[object_id][1]
        steps = [self._named[each] for each in map(known_as, _named_ids(event)) if each in self._named]
        return max(steps)[1] if steps else None


def lacks_events(recorded: Sequence[JSON], played: Sequence[JSON], ids: Identities) -> bool:
    """Returns True if the recording has more events of some type than the double."""
    recorded_events = Counter(event["type"] for event in recorded if _is_comparable(event, ids))
    return bool(recorded_events - Counter(event["type"] for event in played))


def compare_events(
    recorded: Sequence[JSON],
    played: Sequence[JSON],
    since: float,
    into: Comparison,
    steps: Steps,
    *,
    is_complete: bool = True,
) -> None:
    """Adds the differences between two lists of events, newest first. A difference has the step of the event's
    object.

    Events are paired by type and object. Their order is compared within a story, and only where both sides date them
    in different seconds.

    Three groups of events are skipped: events of objects that the recording never requested, or that are lost; events
    that another list has contained on both sides; and events of the double from before the epoch second `since`. If
    the recorded list is not complete, events of the double from before its oldest event are skipped too.
    """
    recorded_events = [event for event in reversed(recorded) if _is_comparable(event, into.ids)]
    played_events = [event for event in reversed(played) if not _is_lost(event, into.ids)]
    pairs = []
    for event, played_event, is_new in _pairs(recorded_events, played_events, into):
        at_its_step = replace(into, step=steps.step_of(event, _unchanged) or into.step)
        if is_new:
            _compare(event, played_event, at_its_step)
        pairs.append((at_its_step, event, played_event))
    if not is_complete and pairs:
        since = max(since, pairs[0][2]["created"] + 1)
    for event in recorded_events:
        if into.ids.played_id(event["id"]) is None:
            into.differences.append(_unpaired(Kind.EVENT_EXTRA, into, event, steps.step_of(event, _unchanged)))
    for event in played_events:
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


def _pairs(
    recorded_events: list[JSON], played_events: list[JSON], into: Comparison
) -> Iterator[tuple[JSON, JSON, bool]]:
    """Yields the pairs of events, each with True if no other list has contained the pair."""
    by_id = {event["id"]: event for event in played_events}
    for event in recorded_events:
        played_id = into.ids.played_id(event["id"])
        candidates = [by_id[played_id]] if played_id in by_id else []
        if played_id is None:
            candidates = [
                each
                for each in played_events
                if into.ids.recorded_id(each["id"]) is None and _is_same(event, each, into.ids)
            ]
        if candidates:
            played_event = _closest(event, candidates, into) if len(candidates) > 1 else candidates[0]
            into.ids.pair(event["id"], played_event["id"])
            yield event, played_event, played_id is None


def _is_same(recorded: JSON, played: JSON, ids: Identities) -> bool:
    """Returns True if both events have the same type and, as far as is known, the same object, and the double's is
    unpaired.
    """
    if recorded["type"] != played["type"] or ids.recorded_id(played["id"]) is not None:
        return False
    recorded_events, played_events = _object_id(recorded), _object_id(played)
    return (
        ids.played_id(recorded_events) == played_events
        if ids.played_id(recorded_events)
        else ids.recorded_id(played_events) is None
    )


def _closest(event: JSON, candidates: list[JSON], into: Comparison) -> JSON:
    """Returns the candidate with the fewest differences; the oldest of several with equally few."""

    def differences(candidate: JSON) -> int:
        trial = Comparison(into.step, into.request, into.ids.copy(), into.timeline, into.made_before)
        _compare(event, candidate, trial)
        return len(trial.differences)

    return min(candidates, key=differences)


def _compare(recorded: JSON, played: JSON, into: Comparison) -> None:
    into.event_data(recorded["type"], recorded["data"]["object"], played["data"]["object"])
    into.bodies(_envelope(recorded), _envelope(played))


def _envelope(event: JSON) -> JSON:
    other_data = {name: value for name, value in event["data"].items() if name != "object"}
    return {**{name: value for name, value in event.items() if name not in _ENVELOPE}, "data": other_data}


def _out_of_order(pairs: list[tuple[Comparison, JSON, JSON]]) -> Iterator[Difference]:
    """Yields a difference for each pair of types whose events come in another order in the double.

    The difference names the type that changed places with the most other types.
    """
    swapped: dict[tuple[str, str], Comparison] = {}
    for (into, recorded_first, played_first), (_, recorded_second, played_second) in combinations(pairs, 2):
        recorded_events, played_events = (
            recorded_first["created"] - recorded_second["created"],
            played_first["created"] - played_second["created"],
        )
        if recorded_events * played_events < 0:
            swapped[
                (recorded_first["type"], recorded_second["type"])
                if recorded_events < 0
                else (recorded_second["type"], recorded_first["type"])
            ] = into
    while swapped:
        [(worst, _)] = Counter(type_ for types in swapped for type_ in types).most_common(1)
        first, second = next(types for types in swapped if worst in types)
        into = swapped[first, second]
        yield Difference(
            Kind.EVENT_ORDER, into.step, into.request, worst, "", f"{first}, {second}", f"{second}, {first}"
        )
        swapped = {types: each for types, each in swapped.items() if worst not in types}


def _unpaired(kind: Kind, into: Comparison, event: JSON, step: str | None) -> Difference:
    object_id: Any = _object_id(event) or event["data"]["object"].get("object")
    recorded, played = (object_id, None) if kind is Kind.EVENT_EXTRA else (None, object_id)
    return Difference(kind, step or into.step, into.request, event["type"], "", recorded, played)


def _is_comparable(event: JSON, ids: Identities) -> bool:
    """Returns True if the event contains an object of the recording and no lost object."""
    event_ids = _named_ids(event)
    return not any(each in ids.lost for each in event_ids) and (
        not looks_like_id(_object_id(event)) or any(ids.played_id(each) for each in event_ids)
    )


def _is_lost(event: JSON, ids: Identities) -> bool:
    return any(ids.recorded_id(each) in ids.lost for each in _named_ids(event))


def _named_ids(event: JSON) -> set[str]:
    ids = {each for each in ids_in(event["data"]["object"]) if prefix(each) not in _NO_SIGN}
    object_id = _object_id(event)
    return {object_id} if object_id and prefix(object_id) in _NO_SIGN else ids


def _object_id(event: JSON) -> str | None:
    object_id = event["data"]["object"].get("id")
    return object_id if isinstance(object_id, str) else None
