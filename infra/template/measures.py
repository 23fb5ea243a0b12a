"""The metrics of alarms and of the dashboard: POM's own metrics from `chalicelib.metrics`, and AWS's metrics.

A POM metric that the code never emits, or never emits with the given dimensions, cannot be built here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.metrics import NAMESPACE, SERVICE, Metric, values_of
from infra.template.intrinsics import Json, sub

STACK = "${AWS::StackName}"
SQS = "AWS/SQS"
API_GATEWAY = "AWS/ApiGateway"
LAMBDA = "AWS/Lambda"
DYNAMODB = "AWS/DynamoDB"
BACKUP = "AWS/Backup"

_QUEUE, _API, _FUNCTION, _TABLE = ((name,) for name in ("QueueName", "ApiName", "FunctionName", "TableName"))
_VAULT = ("BackupVaultName",)
_INDEX = (*_TABLE, "GlobalSecondaryIndexName")
_ACCOUNT: tuple[str, ...] = ()

AWS_METRICS: Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]] = {
    SQS: {"ApproximateNumberOfMessagesVisible": (_QUEUE,), "ApproximateAgeOfOldestMessage": (_QUEUE,)},
    API_GATEWAY: {"Count": (_API,), "5XXError": (_API,), "4XXError": (_API,)},
    LAMBDA: {
        "Invocations": (_FUNCTION,),
        "Errors": (_FUNCTION,),
        "Throttles": (_FUNCTION,),
        "Duration": (_FUNCTION,),
        "IteratorAge": (_FUNCTION,),
        "ConcurrentExecutions": (_ACCOUNT,),
        "ClaimedAccountConcurrency": (_ACCOUNT,),
    },
    DYNAMODB: {
        "ConsumedReadCapacityUnits": (_TABLE,),
        "ConsumedWriteCapacityUnits": (_TABLE, _INDEX),
        "ReadThrottleEvents": (_TABLE,),
        "WriteThrottleEvents": (_TABLE, _INDEX),
    },
    BACKUP: {
        "NumberOfCopyJobsCompleted": (_VAULT,),
        "NumberOfCopyJobsFailed": (_VAULT,),
        "NumberOfBackupJobsFailed": (_VAULT,),
    },
}
"""AWS's metrics that are used here, each with the sets of dimensions that AWS writes
(https://docs.aws.amazon.com/cloudwatch, by service;
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html).
"""

STATS = frozenset({"Sum", "SampleCount", "Average", "Minimum", "Maximum", "p50", "p90", "p99"})


class NoSuchMeasure(ValueError):
    """No code emits this metric."""


@dataclass(frozen=True)
class Measure:
    """One statistic of one metric. Values of dimensions may contain CloudFormation's ${…} variables."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str
    label: str = ""

    def for_alarm(self, period: int) -> Json:
        """Returns the measure as a `MetricStat`."""
        dimensions = [{"Name": name, "Value": _text(value)} for name, value in self.dimensions]
        metric = {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}
        return {"Metric": metric, "Period": period, "Stat": self.stat}

    def for_widget(self, **options: Any) -> list[Any]:
        """Returns the measure as a row of a widget's metrics."""
        flat = [text for pair in self.dimensions for text in pair]
        all_options = {"stat": self.stat, **({"label": self.label} if self.label else {}), **options}
        return [self.namespace, self.name, *flat, all_options]


@dataclass(frozen=True)
class Search:
    """All metrics of one name with these values of some dimensions. A widget draws one line for each of them."""

    metric: Metric
    stat: str
    dimensions: tuple[str, ...]
    fixed: tuple[tuple[str, str], ...] = ()

    def for_widget(self) -> list[Any]:
        """Returns the search as a row of a widget's metrics."""
        schema = ",".join([NAMESPACE, "service", *self.dimensions])
        terms = [f'MetricName="{self.metric.name}"', *(f'{name}="{value}"' for name, value in self.fixed)]
        return [{"expression": f"SEARCH('{{{schema}}} {' '.join(terms)}', '{self.stat}')"}]


def pom_metric(metric: Metric, stat: str, label: str = "", **dimensions: str) -> Measure:
    """Returns a measure of one of POM's own metrics.

    Raises:
        NoSuchMeasure: the code never emits the metric with these dimensions or values.
    """
    dimension_sets = [each for each in (metric.dimensions, *metric.rollups) if set(each) == set(dimensions)]
    if not dimension_sets:
        raise NoSuchMeasure(f"{metric.name} is not written by {sorted(dimensions)}")
    _check(metric, dimension_sets[0], stat, dimensions)
    named_dimensions = (("service", SERVICE), *dimensions.items())
    return Measure(
        NAMESPACE, metric.name, named_dimensions, stat, label or next(iter(dimensions.values()), metric.name)
    )


def search(metric: Metric, stat: str, **fixed_values: str) -> Search:
    """Returns a search for all lines of one of POM's own metrics.

    Raises:
        NoSuchMeasure: the metric does not have these dimensions, or never has these values.
    """
    _check(metric, metric.dimensions, stat, fixed_values)
    return Search(metric, stat, metric.dimensions, tuple(fixed_values.items()))


def aws_metric(namespace: str, name: str, value: str | tuple[str, ...], stat: str, label: str = "") -> Measure:
    """Returns a measure of one of AWS's metrics.

    `value` names the resource, or has a value for each dimension. An empty tuple stands for the whole account.

    Raises:
        NoSuchMeasure: the metric is not on the list of AWS's metrics.
    """
    values = (value,) if isinstance(value, str) else value
    dimension_sets = AWS_METRICS.get(namespace, {}).get(name, ())
    dimensions = next((each for each in dimension_sets if len(each) == len(values)), None)
    if dimensions is None or stat not in STATS:
        raise NoSuchMeasure(f"{namespace} {name} {stat} of {values} is not on the list")
    return Measure(namespace, name, tuple(zip(dimensions, values, strict=True)), stat, label)


def _check(metric: Metric, dimension_names: tuple[str, ...], stat: str, dimensions: Mapping[str, str]) -> None:
    if stat not in STATS:
        raise NoSuchMeasure(f"there is no statistic {stat}")
    values = values_of(metric, dimension_names)
    for name, value in dimensions.items():
        if name not in values:
            raise NoSuchMeasure(f"{metric.name} has no dimension {name}")
        possible_values = values[name]
        if possible_values is not None and value not in possible_values:
            raise NoSuchMeasure(f"{metric.name} is never written with {name}={value}")


def _text(value: str) -> str | Json:
    return sub(value) if "${" in value else value
