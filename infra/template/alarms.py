"""The classes of alarms, and the CloudFormation resources that they become. `alarm_list` has the alarms
themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.template.intrinsics import Json, ref, sub
from infra.template.measures import Measure

RUN_BOOKS = "docs/runbooks"
SUPPRESSION_WAIT = 300
SUPPRESSION_EXTENSION = 300
"""Seconds for which a suppressed alarm waits for its suppressor, and for which it stays silent after its
suppressor.
"""


class Grade(StrEnum):
    """How soon a person must react to an alarm."""

    PAGE = "page"
    TICKET = "ticket"
    SIGNAL = "signal"
    """Notifies no topic: other alarms are composed of it."""


class Missing(StrEnum):
    """How an alarm treats missing data: as nothing to count, or as a sign that the source of the metric has
    stopped.
    """

    FINE = "notBreaching"
    BAD = "breaching"


TOPICS = {Grade.PAGE: "PageTopicArn", Grade.TICKET: "TicketTopicArn"}
"""The parameter that names the SNS topic of each grade."""

MOST_METRICS = 10
"""The most metrics in one alarm on metric math
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html).
"""

COMPARISONS = {
    ">": "GreaterThanThreshold",
    ">=": "GreaterThanOrEqualToThreshold",
    "<": "LessThanThreshold",
}


@dataclass(frozen=True)
class Alarm:
    """One alarm on metrics.

    `expression` is CloudWatch's metric math over the ids of `measures`. An alarm without an expression has one
    measure. The alarm fires when each of the last `periods` periods, of `period` seconds each, is beyond the
    threshold.
    """

    name: str
    description: str
    grade: Grade
    run_book: str
    measures: Mapping[str, Measure]
    threshold: float
    period: int
    periods: int = 1
    comparison: str = ">"
    expression: str | None = None
    missing: Missing = Missing.FINE

    def resource(self) -> Json:
        """Returns the alarm as a CloudFormation resource."""
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": {**self._properties, **self._metrics}}

    @property
    def _properties(self) -> Json:
        return {
            **_common_properties(self.name, self.description, self.grade, self.run_book),
            "ComparisonOperator": COMPARISONS[self.comparison],
            "Threshold": self.threshold,
            "EvaluationPeriods": self.periods,
            "DatapointsToAlarm": self.periods,
            "TreatMissingData": self.missing.value,
        }

    @property
    def _metrics(self) -> Json:
        queries: list[Json] = [
            {"Id": name, "MetricStat": measure.for_alarm(self.period), "ReturnData": self.expression is None}
            for name, measure in self.measures.items()
        ]
        if self.expression is not None:
            evaluated_expression = {
                "Id": "judged",
                "Expression": self.expression,
                "Label": self.name,
                "ReturnData": True,
            }
            queries.append(evaluated_expression)
        return {"Metrics": queries}


@dataclass(frozen=True)
class Composite:
    """An alarm that fires when all of `alarms` fire, unless `suppressor` fires too, because then the cause is
    known.
    """

    name: str
    description: str
    grade: Grade
    run_book: str
    alarms: tuple[str, ...]
    suppressor: str | None = None

    def resource(self) -> Json:
        """Returns the alarm as a CloudFormation resource."""
        rule = " AND ".join(f'ALARM("${{AWS::StackName}}-{name}")' for name in self.alarms)
        properties = {
            **_common_properties(self.name, self.description, self.grade, self.run_book),
            "AlarmRule": sub(rule),
        }
        if self.suppressor is not None:
            properties |= {
                "ActionsSuppressor": sub(f"${{AWS::StackName}}-{self.suppressor}"),
                "ActionsSuppressorWaitPeriod": SUPPRESSION_WAIT,
                "ActionsSuppressorExtensionPeriod": SUPPRESSION_EXTENSION,
            }
        parts = [alarm_id(name) for name in (*self.alarms, *filter(None, [self.suppressor]))]
        return {"Type": "AWS::CloudWatch::CompositeAlarm", "DependsOn": parts, "Properties": properties}


def sum_of(names: Iterable[str]) -> str:
    """Returns the sum of metrics as an expression of CloudWatch. A metric without data counts as 0."""
    return " + ".join(f"FILL({name}, 0)" for name in names)


def in_portions(name: str, measures: Sequence[Measure]) -> Iterator[tuple[str, dict[str, Measure]]]:
    """Yields a name and its metrics for each of as few alarms as can hold them. The first one has the plain name."""
    for number, start in enumerate(range(0, len(measures), MOST_METRICS), start=1):
        yield name + (str(number) if number > 1 else ""), with_ids(measures[start : start + MOST_METRICS])


def with_ids(measures: Sequence[Measure]) -> dict[str, Measure]:
    """Returns the measures by the ids that an expression uses for them: `m0`, `m1` and so on."""
    return {f"m{number}": measure for number, measure in enumerate(measures)}


def alarm_id(name: str) -> str:
    """Returns the logical id of an alarm."""
    return f"{name}Alarm"


def _common_properties(name: str, description: str, grade: Grade, run_book: str) -> Json:
    actions = [ref(TOPICS[grade])] if grade in TOPICS else []
    return {
        "AlarmName": sub(f"${{AWS::StackName}}-{name}"),
        "AlarmDescription": sub(f"{grade.upper()}: {description} Run book: ${{RunBookUrl}}/{run_book}"),
        "ActionsEnabled": bool(actions),
        "AlarmActions": actions,
        "OKActions": actions,
    }
