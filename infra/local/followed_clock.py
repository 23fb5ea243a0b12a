"""The application's clock on the local stack. It follows the Stripe double's clock: days skipped there pass in POM
too.

The double stores in a file how many seconds its clock is ahead of this computer's. API, workers and the operator's
commands read the time in one place, `SystemClock`, and `follow` makes it read that file too. Access tokens are
checked by this computer's clock, so a token stays valid over skipped days.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chalice.app import Chalice, DynamoDBEventConfig

from chalicelib.adapters.clock import SystemClock

VARIABLE = "POM_LOCAL_CLOCK"
"""The environment variable that names the file. Without the variable no clock is followed."""


def ahead() -> float:
    """Returns how many seconds the followed clock is ahead of this computer's; 0 if none is followed."""
    file = os.environ.get(VARIABLE)
    return float(Path(file).read_text()) if file else 0.0


def now() -> float:
    """Returns epoch seconds of the followed clock."""
    return time.time() + ahead()


def follow() -> None:
    """Makes this process follow the clock, if the environment names one."""
    if VARIABLE in os.environ:
        SystemClock.now = lambda self: int(now())  # type: ignore[method-assign]
        SystemClock.milliseconds = lambda self: int(now() * 1000)  # type: ignore[method-assign]


def move_records(app: Chalice) -> None:
    """Sets the timestamps of stream records to the followed clock.

    The stand-in of DynamoDB does not know that clock. A record is processed within a second, so the clock is hardly
    ever moved between the write and the processing.
    """
    for source in app.event_sources:
        if isinstance(source, DynamoDBEventConfig):
            app.handler_map[source.name] = _with_moved_records(app.handler_map[source.name])


def _with_moved_records(handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def wrapper(event: Any, context: Any) -> Any:
        seconds = ahead()
        return handler({"Records": [_later(record, seconds) for record in event["Records"]]}, context)

    return wrapper


def _later(record: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    change = record["dynamodb"]
    written = change["ApproximateCreationDateTime"] + seconds
    return {**record, "dynamodb": {**change, "ApproximateCreationDateTime": written}}
