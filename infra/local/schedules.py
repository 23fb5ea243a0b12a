"""Runs the application's schedules as EventBridge rules do: at their intervals, or on request."""

from __future__ import annotations

import heapq
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalice.app import Chalice, ScheduledEventConfig

from infra.local.event_sources import Handler, lambda_context
from infra.local.settings import ACCOUNT, REGION

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}

LOOK = 0.5
"""Seconds between two reads of the clock, because the clock may be skipped ahead."""

log = logging.getLogger("infra.local.schedules")


@dataclass(frozen=True)
class Schedule:
    """One schedule of the application. `interval` is in seconds, or None if it only runs on request."""

    name: str
    handler: Handler
    interval: float | None

    def fire(self) -> Any:
        """Invokes the handler now. Returns its result, and passes its exceptions on."""
        log.info("%s: fired", self.name)
        return self.handler(scheduled_event(self.name), lambda_context(self.name))


def schedules(app: Chalice, intervals: Mapping[str, float] | None = None) -> list[Schedule]:
    """Returns every schedule that `app` registers. `intervals` (seconds, by name) override the registered rates.

    A cron expression is not evaluated here. Without an interval its schedule only runs on request.
    """
    chosen = intervals or {}
    found_schedules = []
    for source in app.event_sources:
        if isinstance(source, ScheduledEventConfig):
            expression = source.schedule_expression
            text = expression if isinstance(expression, str) else expression.to_string()
            interval = chosen.get(source.name, _interval(text))
            found_schedules.append(Schedule(source.name, app.handler_map[source.name], interval))
    return found_schedules


def run(due: list[Schedule], stop: threading.Event, clock: Callable[[], float] = time.monotonic) -> None:
    """Runs each schedule at its interval, first after one interval, until `stop` is set.

    If the clock was skipped past several intervals of a schedule, the schedule runs once, and then an interval later.
    """
    start = clock()
    timetable = [(start + s.interval, number, s) for number, s in enumerate(due) if s.interval is not None]
    heapq.heapify(timetable)
    while timetable:
        at, number, schedule = timetable[0]
        if stop.wait(min(max(0.0, at - clock()), LOOK)):
            return
        if clock() < at:
            continue
        try:
            schedule.fire()
        except Exception:
            log.exception("%s: failed; the next one is due in %s s", schedule.name, schedule.interval)
        interval = float(schedule.interval or 0)
        following = at + interval if clock() < at + interval else clock() + interval
        heapq.heapreplace(timetable, (following, number, schedule))
    stop.wait()


def scheduled_event(name: str) -> dict[str, Any]:
    """Returns the event that EventBridge sends when a schedule is due."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"],
        "detail": {},
    }


def _interval(expression: str) -> float | None:
    rate = _RATE.fullmatch(expression)
    return float(int(rate[1]) * _SECONDS[rate[2]]) if rate else None
