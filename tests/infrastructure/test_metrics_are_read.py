"""CloudWatch bills each combination of a metric's values, so an alarm or the dashboard reads each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import pytest

from chalicelib import metrics
from chalicelib.metrics import NAMESPACE, Metric
from infra.template.alarm_list import ALARMS
from infra.template.dashboard import QUESTIONS
from infra.template.measures import Measure, Search

ANY_ROUTE = "any route"

READERS: tuple[Measure | Search, ...] = (
    *(line for question in QUESTIONS for graph in question.graphs for line in graph.lines),
    *(measure for alarm in ALARMS for measure in alarm.measures.values()),
)


def combinations(metric: Metric) -> Iterator[Mapping[str, str]]:
    """Yields the dimensions with which a metric can be written."""
    for names in (metric.dimensions, *metric.rollups):
        values = metrics.values_of(metric, names)
        for values_of_combination in product(*(each or {ANY_ROUTE} for each in values.values())):
            yield dict(zip(values, values_of_combination, strict=True))


def reads(reader: Measure | Search, metric: Metric, values: Mapping[str, str]) -> bool:
    if isinstance(reader, Search):
        fixed_values = dict(reader.fixed)
        return (
            reader.metric is metric
            and set(reader.dimensions) == set(values)
            and fixed_values.items() <= values.items()
        )
    requested_dimensions = {name: value for name, value in reader.dimensions if name != "service"}
    return (reader.namespace, reader.name) == (NAMESPACE, metric.name) and requested_dimensions == values


@pytest.mark.parametrize("name", metrics.METRICS)
def test_each_emitted_combination_of_dimensions_is_read_by_an_alarm_or_a_widget(name: str) -> None:
    metric = metrics.METRICS[name]
    unread = [
        combination
        for combination in combinations(metric)
        if not any(reads(each, metric, combination) for each in READERS)
    ]
    assert unread == []
