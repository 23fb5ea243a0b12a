"""`measure`: figures of a deployed stage that only AWS has, next to their budgets.

The figures come from Lambda's report lines, by CloudWatch Logs Insights, and from CloudWatch's metrics. A percentile
of a metric is that of the worst hour, because percentiles of several hours cannot be combined.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import click

from chalicelib import metrics
from chalicelib.adapters.tables.database import NAMES
from chalicelib.domain.webhook import PATH
from chalicelib.functions import API_HANDLER, FUNCTIONS
from infra.ops.cli import command, dry_run
from infra.ops.screen import Row, Screen
from infra.ops.stage import Stage
from infra.template.measures import API_GATEWAY, DYNAMODB, Measure, pom_metric
from infra.template.tables import index_names

HOUR = 3600
BATCH = 500
"""The most metrics in one request to CloudWatch."""
PATIENCE = 60.0
"""The most seconds to wait for Logs Insights."""
LOOK_EVERY = 1.0

REPORTS = (
    "filter type = 'platform.report'\n"
    "| stats count() as invocations,"
    " pct(record.metrics.durationMs, 50) as p50, pct(record.metrics.durationMs, 99) as p99,"
    " count(record.metrics.initDurationMs) as cold, pct(record.metrics.initDurationMs, 50) as cold_p50,"
    " pct(record.metrics.initDurationMs, 99) as cold_p99, max(record.metrics.maxMemoryUsedMB) as memory by @log"
)
"""The query of Lambda's report of each invocation (docs.aws.amazon.com/lambda,
monitoring-cloudwatchlogs-advanced).
"""

COLD_START = 2_000
"""Milliseconds. A cold start within this budget, plus the time that Stripe allows a webhook, delays no response
much.
"""
WEBHOOK = 1_000
WITH_STRIPE = 3_000
"""Milliseconds at p99. The dashboard states the same objectives."""
LAG = 60
"""Seconds at p99 from the creation of Stripe's event until POM has stored it."""


class LogsQueryFailed(click.ClickException):
    """Logs Insights did not finish the query."""


@dataclass(frozen=True)
class Figure:
    """One figure of CloudWatch and its budget. The figure is within its budget if it does not exceed it."""

    name: str
    measure: Measure
    unit: str
    budget: float | None = None

    def query(self, number: int) -> dict[str, Any]:
        """Returns the query in the form of `GetMetricData`."""
        return {"Id": f"m{number}", "MetricStat": self.measure.for_alarm(HOUR), "Label": self.name}

    def row_of(self, values: Sequence[float]) -> Row:
        """Returns the row of the figure for the values of all hours."""
        total = sum if self.measure.stat in {"Sum", "SampleCount"} else max
        return row(self.name, total(values) if values else None, self.unit, self.budget)


def row(name: str, measured: float | None, unit: str, budget: float | None) -> Row:
    """Returns a measured value and whether it is within its budget, which is None where either is unknown."""
    within = None if measured is None or budget is None else measured <= budget
    rounded = None if measured is None else round(measured, 3)
    return {"what": name, "measured": rounded, "unit": unit, "budget": budget, "within": within}


def figures_of(stack: str) -> Iterator[Figure]:
    """Yields every figure of CloudWatch for a stack."""
    api = (("ApiName", stack),)
    for stat, budget in (("p50", None), ("p99", WITH_STRIPE)):
        yield Figure(f"API latency {stat}", Measure(API_GATEWAY, "Latency", api, stat), "ms", budget)
    route = {"route": f"POST {PATH}", "outcome": metrics.OK}
    for stat, budget in (("p50", None), ("p99", WEBHOOK)):
        yield Figure(f"webhook {stat}", pom_metric(metrics.REQUEST_LATENCY, stat, **route), "ms", budget)
    yield Figure("webhooks", pom_metric(metrics.REQUEST_LATENCY, "SampleCount", **route), "")
    for stat, budget in (("p50", None), ("p99", LAG)):
        yield Figure(f"webhook lag {stat}", pom_metric(metrics.EVENT_LAG, stat, outcome="applied"), "s", budget)
        yield Figure(f"call of Stripe {stat}", pom_metric(metrics.STRIPE_LATENCY, stat, outcome=metrics.OK), "ms")
    for operation in ("GetItem", "TransactWriteItems"):
        place = (("TableName", f"{stack}-invoices"), ("Operation", operation))
        for stat in ("p50", "p99"):
            latency = Measure(DYNAMODB, "SuccessfulRequestLatency", place, stat)
            yield Figure(f"DynamoDB {operation} {stat}", latency, "ms")
    for model, name in NAMES.items():
        for index in (None, *index_names(model)):
            on = (("TableName", f"{stack}-{name}"), *((("GlobalSecondaryIndexName", index),) if index else ()))
            for kind in ("Read", "Write"):
                units = Measure(DYNAMODB, f"Consumed{kind}CapacityUnits", on, "Sum")
                yield Figure(f"{kind.lower()} units {name}{f' {index}' if index else ''}", units, "")


def metric_rows(cloudwatch: Any, figures: Sequence[Figure], start: int, end: int) -> list[Row]:
    """Returns a row for each figure, over the hours from `start` to `end`."""
    values: dict[str, list[float]] = {}
    for first in range(0, len(figures), BATCH):
        queries = [each.query(first + number) for number, each in enumerate(figures[first : first + BATCH])]
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=start, EndTime=end
        )
        for result in (result for page in pages for result in page["MetricDataResults"]):
            values.setdefault(result["Id"], []).extend(result["Values"])
    return [each.row_of(values.get(f"m{number}", [])) for number, each in enumerate(figures)]


def log_groups(stack: str) -> dict[str, str]:
    """Returns the name of the function that writes to each log group."""
    return {f"/aws/lambda/{stack}-{each.aws_name}": each.name for each in FUNCTIONS}


def report_rows(logs: Any, stack: str, start: int, end: int, sleep: Callable[[float], None]) -> list[Row]:
    """Returns the durations and cold starts of each function, in milliseconds.

    Raises:
        LogsQueryFailed: the query failed or took too long.
    """
    groups = log_groups(stack)
    query = logs.start_query(logGroupNames=list(groups), startTime=start, endTime=end, queryString=REPORTS)
    seconds = 0.0
    while (response := logs.get_query_results(queryId=query["queryId"]))["status"] in {"Scheduled", "Running"}:
        if seconds >= PATIENCE:
            raise LogsQueryFailed(f"CloudWatch Logs Insights has not answered within {PATIENCE:.0f} s.")
        sleep(LOOK_EVERY)
        seconds += LOOK_EVERY
    if response["status"] != "Complete":
        raise LogsQueryFailed(f"CloudWatch Logs Insights says {response['status']}.")
    lines = [{each["field"]: each["value"] for each in line} for line in response["results"]]
    return [each for line in sorted(lines, key=lambda line: line["@log"]) for each in _of_function(line, groups)]


def _of_function(line: Mapping[str, str], groups: Mapping[str, str]) -> Iterator[Row]:
    # @log is the account's id, a colon, and the group's name.
    name = groups[line["@log"].partition(":")[2] or line["@log"]]

    def value(field: str) -> float | None:
        return float(line[field]) if line.get(field) else None

    budget = COLD_START if name == API_HANDLER else None
    yield row(f"{name}: invocations", value("invocations"), "", None)
    yield row(f"{name}: duration p50", value("p50"), "ms", None)
    yield row(f"{name}: duration p99", value("p99"), "ms", None)
    yield row(f"{name}: cold starts", value("cold"), "", None)
    yield row(f"{name}: cold start p50", value("cold_p50"), "ms", None)
    yield row(f"{name}: cold start p99", value("cold_p99"), "ms", budget)
    yield row(f"{name}: memory", value("memory"), "MB", next(each.memory for each in FUNCTIONS if each.name == name))


def by_webhook(rows: Sequence[Row]) -> Row:
    """Returns the write units of all writes divided by the number of webhooks."""
    webhooks = next(each["measured"] for each in rows if each["what"] == "webhooks")
    written = sum(each["measured"] or 0 for each in rows if each["what"].startswith("write units"))
    return row("write units a webhook, all else included", written / webhooks if webhooks else None, "", None)


def _query_row(name: str, query: Mapping[str, Any]) -> Row:
    """Returns the row of a query to CloudWatch: the request itself, and its parts in words."""
    metric = query["Metric"]
    return {
        "what": name,
        "metric": f"{metric['Namespace']} {metric['MetricName']}",
        "of": ", ".join(f"{each['Name']} {each['Value']}" for each in metric["Dimensions"]),
        "statistic": f"{query['Stat']} by {query['Period'] // 60} minutes",
        "asks": query,
    }


@click.command()
@click.option("--hours", default=24, show_default=True, help="How far to look back.")
@dry_run
@command
def measure(stage: Stage, screen: Screen, hours: int, dry_run: bool) -> None:
    """Show cold starts, durations, latencies and request units of a deployed stage, next to their budgets."""
    if not dry_run and "AWS_ENDPOINT_URL" in os.environ:
        screen.failure(
            "Only AWS has these figures: name a deployed stage with --deployed. `make bench` measures here."
        )
        return
    stack = stage.config.table_prefix.removesuffix("-")
    figures = list(figures_of(stack))
    screen.fact("insights", {"groups": list(log_groups(stack)), "query": REPORTS}, f"Logs Insights:\n{REPORTS}")
    query_rows = [_query_row(each.name, each.query(number)["MetricStat"]) for number, each in enumerate(figures)]
    title = "Would be asked of CloudWatch" if dry_run else "Asked of CloudWatch"
    screen.table("metrics", title, query_rows, ("what", "metric", "of", "statistic"))
    if dry_run:
        return
    end = stage.ports.clock.now() // HOUR * HOUR + HOUR
    start = end - hours * HOUR
    rows = metric_rows(boto3.client("cloudwatch"), figures, start, end)
    rows = [*report_rows(boto3.client("logs"), stack, start, end, time.sleep), *rows, by_webhook(rows)]
    screen.table("measured", f"{stack}, the last {hours} hours", rows)
    for each in rows:
        if each["within"] is False:
            screen.failure(f"{each['what']}: {each['measured']} {each['unit']}, budget {each['budget']}")
