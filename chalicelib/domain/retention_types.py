"""How long stored data is kept, and where it is stored: the types that `retention` uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

HOUR = 3600
DAY = 24 * HOUR
"""In seconds."""


@dataclass(frozen=True, slots=True)
class Expires:
    """Data that is deleted `seconds` after `since`. `source` is the page of the rule that the reason rests on."""

    seconds: int
    since: str
    why: str
    source: str = ""

    @property
    def days(self) -> int:
        """Returns the whole days for which the data is kept."""
        return self.seconds // DAY


@dataclass(frozen=True, slots=True)
class NoExpiry:
    """Data that is not deleted by time. `until` names the event that ends its storage."""

    until: str
    why: str
    source: str = ""


Retention: TypeAlias = Expires | NoExpiry


class Store(StrEnum):
    """The kinds of places in which data is stored."""

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
    """The place where data is stored.

    `name` is the name of the table, queue or log group, without the stage's prefix. `kind` is the kind of a table's
    row, and empty for a table's ordinary rows.
    """

    store: Store
    name: str
    kind: str = ""
