"""Evaluates alarms as CloudWatch does. The alarms are read from the template as CloudFormation gets it.

Missing data: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html. Suppressed
composites: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html. A period ends now
and not at a full minute of the clock: each minute, an alarm of five minutes is evaluated on the last five.
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
"""Extra periods before the evaluated ones, which CloudWatch reads when some periods have no data."""

_COMPARE: Mapping[str, tuple[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": (">", operator.gt),
    "GreaterThanOrEqualToThreshold": (">=", operator.ge),
    "LessThanThreshold": ("<", operator.lt),
}
_GRADES = {"PageTopicArn": "page", "TicketTopicArn": "ticket"}
SIGNAL = "signal"

Points = Sequence[float | None]
"""One value for each period, the oldest first, or None where there is no data."""


@dataclass(frozen=True)
class AlarmBasics:
    """The fields of both kinds of alarms. `grade` is `page`, `ticket`, or SIGNAL, which notifies no topic."""

    name: str
    grade: str
    run_book: str


@dataclass(frozen=True)
class Query:
    """One metric of an alarm, and its statistic."""

    key: Key
    stat: str


@dataclass(frozen=True)
class MetricAlarm(AlarmBasics):
    """An alarm on metrics. It fires when `datapoints_to_alarm` of the last `periods` are beyond the threshold."""

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
        """Returns how many periods are read."""
        return self.periods + EXTRA

    def period_values(self, datapoints: Datapoints, now: float) -> list[float | None]:
        """Returns one value for each period that is read. The last period ends now."""
        starts = [now - self.period * n for n in range(self.evaluated_periods, 0, -1)]
        return [evaluate(self.expression, self._values(datapoints, start)) for start in starts]

    def _values(self, datapoints: Datapoints, start: float) -> Values:
        return {
            name: datapoints.statistic(query.key, query.stat, start, start + self.period)
            for name, query in self.queries.items()
        }

    def values_from_series(self, series: Mapping[str, Points]) -> list[float | None]:
        """Returns the values of periods, from a series of values for the id of each query."""
        length = max(len(values) for values in series.values())
        padded = {name: [*series.get(name, ()), *[None] * length] for name in self.queries}
        return [
            evaluate(self.expression, {name: values[n] for name, values in padded.items()}) for n in range(length)
        ]

    def fires(self, points: Points) -> bool:
        """Returns True if the alarm fires after these periods. Values of earlier periods count before missing data
        does.
        """
        values = [point for point in points[-self.evaluated_periods :] if point is not None][-self.periods :]
        missing = self.periods - len(values)
        bad = sum(self.beyond(point) for point in values) + (missing if self.missing_is_bad else 0)
        return bad >= self.datapoints_to_alarm

    def beyond(self, value: float) -> bool:
        """Returns True if a value is beyond the threshold."""
        return _COMPARE[self.comparison][1](value, self.threshold)

    @property
    def limit(self) -> str:
        """Returns the threshold in words, for example `> 0`."""
        return f"{_COMPARE[self.comparison][0]} {self.threshold:g}"


@dataclass(frozen=True)
class CompositeAlarm(AlarmBasics):
    """An alarm that fires when all its parts fire. It notifies a topic unless its suppressor fires too."""

    parts: tuple[str, ...]
    suppressor: str | None
    wait: int
    extension: int

    def fires(self, firing: set[str]) -> bool:
        """Returns True if the alarm fires while these alarms fire."""
        return set(self.parts) <= firing

    def notifies(self, now: float, since: float, suppressed_at: float | None) -> bool:
        """Returns True if a topic is notified now.

        The alarm has fired since `since`, and its suppressor fired last at `suppressed_at`. The alarm waits for its
        suppressor to fire too, and stays silent for a while after its suppressor.
        """
        if self.suppressor is None:
            return True
        quiet_until = since + self.wait
        if suppressed_at is not None:
            quiet_until = max(quiet_until, suppressed_at + self.extension)
        return now >= quiet_until


Alarm = MetricAlarm | CompositeAlarm


def from_template(resources: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Alarm]:
    """Returns every alarm of a template by its name without the stack's name. `names` has the values of ${…}."""
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
    """Returns the threshold. If it depends on a condition, the stack's parameters are assumed to have their
    defaults.
    """
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
