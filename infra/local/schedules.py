"""Fires the application's schedules as EventBridge rules do: every interval, or now when asked."""

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
"""Seconds after which the clock is looked at again, because it may have been moved."""

log = logging.getLogger("infra.local.schedules")


@dataclass(frozen=True)
class Schedule:
    """One schedule of the application; `interval` in seconds, None when it is only fired by hand."""

    name: str
    handler: Handler
    interval: float | None

    def fire(self) -> Any:
        """Invoke the handler now; answers what it answers and lets its exceptions through."""
        log.info("%s: fired", self.name)
        return self.handler(scheduled_event(self.name), lambda_context(self.name))


def schedules(app: Chalice, intervals: Mapping[str, float] | None = None) -> list[Schedule]:
    """Every schedule that `app` registers; `intervals` (seconds, by name) go before the registered rate.

    A cron expression is not evaluated here: without an interval its schedule is only fired by hand.
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
    """Fire each schedule every interval, the first time after one, until `stop` is set.

    A clock that was moved ahead past several times of a schedule fires it once, and then an interval later.
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
    """The event EventBridge sends when a rule's time has come."""
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
