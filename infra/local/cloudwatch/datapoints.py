"""The measured data points by metric, and CloudWatch's statistics of them."""

from __future__ import annotations

import json
import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class Key(NamedTuple):
    """One metric. CloudWatch treats each set of dimensions as a metric of its own."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> Key:
        """Returns the metric of this name with these dimensions."""
        return cls(namespace, name, frozenset(dimensions.items()))


@dataclass(frozen=True, slots=True)
class Datapoint:
    """One value, measured at `at` (epoch seconds)."""

    key: Key
    at: float
    value: float


class Datapoints:
    """The data points of all metrics."""

    def __init__(self, datapoints: Iterable[Datapoint] = ()) -> None:
        self._series: dict[Key, list[tuple[float, float]]] = {}
        self.add(datapoints)

    def add(self, datapoints: Iterable[Datapoint]) -> None:
        """Adds data points. They may come in any order."""
        for each in datapoints:
            insort(self._series.setdefault(each.key, []), (each.at, each.value))

    def keys(self) -> Iterator[Key]:
        """Yields every metric that has data points."""
        yield from self._series

    def of(self, key: Key) -> list[tuple[float, float]]:
        """Returns the times and values of one metric, the oldest first."""
        return self._series.get(key, [])

    def statistic(self, key: Key, stat: str, since: float, until: float) -> float | None:
        """Returns a statistic of the values from `since` until before `until`, or None if there are no values."""
        series = self._series.get(key, [])
        first, end = (bisect_left(series, (moment, -math.inf)) for moment in (since, until))
        values = [value for _, value in series[first:end]]
        return _statistic(stat, values) if values else None


def _statistic(stat: str, values: list[float]) -> float:
    match stat:
        case "Sum":
            return math.fsum(values)
        case "SampleCount":
            return float(len(values))
        case "Average":
            return math.fsum(values) / len(values)
        case "Minimum":
            return min(values)
        case "Maximum":
            return max(values)
    rank = math.ceil(len(values) * float(stat.removeprefix("p")) / 100)
    return sorted(values)[max(rank, 1) - 1]


def of_emf(line: str) -> Iterator[tuple[int, Key, float]]:
    """Yields the metrics in one line of CloudWatch's embedded metric format: time (epoch milliseconds), key and
    value.

    A line of another kind yields nothing. The format:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    if not line.startswith('{"_aws"'):
        return
    document: dict[str, Any] = json.loads(line)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(document[name]) for name in names}
            for metric in directive["Metrics"]:
                key = Key.of(directive["Namespace"], metric["Name"], dimensions)
                values = document[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield document["_aws"]["Timestamp"], key, float(value)
