"""Replays recordings, and edits copies of recordings."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from infra.stripe_double import Config
from infra.stripe_double.recordings.differences import Difference, Kind
from infra.stripe_double.recordings.preparing import double_for
from infra.stripe_double.recordings.recording import Exchange, Recording
from infra.stripe_double.recordings.replay import Replay, replay

JSON = Any


def replayed(recording: Recording, seed: int = 100) -> Replay:
    return replay(recording, double_for(recording, Config(seed=seed)))


def differences(recording: Recording) -> list[Difference]:
    return list(replayed(recording).differences)


def signatures(differences: list[Difference]) -> set[tuple[Kind, str, str]]:
    return {(each.kind, each.object, each.path) for each in differences}


def with_edits(
    recording: Recording, matches: Callable[[Exchange], bool], edit: Callable[[Exchange], Any]
) -> Recording:
    """Returns the recording with edited copies of the matching exchanges. At least one must match."""
    exchanges = copy.deepcopy(recording.exchanges)
    matching = [each for each in exchanges if matches(each)]
    assert matching
    for each in matching:
        edit(each)
    return recording.of(exchanges)


def with_edited_objects(kind: str, edit: Callable[[JSON], Any], recording: Recording) -> Recording:
    """Returns the recording with an edit of all objects of a kind, except those in events."""

    def walk(body: JSON) -> None:
        if isinstance(body, dict) and body.get("object") != "event":
            if body.get("object") == kind:
                edit(body)
            for each in body.values():
                walk(each)
        elif isinstance(body, list):
            for each in body:
                walk(each)

    return with_edits(recording, lambda each: True, lambda each: walk(each.body))


def lists_events(exchange: Exchange) -> bool:
    return exchange.path == "/v1/events"
