"""CloudWatch and EventBridge around a running local stack, minute by minute, on a clock that can be moved."""

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
JUDGED = "alarms.json"
"""The file beside the stack's logs in which a watch keeps which alarms ring, for `./ops status`."""


@dataclass
class Bell:
    """One alarm as it stands, and `since` when."""

    alarm: Alarm
    ringing: bool = False
    tells: bool = False
    since: float = 0.0
    points: list[float | None] = field(default_factory=list)

    @property
    def latest(self) -> float | None:
        """The latest value that was judged."""
        return next((point for point in reversed(self.points) if point is not None), None)


class Bells:
    """All alarms of the template, judged once a minute."""

    def __init__(self, alarms: Mapping[str, Alarm]) -> None:
        self._bells = {name: Bell(alarm) for name, alarm in alarms.items()}
        self._rang_at: dict[str, float] = {}
        self.ever_told: set[str] = set()
        """Every alarm that somebody was told of since the first look."""

    def __getitem__(self, name: str) -> Bell:
        return self._bells[name]

    def __iter__(self) -> Iterator[Bell]:
        yield from self._bells.values()

    def judge(self, datapoints: Datapoints, now: float) -> None:
        """Judge each alarm as of now; the composites after those that they are made of."""
        for bell in self._bells.values():
            if isinstance(bell.alarm, MetricAlarm):
                bell.points = bell.alarm.measured(datapoints, now)
                self._turn(bell, bell.alarm.rings(bell.points), now)
                bell.tells = bell.ringing and bell.alarm.grade != SIGNAL
        ringing = {name for name, bell in self._bells.items() if bell.ringing}
        self._rang_at |= dict.fromkeys(ringing, now)
        for bell in self._bells.values():
            if isinstance(bell.alarm, CompositeAlarm):
                self._turn(bell, bell.alarm.rings(ringing), now)
                suppressed_at = self._rang_at.get(bell.alarm.suppressor or "")
                bell.tells = bell.ringing and bell.alarm.tells(now, bell.since, suppressed_at)
        self.ever_told.update(self.telling())

    def _turn(self, bell: Bell, ringing: bool, now: float) -> None:
        if ringing != bell.ringing:
            bell.ringing, bell.since = ringing, now

    def telling(self) -> list[str]:
        """Those that somebody is told of, by name."""
        return sorted(name for name, bell in self._bells.items() if bell.tells)


class Watch:
    """Collects what a stack measures, lets time pass on it, and judges its alarms."""

    def __init__(self, stack: LocalStack, clock: SkippingClock | None = None) -> None:
        self.clock = clock or SkippingClock()
        self.datapoints = Datapoints()
        self.began_at = self.clock.now()
        self._stack = stack
        names = {"AWS::StackName": STACK_NAME, "RunBookUrl": "docs/runbooks"}
        self.bells = Bells(from_template(merge_template()["Resources"], names))
        self._logs = [Tail(stack.state_dir / "logs" / f"{part}.log") for part in ("api", "workers")]
        self._intervals = _intervals(stack)
        self._due = dict.fromkeys(self._intervals, self.began_at)

    def pass_minutes(self, minutes: int) -> None:
        """Let so many minutes end: at each end what was measured is judged, and then schedules fire that are due."""
        for _ in range(minutes):
            end = (self.clock.now() // MINUTE + 1) * MINUTE
            self.clock.skip_to(end)
            self.datapoints.add(of_queues(self._stack.urls.aws, self.clock, end - 1))
            for log in self._logs:
                for line in log.new_lines():
                    self.datapoints.add(of_log_line(line, self.clock))
            self.bells.judge(self.datapoints, end)
            self._keep()
            self._fire(name for name, due in self._due.items() if due <= end)

    def _keep(self) -> None:
        ringing = {bell.alarm.name: bell.ringing for bell in self.bells}
        (self._stack.state_dir / JUDGED).write_text(json.dumps(ringing))

    def pass_until_fired(self, schedule: str) -> None:
        """Let minutes end until a schedule fires."""
        due = self._due[schedule]
        while self._due[schedule] == due:
            self.pass_minutes(1)

    def until(self, *names: str, ringing: bool, at_most: int) -> bool:
        """Let minutes pass until these alarms all ring, or are all quiet; answers whether that came in time."""
        for _ in range(at_most):
            if all(self.bells[name].tells is ringing for name in names):
                return True
            self.pass_minutes(1)
        return all(self.bells[name].tells is ringing for name in names)

    def _fire(self, names: Iterable[str]) -> None:
        """Fire schedules; a tick is lost while no worker runs, and one that fails is the next one's to do."""
        alive = False
        for name in list(names):
            self._due[name] += self._intervals[name]
            with suppress(RuntimeError, urllib.error.URLError):
                self._stack.fire(name)
                alive = True
        if alive:
            self._stack.wait_until_idle()


def _intervals(stack: LocalStack) -> dict[str, float]:
    """Every how many seconds each schedule fires, by its name."""
    with urllib.request.urlopen(stack.urls.control, timeout=10) as answer:
        said = json.loads(answer.read())["schedules"]
    return {name: float(interval) for name, interval in said.items() if interval is not None}
