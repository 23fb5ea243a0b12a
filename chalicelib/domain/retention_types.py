"""How long a thing is kept, and where it is stored: the types of `retention`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

HOUR = 3600
DAY = 24 * HOUR
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Expires:
    """A thing that is deleted `seconds` after `since`. `source` is the page of the rule that the reason rests on."""

    seconds: int
    since: str
    why: str
    source: str = ""

    @property
    def days(self) -> int:
        """Returns the whole days for which it is kept."""
        return self.seconds // DAY


@dataclass(frozen=True, slots=True)
class NoExpiry:
    """A thing that no clock deletes. `until` says what ends it."""

    until: str
    why: str
    source: str = ""


Retention: TypeAlias = Expires | NoExpiry


class Store(StrEnum):
    """The kinds of places in which something is stored."""

    TABLE = "table"
    STREAM = "stream"
    QUEUE = "queue"
    BUS = "bus"
    BACKUP = "backup"
    LOGS = "log group"
    METRICS = "metrics"
    TRACES = "traces"
    SAMPLES = "samples"


class Place(NamedTuple):
    """Where a thing is stored.

    `name` is that of the table, queue or group, without the stage's prefix. `kind` is the kind of a table's row, and
    empty for the rows of a table that have no other kind.
    """

    store: Store
    name: str
    kind: str = ""
