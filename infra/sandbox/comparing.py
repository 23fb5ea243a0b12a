"""Puts the answers of a recording beside a double's, and tells what differs, story by story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.judging import judge
from infra.stripe_double.recordings.differences import Difference, Kind
from infra.stripe_double.recordings.recording import Exchange, Recording, story_of
from infra.stripe_double.recordings.replay import replay

LONGEST_VALUE = 60
"""Characters of a value that a line shows."""
EVENTS = "GET /v1/events"
"""The request whose answer is compared as a sequence."""
LISTING = "events"
"""The step in which the events of all stories are listed, after the last of them."""

_WORST_FIRST = (Verdict.HARMFUL, Verdict.HARMLESS, Verdict.NOT_TRIED, Verdict.AS_ASSUMED)
_OF_SEQUENCES = frozenset({Kind.EVENT_MISSING, Kind.EVENT_EXTRA, Kind.EVENT_ORDER})


@dataclass(frozen=True)
class Played:
    """A story that was played, to its end or not."""

    name: str
    tells: str
    stopped: str = ""
    """Why it did not come to its end; empty if it did."""
    verdict: Verdict = Verdict.AS_ASSUMED
    """HARMFUL if what stopped it would have stopped the product, too; NOT_TRIED if it lies elsewhere."""


OF_NO_STORY = Played("other events", "The account has no event but those of the stories.")


def compare(recording: Recording, stories: Sequence[Played]) -> list[Finding]:
    """Plays the recording to a new double, and returns two findings for each story: its shapes, and its events.

    Events that no story made are a finding of their own, if they differ.
    """
    version = _version(recording)
    by_story: dict[str, list[Difference]] = {}
    for difference in replay(recording).differences:
        by_story.setdefault(story_of(difference.step), []).append(difference)
    listed = any(each.step == LISTING for each in recording.exchanges if _lists_events(each))
    told = (Verdict.AS_ASSUMED, "") if listed else (Verdict.NOT_TRIED, "Its events were not listed.")
    findings = []
    for story in stories:
        own = by_story.get(story.name, [])
        events = [each for each in own if each.kind in _OF_SEQUENCES or each.request == EVENTS]
        shapes = [each for each in own if each not in events]
        findings.append(_finding(Part.SHAPES, story, shapes, version, story.verdict, story.stopped))
        findings.append(_finding(Part.SEQUENCES, story, events, version, *told))
    if alone := by_story.get(LISTING):
        findings.append(_finding(Part.SEQUENCES, OF_NO_STORY, alone, version, *told))
    return findings


def told_in_a_line(difference: Difference, version: str | None = None) -> str:
    """Returns one line: the kind, the field, both values, the request and its step, and whether it matters."""
    place = ".".join(filter(None, (difference.object, difference.path)))
    harmful = judge(difference, version) is Verdict.HARMFUL
    use = "the product relies on it" if harmful else "nothing of the product reads it"
    values = f"{_shown(difference.recorded)} instead of {_shown(difference.played)}"
    return f"{difference.kind}: {place}, {values}, {difference.request} ({difference.step}); {use}"


def _finding(
    part: Part, story: Played, differences: Sequence[Difference], version: str | None, verdict: Verdict, why: str
) -> Finding:
    judged = [(judge(each, version), each) for each in differences]
    worst = min([verdict, *(each for each, _ in judged)], key=_WORST_FIRST.index)
    judged.sort(key=lambda pair: _WORST_FIRST.index(pair[0]))
    lines = list(_lines([each for _, each in judged], version))
    found = "\n".join([*filter(None, [why]), *lines]) or "Nothing differs."
    return Finding(part, story.name, worst, found, story.tells, tuple(each for _, each in judged))


def _lines(differences: Sequence[Difference], version: str | None) -> Iterator[str]:
    """Yields a line for each field and kind of difference; further places where it was seen are counted."""
    seen: dict[tuple[Any, ...], list[Difference]] = {}
    for each in differences:
        seen.setdefault((each.kind, each.object, each.path), []).append(each)
    for alike in seen.values():
        yield told_in_a_line(alike[0], version) + (f" (seen {len(alike)} times)" if len(alike) > 1 else "")


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _version(recording: Recording) -> str | None:
    """Returns the API version in which the account's events are; None if none was listed."""
    listed = (each.body for each in recording.exchanges if _lists_events(each))
    events = (event for body in listed if isinstance(body, Mapping) for event in body.get("data", ()))
    return next((event["api_version"] for event in events if event.get("api_version")), None)


def _lists_events(exchange: Exchange) -> bool:
    return exchange.method == "GET" and exchange.path == "/v1/events" and exchange.status == 200
