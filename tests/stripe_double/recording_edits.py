"""Recordings that a test plays, or changes by hand and then plays."""

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


def played(recording: Recording, seed: int = 100) -> Replay:
    return replay(recording, double_for(recording, Config(seed=seed)))


def differences(recording: Recording) -> list[Difference]:
    return list(played(recording).differences)


def told(found: list[Difference]) -> set[tuple[Kind, str, str]]:
    return {(each.kind, each.object, each.path) for each in found}


def edited(recording: Recording, fits: Callable[[Exchange], bool], edit: Callable[[Exchange], Any]) -> Recording:
    """The recording with edited copies of the exchanges that fit, of which there is one at least."""
    exchanges = copy.deepcopy(recording.exchanges)
    fitting = [each for each in exchanges if fits(each)]
    assert fitting
    for each in fitting:
        edit(each)
    return recording.of(exchanges)


def of_kind(kind: str, edit: Callable[[JSON], Any], recording: Recording) -> Recording:
    """The recording with an edit of all objects of a kind, but for those in events."""

    def walk(body: JSON) -> None:
        if isinstance(body, dict) and body.get("object") != "event":
            if body.get("object") == kind:
                edit(body)
            for each in body.values():
                walk(each)
        elif isinstance(body, list):
            for each in body:
                walk(each)

    return edited(recording, lambda each: True, lambda each: walk(each.body))


def lists_events(exchange: Exchange) -> bool:
    return exchange.path == "/v1/events"
