"""Simulates CloudWatch and EventBridge for a running local stack, minute by minute, on a clock that can skip."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from infra.local.cloudwatch.alarms import SIGNAL, Alarm, CompositeAlarm, MetricAlarm, from_template
from infra.local.cloudwatch.clock import SkippingClock
from infra.local.cloudwatch.datapoints import Datapoints
from infra.local.cloudwatch.sources import STACK_NAME, of_log_line, of_queues
from infra.local.lines import Tail
from infra.local.stack import LocalStack
from infra.template import merge_template

MINUTE = 60
STATES_FILE = "alarms.json"
"""The file next to the stack's logs in which a watch stores the alarms that fire, for `./ops status`."""


@dataclass
class WatchedAlarm:
    """The state of one alarm, and the time `since` which it has this state."""

    alarm: Alarm
    firing: bool = False
    notifies: bool = False
    since: float = 0.0
    points: list[float | None] = field(default_factory=list)

    @property
    def latest(self) -> float | None:
        """Returns the latest value that was evaluated, or None."""
        return next((point for point in reversed(self.points) if point is not None), None)


class WatchedAlarms:
    """All alarms of the template, evaluated once a minute."""

    def __init__(self, alarms: Mapping[str, Alarm]) -> None:
        self._watched = {name: WatchedAlarm(alarm) for name, alarm in alarms.items()}
        self._fired_at: dict[str, float] = {}
        self.ever_notified: set[str] = set()
        """Every alarm that has notified a topic."""

    def __getitem__(self, name: str) -> WatchedAlarm:
        return self._watched[name]

    def __iter__(self) -> Iterator[WatchedAlarm]:
        yield from self._watched.values()

    def judge(self, datapoints: Datapoints, now: float) -> None:
        """Evaluates each alarm as of now. Composite alarms are evaluated after their parts."""
        for watched in self._watched.values():
            if isinstance(watched.alarm, MetricAlarm):
                watched.points = watched.alarm.period_values(datapoints, now)
                self._set_state(watched, watched.alarm.fires(watched.points), now)
                watched.notifies = watched.firing and watched.alarm.grade != SIGNAL
        firing_names = {name for name, watched in self._watched.items() if watched.firing}
        self._fired_at |= dict.fromkeys(firing_names, now)
        for watched in self._watched.values():
            if isinstance(watched.alarm, CompositeAlarm):
                self._set_state(watched, watched.alarm.fires(firing_names), now)
                suppressed_at = self._fired_at.get(watched.alarm.suppressor or "")
                watched.notifies = watched.firing and watched.alarm.notifies(now, watched.since, suppressed_at)
        self.ever_notified.update(self.notifying())

    def _set_state(self, watched: WatchedAlarm, firing: bool, now: float) -> None:
        if firing != watched.firing:
            watched.firing, watched.since = firing, now

    def notifying(self) -> list[str]:
        """Returns the names of the alarms that notify a topic now."""
        return sorted(name for name, watched in self._watched.items() if watched.notifies)


class Watch:
    """Collects the metrics of a stack, skips its time, and evaluates its alarms."""

    def __init__(self, stack: LocalStack, clock: SkippingClock | None = None) -> None:
        self.clock = clock or SkippingClock()
        self.datapoints = Datapoints()
        self.began_at = self.clock.now()
        self._stack = stack
        names = {"AWS::StackName": STACK_NAME, "RunBookUrl": "docs/runbooks"}
        self.alarms = WatchedAlarms(from_template(merge_template()["Resources"], names))
        self._logs = [Tail(stack.state_dir / "logs" / f"{part}.log") for part in ("api", "workers")]
        self._intervals = _intervals(stack)
        self._due = dict.fromkeys(self._intervals, self.began_at)

    def pass_minutes(self, minutes: int) -> None:
        """Skips minutes. At the end of each minute the alarms are evaluated, and then the due schedules run."""
        for _ in range(minutes):
            end = (self.clock.now() // MINUTE + 1) * MINUTE
            self.clock.skip_to(end)
            self.datapoints.add(of_queues(self._stack.urls.aws, self.clock, end - 1))
            for log in self._logs:
                for line in log.new_lines():
                    self.datapoints.add(of_log_line(line, self.clock))
            self.alarms.judge(self.datapoints, end)
            self._store_states()
            self._fire(name for name, due in self._due.items() if due <= end)

    def _store_states(self) -> None:
        firing_by_name = {watched.alarm.name: watched.firing for watched in self.alarms}
        (self._stack.state_dir / STATES_FILE).write_text(json.dumps(firing_by_name))

    def pass_until_fired(self, schedule: str) -> None:
        """Skips minutes until a schedule runs."""
        due = self._due[schedule]
        while self._due[schedule] == due:
            self.pass_minutes(1)

    def until(self, *names: str, firing: bool, at_most: int) -> bool:
        """Skips minutes until all these alarms fire, or none does. Returns True if that happened in time."""
        for _ in range(at_most):
            if all(self.alarms[name].notifies is firing for name in names):
                return True
            self.pass_minutes(1)
        return all(self.alarms[name].notifies is firing for name in names)

    def _fire(self, names: Iterable[str]) -> None:
        """Runs schedules. A tick is lost while the workers do not run. A failed tick is left to the next one."""
        workers_run = False
        for name in list(names):
            self._due[name] += self._intervals[name]
            with suppress(RuntimeError, urllib.error.URLError):
                self._stack.fire(name)
                workers_run = True
        if workers_run:
            self._stack.wait_until_idle()


def _intervals(stack: LocalStack) -> dict[str, float]:
    """Returns the interval of each schedule in seconds, by its name."""
    with urllib.request.urlopen(stack.urls.control, timeout=10) as response:
        schedules = json.loads(response.read())["schedules"]
    return {name: float(interval) for name, interval in schedules.items() if interval is not None}
