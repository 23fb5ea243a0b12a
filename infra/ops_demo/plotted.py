"""The lines that a widget of the dashboard draws for a recording, computed as CloudWatch computes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local.cloudwatch.datapoints import Key
from infra.local.cloudwatch.expressions import evaluate
from infra.local.cloudwatch.sources import STACK_NAME
from infra.ops_demo.recording import Recording

_SEARCH = re.compile(r"SEARCH\('\{([^}]+)} (.+)', '(\w+)'\)")
_TERM = re.compile(r'(\w+)="([^"]*)"')

Points = Sequence[float | None]


@dataclass(frozen=True)
class Line:
    """One line of a graph with a value for each period, or None where nothing was measured."""

    label: str
    points: Points

    @property
    def has_data(self) -> bool:
        """Returns True if the line has a value to draw."""
        return any(point is not None for point in self.points)


def lines(properties: dict[str, Any], recording: Recording) -> list[Line]:
    """Returns every line of a widget, in the widget's order."""
    period = properties["period"]
    metrics = {row[-1].get("id"): _points(row, recording, period) for row in properties["metrics"] if len(row) > 1}
    all_lines: list[Line] = []
    for row in properties["metrics"]:
        options = row[-1]
        if not options.get("visible", True):
            continue
        expression = options.get("expression")
        if expression is None:
            all_lines.append(Line(options.get("label") or row[1], _points(row, recording, period)))
        elif search_match := _SEARCH.fullmatch(expression):
            all_lines += _search_lines(search_match, recording, period)
        else:
            all_lines.append(Line(options["label"], _expression_points(expression, metrics)))
    return all_lines


def _points(row: Sequence[Any], recording: Recording, period: int) -> list[float | None]:
    namespace, name, *flat, options = row
    values = [value.replace("${AWS::StackName}", STACK_NAME) for value in flat[1::2]]
    return _statistics(
        Key.of(namespace, name, dict(zip(flat[::2], values, strict=True))), options["stat"], recording, period
    )


def _statistics(key: Key, stat: str, recording: Recording, period: int) -> list[float | None]:
    starts = range(0, recording.seconds + 1, period)
    return [recording.datapoints.statistic(key, stat, start, start + period) for start in starts]


def _search_lines(search: re.Match[str], recording: Recording, period: int) -> Iterator[Line]:
    namespace, *dimensions = search[1].split(",")
    terms = dict(_TERM.findall(search[2]))
    name = terms.pop("MetricName")
    for key in sorted(recording.datapoints.keys(), key=lambda key: sorted(key.dimensions)):
        key_dimensions = dict(key.dimensions)
        if (key.namespace, key.name, set(key_dimensions)) != (namespace, name, set(dimensions)):
            continue
        if terms.items() <= key_dimensions.items():
            label = " ".join(key_dimensions[each] for each in dimensions if each not in {"service", *terms})
            yield Line(label, _statistics(key, search[3], recording, period))


def _expression_points(expression: str, metrics: dict[str, list[float | None]]) -> list[float | None]:
    periods = range(max(len(points) for points in metrics.values()))
    return [evaluate(expression, {name: points[n] for name, points in metrics.items()}) for n in periods]
