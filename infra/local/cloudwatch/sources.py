"""Where the metrics of the local stack come from.

Ours are the EMF lines that API and workers print. AWS's are derived where AWS would count: API Gateway's from the
front door's lines, Lambda's from those of the front door, the event sources, the streams and the schedules, and SQS's
from the queues.
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
"""What the CloudFormation stack would be called whose tables and queues have the local names."""

_LINE = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) infra\.local\.(front_door|event_sources|streams|schedules) (.+)"
)
_ANSWERED = re.compile(r"\S+ \S+ (\d{3}) [\d.]+ ms \S+")
_INVOKED = re.compile(r"(\w+): (?:\d+ done, \d+ to try again|fired|the handler raised|failed)")
_AGE = re.compile(r"(\w+): .*, oldest (\d+) ms")
_FAILED = re.compile(r"(\w+): (?:the handler raised|failed)")


def of_log_line(line: str, clock: SkippingClock) -> Iterator[Datapoint]:
    """What one line of the API's or the workers' log means to CloudWatch."""
    for milliseconds, key, value in of_emf(line):
        yield Datapoint(key, clock.at(milliseconds / 1000), value)
    found = _LINE.match(line)
    if found is None:
        return
    at = clock.at(datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp())
    part, text = found[2], found[3]
    if part == "front_door" and (answered := _ANSWERED.fullmatch(text)):
        status = int(answered[1])
        yield Datapoint(_of_api("Count"), at, 1)
        yield Datapoint(_of_api("4XXError"), at, float(400 <= status < 500))
        yield Datapoint(_of_api("5XXError"), at, float(status >= 500))
        yield Datapoint(_of_function("Invocations", API_HANDLER), at, 1)
    elif invoked := _INVOKED.match(text):
        yield Datapoint(_of_function("Invocations", invoked[1]), at, float(_FAILED.match(text) is None))
        yield Datapoint(_of_function("Errors", invoked[1]), at, float(_FAILED.match(text) is not None))
        if age := _AGE.match(text):
            yield Datapoint(_of_function("IteratorAge", age[1]), at, float(age[2]))


def of_queues(aws_url: str, clock: SkippingClock, at: float) -> Iterator[Datapoint]:
    """What SQS would say of each queue at a moment, if what is there now was there then."""
    with urllib.request.urlopen(f"{aws_url}{QUEUE_METRICS_PATH}", timeout=10) as answer:
        queues = json.loads(answer.read())
    for name, said in queues.items():
        oldest = said["oldest"]
        age = max(at - clock.at(oldest), 0.0) if oldest is not None else 0.0
        for metric, value in (
            ("ApproximateNumberOfMessagesVisible", said["visible"]),
            ("ApproximateAgeOfOldestMessage", age),
        ):
            yield Datapoint(Key.of(SQS, metric, {"QueueName": name}), at, float(value))


def _of_api(metric: str) -> Key:
    return Key.of(API_GATEWAY, metric, {"ApiName": STACK_NAME})


def _of_function(metric: str, function: str) -> Key:
    return Key.of(LAMBDA, metric, {"FunctionName": f"{STACK_NAME}-{function.replace('_', '-')}"})
