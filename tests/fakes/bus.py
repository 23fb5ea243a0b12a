"""An event bus that records events, and a queue for changes that could not be published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.changes import Change
from chalicelib.ports.changes import BusEvent, Refusal


@dataclass
class FakeBus:
    """Implements `EventBus`. `refusals` are by event id; every call raises `failure` if it is set."""

    events: list[BusEvent] = field(default_factory=list)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    failure: Exception | None = None

    def put(self, events: Sequence[BusEvent]) -> Mapping[str, Refusal]:
        if self.failure is not None:
            raise self.failure
        self.events += [each for each in events if each.id not in self.refusals]
        return {each.id: self.refusals[each.id] for each in events if each.id in self.refusals}


@dataclass
class FakeUnpublished:
    """Implements `UnpublishedChanges`."""

    kept: list[tuple[Mapping[str, Any], str, Change | None]] = field(default_factory=list)
    failure: Exception | None = None

    def keep(self, record: Mapping[str, Any], reason: str, change: Change | None) -> None:
        if self.failure is not None:
            raise self.failure
        self.kept.append((record, reason, change))
