"""Compares the responses of a recording with those of a double, story by story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.relevance import verdict_of
from infra.stripe_double.recordings.differences import Difference, Kind
from infra.stripe_double.recordings.recording import Exchange, Recording, story_of
from infra.stripe_double.recordings.replay import replay

MAX_VALUE_LENGTH = 60
"""The most characters of a value in one line."""
EVENTS = "GET /v1/events"
"""The request whose response is compared as a sequence."""
EVENTS_STEP = "events"
"""The step that lists the events of all stories, after the last story."""

_WORST_FIRST = (Verdict.HARMFUL, Verdict.HARMLESS, Verdict.NOT_TRIED, Verdict.AS_ASSUMED)
_EVENT_KINDS = frozenset({Kind.EVENT_MISSING, Kind.EVENT_EXTRA, Kind.EVENT_ORDER})


@dataclass(frozen=True)
class PlayedStory:
    """A story that was played, completely or in part."""

    name: str
    sentence: str
    stop_reason: str = ""
    """The reason why the story stopped early; empty if it was completed."""
    verdict: Verdict = Verdict.AS_ASSUMED
    """HARMFUL if the same cause would have stopped the product; NOT_TRIED for any other cause."""


OTHER_EVENTS = PlayedStory("other events", "The account has no events besides those of the stories.")


def compare(recording: Recording, stories: Sequence[PlayedStory]) -> list[Finding]:
    """Replays the recording to a new double, and returns two findings for each story: its shapes and its events.

    Differences in events that belong to no story are one more finding.
    """
    version = _version(recording)
    by_story: dict[str, list[Difference]] = {}
    for difference in replay(recording).differences:
        by_story.setdefault(story_of(difference.step), []).append(difference)
    events_listed = any(each.step == EVENTS_STEP for each in recording.exchanges if _lists_events(each))
    events_verdict = (Verdict.AS_ASSUMED, "") if events_listed else (Verdict.NOT_TRIED, "Its events were not listed.")
    findings = []
    for story in stories:
        own = by_story.get(story.name, [])
        events = [each for each in own if each.kind in _EVENT_KINDS or each.request == EVENTS]
        shapes = [each for each in own if each not in events]
        findings.append(_finding(Part.SHAPES, story, shapes, version, story.verdict, story.stop_reason))
        findings.append(_finding(Part.SEQUENCES, story, events, version, *events_verdict))
    if other_differences := by_story.get(EVENTS_STEP):
        findings.append(_finding(Part.SEQUENCES, OTHER_EVENTS, other_differences, version, *events_verdict))
    return findings


def difference_line(difference: Difference, version: str | None = None) -> str:
    """Returns one line with the kind, the field, both values, the request, its step, and whether the product reads
    it.
    """
    place = ".".join(filter(None, (difference.object, difference.path)))
    harmful = verdict_of(difference, version) is Verdict.HARMFUL
    use = "the product relies on it" if harmful else "the product does not read it"
    values = f"{_shortened(difference.recorded)} instead of {_shortened(difference.played)}"
    return f"{difference.kind}: {place}, {values}, {difference.request} ({difference.step}); {use}"


def _finding(
    part: Part,
    story: PlayedStory,
    differences: Sequence[Difference],
    version: str | None,
    verdict: Verdict,
    reason: str,
) -> Finding:
    with_verdicts = [(verdict_of(each, version), each) for each in differences]
    worst = min([verdict, *(each for each, _ in with_verdicts)], key=_WORST_FIRST.index)
    with_verdicts.sort(key=lambda pair: _WORST_FIRST.index(pair[0]))
    lines = list(_lines([each for _, each in with_verdicts], version))
    text = "\n".join([*filter(None, [reason]), *lines]) or "Nothing differs."
    return Finding(part, story.name, worst, text, story.sentence, tuple(each for _, each in with_verdicts))


def _lines(differences: Sequence[Difference], version: str | None) -> Iterator[str]:
    """Yields one line for each field and kind of difference, with the number of occurrences."""
    by_field: dict[tuple[Any, ...], list[Difference]] = {}
    for each in differences:
        by_field.setdefault((each.kind, each.object, each.path), []).append(each)
    for alike in by_field.values():
        yield difference_line(alike[0], version) + (f" (seen {len(alike)} times)" if len(alike) > 1 else "")


def _shortened(value: Any) -> str:
    text = "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}…"


def _version(recording: Recording) -> str | None:
    """Returns the API version of the account's events; None if no event was listed."""
    event_pages = (each.body for each in recording.exchanges if _lists_events(each))
    events = (event for body in event_pages if isinstance(body, Mapping) for event in body.get("data", ()))
    return next((event["api_version"] for event in events if event.get("api_version")), None)


def _lists_events(exchange: Exchange) -> bool:
    return exchange.method == "GET" and exchange.path == "/v1/events" and exchange.status == 200
