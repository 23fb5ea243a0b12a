"""How alarms are said, and what CloudFormation is told of them. Which there are is in `alarm_list`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.template.intrinsics import Json, ref, sub
from infra.template.measures import Measure

RUN_BOOKS = "docs/runbooks"
SUPPRESSION_WAIT = 300
SUPPRESSION_EXTENSION = 300
"""Seconds for which a suppressed alarm waits for its suppressor, and stays quiet after it."""


class Grade(StrEnum):
    """How soon a person must look."""

    PAGE = "page"
    TICKET = "ticket"
    SIGNAL = "signal"
    """Nobody is told: other alarms are made of it."""


class Missing(StrEnum):
    """What no data means: there was nothing to count, or whoever counts is gone."""

    FINE = "notBreaching"
    BAD = "breaching"


TOPICS = {Grade.PAGE: "PageTopicArn", Grade.TICKET: "TicketTopicArn"}
"""The parameter that names the SNS topic of each grade."""

MOST_METRICS = 10
"""In one alarm on metric math (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html)."""

COMPARISONS = {
    ">": "GreaterThanThreshold",
    ">=": "GreaterThanOrEqualToThreshold",
    "<": "LessThanThreshold",
}


@dataclass(frozen=True)
class Alarm:
    """One alarm. `expression` is CloudWatch's metric math over the ids of `measures`; without it there is one.

    It rings when the last `periods` of `period` seconds all are beyond the threshold.
    """

    name: str
    says: str
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
        """As CloudFormation knows it."""
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": {**self._properties, **self._metrics}}

    @property
    def _properties(self) -> Json:
        return {
            **_common_properties(self.name, self.says, self.grade, self.run_book),
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
    """Rings when all of `alarms` do, unless `suppressor` tells that the cause is known."""

    name: str
    says: str
    grade: Grade
    run_book: str
    alarms: tuple[str, ...]
    suppressor: str | None = None

    def resource(self) -> Json:
        """As CloudFormation knows it."""
        rule = " AND ".join(f'ALARM("${{AWS::StackName}}-{name}")' for name in self.alarms)
        properties = {**_common_properties(self.name, self.says, self.grade, self.run_book), "AlarmRule": sub(rule)}
        if self.suppressor is not None:
            properties |= {
                "ActionsSuppressor": sub(f"${{AWS::StackName}}-{self.suppressor}"),
                "ActionsSuppressorWaitPeriod": SUPPRESSION_WAIT,
                "ActionsSuppressorExtensionPeriod": SUPPRESSION_EXTENSION,
            }
        parts = [alarm_id(name) for name in (*self.alarms, *filter(None, [self.suppressor]))]
        return {"Type": "AWS::CloudWatch::CompositeAlarm", "DependsOn": parts, "Properties": properties}


def sum_of(names: Iterable[str]) -> str:
    """Returns the sum of metrics as CloudWatch's expression; one that has no data counts as 0."""
    return " + ".join(f"FILL({name}, 0)" for name in names)


def in_portions(name: str, measures: Sequence[Measure]) -> Iterator[tuple[str, dict[str, Measure]]]:
    """Yields names and metrics of as few alarms as can hold them; the first has the name itself."""
    for number, start in enumerate(range(0, len(measures), MOST_METRICS), start=1):
        yield name + (str(number) if number > 1 else ""), with_ids(measures[start : start + MOST_METRICS])


def with_ids(measures: Sequence[Measure]) -> dict[str, Measure]:
    """Returns metrics by the names that they have in an expression."""
    return {f"m{number}": measure for number, measure in enumerate(measures)}


def alarm_id(name: str) -> str:
    """The logical id of an alarm."""
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
