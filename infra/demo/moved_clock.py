"""Moves the application's clock ahead: by as many seconds as stand in the file that POM_DEMO_CLOCK names.

API, workers and the operator's commands read the time in one place, `SystemClock`; `install` moves that place.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chalice.app import Chalice, DynamoDBEventConfig

from chalicelib.adapters.clock import SystemClock

VARIABLE = "POM_DEMO_CLOCK"


class MovedClock:
    """The file, as whoever lets time pass writes it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ahead = 0.0
        self.advance(0.0)

    def advance(self, seconds: float) -> None:
        """It is so many seconds later than it was."""
        self._ahead += seconds
        written = self._file.with_suffix(".new")
        written.write_text(repr(self._ahead))
        written.replace(self._file)


def install() -> None:
    """Move the clock of this process."""
    file = Path(os.environ[VARIABLE])
    SystemClock.now = lambda self: int(time.time() + float(file.read_text()))  # type: ignore[method-assign]
    SystemClock.milliseconds = lambda self: int((time.time() + float(file.read_text())) * 1000)  # type: ignore[method-assign]


def moves_records(app: Chalice) -> None:
    """Gives the records of streams the time at which they were written on the moved clock.

    The stand-in of DynamoDB knows nothing of the moved clock. A record is handled within a second, so the clock is
    hardly ever moved between the two.
    """
    file = Path(os.environ[VARIABLE])
    for source in app.event_sources:
        if isinstance(source, DynamoDBEventConfig):
            app.handler_map[source.name] = _with_moved_records(app.handler_map[source.name], file)


def _with_moved_records(handler: Callable[[Any, Any], Any], file: Path) -> Callable[[Any, Any], Any]:
    def moved(event: Any, context: Any) -> Any:
        ahead = float(file.read_text())
        return handler({"Records": [_later(record, ahead) for record in event["Records"]]}, context)

    return moved


def _later(record: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    change = record["dynamodb"]
    written = change["ApproximateCreationDateTime"] + seconds
    return {**record, "dynamodb": {**change, "ApproximateCreationDateTime": written}}
