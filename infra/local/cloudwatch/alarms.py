"""Alarms as CloudWatch judges them, read from the template as CloudFormation gets it.

Missing data: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html.
Suppressed composites: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html.
A period is the time that ends now, not one of the clock's: an alarm of five minutes is judged each minute on the
last five.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local.cloudwatch.datapoints import Datapoints, Key
from infra.local.cloudwatch.expressions import Values, evaluate

EXTRA = 2
"""Periods before the evaluated ones that CloudWatch looks at when some have no data."""

_COMPARE: Mapping[str, tuple[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": (">", operator.gt),
    "GreaterThanOrEqualToThreshold": (">=", operator.ge),
    "LessThanThreshold": ("<", operator.lt),
}
_GRADES = {"PageTopicArn": "page", "TicketTopicArn": "ticket"}
SIGNAL = "signal"

Points = Sequence[float | None]
"""One value a period, oldest first; None where there is no data."""


@dataclass(frozen=True)
class AlarmBasics:
    """What alarms of both kinds have in common. `grade` is `page`, `ticket`, or SIGNAL, which tells nobody."""

    name: str
    grade: str
    run_book: str


@dataclass(frozen=True)
class Query:
    """One metric that an alarm looks at."""

    key: Key
    stat: str


@dataclass(frozen=True)
class MetricAlarm(AlarmBasics):
    """An alarm on metrics: rings when `enough` of the last `periods` are beyond the threshold."""

    queries: Mapping[str, Query]
    expression: str
    period: int
    comparison: str
    threshold: float
    periods: int
    datapoints_to_alarm: int
    missing_is_bad: bool

    @property
    def evaluated_periods(self) -> int:
        """How many periods are looked at."""
        return self.periods + EXTRA

    def period_values(self, datapoints: Datapoints, now: float) -> list[float | None]:
        """One value for each period that is looked at; the last ends now."""
        starts = [now - self.period * n for n in range(self.evaluated_periods, 0, -1)]
        return [evaluate(self.expression, self._values(datapoints, start)) for start in starts]

    def _values(self, datapoints: Datapoints, start: float) -> Values:
        return {
            name: datapoints.statistic(query.key, query.stat, start, start + self.period)
            for name, query in self.queries.items()
        }

    def evaluate(self, series: Mapping[str, Points]) -> list[float | None]:
        """The values of periods of which each metric's value is given by the id of its query."""
        length = max(len(values) for values in series.values())
        padded = {name: [*series.get(name, ()), *[None] * length] for name in self.queries}
        return [
            evaluate(self.expression, {name: values[n] for name, values in padded.items()}) for n in range(length)
        ]

    def fires(self, points: Points) -> bool:
        """Whether it rings after these periods: real data of earlier ones goes before what missing data means."""
        values = [point for point in points[-self.evaluated_periods :] if point is not None][-self.periods :]
        missing = self.periods - len(values)
        bad = sum(self.beyond(point) for point in values) + (missing if self.missing_is_bad else 0)
        return bad >= self.datapoints_to_alarm

    def beyond(self, value: float) -> bool:
        """Whether a value is beyond the threshold."""
        return _COMPARE[self.comparison][1](value, self.threshold)

    @property
    def limit(self) -> str:
        """The threshold as people write it, say `> 0`."""
        return f"{_COMPARE[self.comparison][0]} {self.threshold:g}"


@dataclass(frozen=True)
class CompositeAlarm(AlarmBasics):
    """Rings when all its parts do; tells it only if its suppressor does not ring too."""

    parts: tuple[str, ...]
    suppressor: str | None
    wait: int
    extension: int

    def fires(self, firing: set[str]) -> bool:
        """Whether it rings while these do."""
        return set(self.parts) <= firing

    def notifies(self, now: float, since: float, suppressed_at: float | None) -> bool:
        """Whether somebody is told, if it has rung since `since`, and its suppressor rang last at `suppressed_at`.

        It waits a while for its suppressor to ring too, and a while after its suppressor has stopped.
        """
        if self.suppressor is None:
            return True
        quiet_until = since + self.wait
        if suppressed_at is not None:
            quiet_until = max(quiet_until, suppressed_at + self.extension)
        return now >= quiet_until


Alarm = MetricAlarm | CompositeAlarm


def from_template(resources: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Alarm]:
    """Every alarm of a template by its name without the stack's; `names` fills in ${…}."""
    fill = _Filler(names)
    alarms: dict[str, Alarm] = {}
    for resource in resources.values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            alarm: Alarm = _metric_alarm(properties, fill)
        elif resource["Type"] == "AWS::CloudWatch::CompositeAlarm":
            alarm = _composite(properties, fill)
        else:
            continue
        alarms[alarm.name] = alarm
    return alarms


class _Filler:
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self.prefix = f"{names['AWS::StackName']}-"

    def __call__(self, value: Any) -> str:
        text = value["Fn::Sub"] if isinstance(value, dict) else str(value)
        return re.sub(r"\$\{([^}]+)}", lambda match: self._names[match[1]], text)

    def name(self, value: Any) -> str:
        return self(value).removeprefix(self.prefix)


def _basics(properties: Mapping[str, Any], fill: _Filler) -> dict[str, str]:
    topics = [_GRADES[action["Ref"]] for action in properties["AlarmActions"]] if properties["ActionsEnabled"] else []
    return {
        "name": fill.name(properties["AlarmName"]),
        "grade": topics[0] if topics else SIGNAL,
        "run_book": fill(properties["AlarmDescription"]).rpartition("/")[2],
    }


def _metric_alarm(properties: Mapping[str, Any], fill: _Filler) -> MetricAlarm:
    metric_stats = {each["Id"]: each["MetricStat"] for each in properties["Metrics"] if "MetricStat" in each}
    [returned_query] = [each for each in properties["Metrics"] if each["ReturnData"]]
    [period] = {each["Period"] for each in metric_stats.values()}
    return MetricAlarm(
        **_basics(properties, fill),
        queries={name: _query(each, fill) for name, each in metric_stats.items()},
        expression=returned_query.get("Expression", returned_query["Id"]),
        period=period,
        comparison=properties["ComparisonOperator"],
        threshold=_threshold(properties["Threshold"]),
        periods=properties["EvaluationPeriods"],
        datapoints_to_alarm=properties["DatapointsToAlarm"],
        missing_is_bad=properties["TreatMissingData"] == "breaching",
    )


def _threshold(value: Any) -> float:
    """Returns the threshold. Of one that depends on a condition, that of a stack whose parameters have defaults."""
    return float(value["Fn::If"][2] if isinstance(value, Mapping) else value)


def _query(metric_stat: Mapping[str, Any], fill: _Filler) -> Query:
    metric = metric_stat["Metric"]
    dimensions = {each["Name"]: fill(each["Value"]) for each in metric["Dimensions"]}
    return Query(Key.of(metric["Namespace"], metric["MetricName"], dimensions), metric_stat["Stat"])


def _composite(properties: Mapping[str, Any], fill: _Filler) -> CompositeAlarm:
    rules = [re.fullmatch(r'ALARM\("([^"]+)"\)', part) for part in fill(properties["AlarmRule"]).split(" AND ")]
    parts = tuple(rule[1].removeprefix(fill.prefix) for rule in rules if rule is not None)
    if len(parts) != len(rules):
        raise ValueError(f"the rule of {properties['AlarmName']} is more than alarms joined by AND")
    suppressor = properties.get("ActionsSuppressor")
    return CompositeAlarm(
        **_basics(properties, fill),
        parts=parts,
        suppressor=fill.name(suppressor) if suppressor is not None else None,
        wait=properties.get("ActionsSuppressorWaitPeriod", 0),
        extension=properties.get("ActionsSuppressorExtensionPeriod", 0),
    )
