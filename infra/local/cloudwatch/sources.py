"""The sources of the local stack's metrics.

POM's own metrics are the EMF lines that API and workers print. AWS's metrics are derived: API Gateway's from the
lines of the API server, Lambda's from the lines of the API server, the event sources, the streams and the schedules,
and SQS's from the queues.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from datetime import datetime

from chalicelib.functions import API_HANDLER
from infra.local.aws.server import QUEUE_METRICS_PATH
from infra.local.cloudwatch.clock import SkippingClock
from infra.local.cloudwatch.datapoints import Datapoint, Key, of_emf
from infra.local.settings import TABLE_PREFIX
from infra.template.measures import API_GATEWAY, LAMBDA, SQS

STACK_NAME = TABLE_PREFIX.removesuffix("-")
"""The name of a CloudFormation stack whose tables and queues would have the local names."""

_LINE = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) infra\.local\.(api_server|event_sources|streams|schedules) (.+)"
)
_RESPONDED = re.compile(r"\S+ \S+ (\d{3}) [\d.]+ ms \S+")
_INVOKED = re.compile(r"(\w+): (?:\d+ done, \d+ to try again|fired|the handler raised|failed)")
_AGE = re.compile(r"(\w+): .*, oldest (\d+) ms")
_FAILED = re.compile(r"(\w+): (?:the handler raised|failed)")


def of_log_line(line: str, clock: SkippingClock) -> Iterator[Datapoint]:
    """Yields the data points that CloudWatch would get from one line of the API's or the workers' log."""
    for milliseconds, key, value in of_emf(line):
        yield Datapoint(key, clock.at(milliseconds / 1000), value)
    log_line = _LINE.match(line)
    if log_line is None:
        return
    at = clock.at(datetime.strptime(log_line[1], "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp())
    part, text = log_line[2], log_line[3]
    if part == "api_server" and (response := _RESPONDED.fullmatch(text)):
        status = int(response[1])
        yield Datapoint(_of_api("Count"), at, 1)
        yield Datapoint(_of_api("4XXError"), at, float(400 <= status < 500))
        yield Datapoint(_of_api("5XXError"), at, float(status >= 500))
        yield Datapoint(_of_function("Invocations", API_HANDLER), at, 1)
    elif invocation := _INVOKED.match(text):
        yield Datapoint(_of_function("Invocations", invocation[1]), at, float(_FAILED.match(text) is None))
        yield Datapoint(_of_function("Errors", invocation[1]), at, float(_FAILED.match(text) is not None))
        if age := _AGE.match(text):
            yield Datapoint(_of_function("IteratorAge", age[1]), at, float(age[2]))


def of_queues(aws_url: str, clock: SkippingClock, at: float) -> Iterator[Datapoint]:
    """Yields the metrics of each queue at a given time, derived from its present messages."""
    with urllib.request.urlopen(f"{aws_url}{QUEUE_METRICS_PATH}", timeout=10) as response:
        queues = json.loads(response.read())
    for name, measures in queues.items():
        oldest = measures["oldest"]
        age = max(at - clock.at(oldest), 0.0) if oldest is not None else 0.0
        for metric, value in (
            ("ApproximateNumberOfMessagesVisible", measures["visible"]),
            ("ApproximateAgeOfOldestMessage", age),
        ):
            yield Datapoint(Key.of(SQS, metric, {"QueueName": name}), at, float(value))


def _of_api(metric: str) -> Key:
    return Key.of(API_GATEWAY, metric, {"ApiName": STACK_NAME})


def _of_function(metric: str, function: str) -> Key:
    return Key.of(LAMBDA, metric, {"FunctionName": f"{STACK_NAME}-{function.replace('_', '-')}"})
