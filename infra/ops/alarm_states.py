"""The states of the template's alarms: as CloudWatch reports them, or evaluated here for the local stack.

The local stack has no process that evaluates alarms. They are evaluated when a command reads them, from the metrics
in the stack's logs and from its queues. A watch that moves the clock, as in `make ops-demo`, stores its own
evaluation, which is used then.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.cloudwatch.alarms import CompositeAlarm, MetricAlarm, from_template
from infra.local.cloudwatch.clock import SkippingClock
from infra.local.cloudwatch.datapoints import Datapoint, Datapoints
from infra.local.cloudwatch.sources import STACK_NAME, of_log_line, of_queues
from infra.local.cloudwatch.watch import STATES_FILE
from infra.local.lines import Tail
from infra.ops.refused_webhooks import PATIENCE
from infra.ops.stage import Stage
from infra.template import merge_template
from infra.template.alarm_list import ALARMS, COMPOSITES
from infra.template.alarms import Alarm, Composite, Grade

OF_SILENCE = frozenset({"TieOutSilent", "ReconciliationSilent", "ReconciliationStuck", "CanaryFailing"})
"""Alarms that fire because something has not happened for a time. A stack that started later does not fire them."""
MINUTE = 60
QUEUES_JUDGED_BACK = 3
"""Minutes for which the age of a queue's oldest message is calculated: as many as the alarms on queues evaluate."""


class State(StrEnum):
    """The state of an alarm."""

    QUIET = "quiet"
    FIRING = "firing"
    UNKNOWN = "unknown"
    """CloudWatch has too little data to evaluate the alarm, or the stage has no such alarm."""


@dataclass(frozen=True)
class AlarmState:
    """One alarm that notifies an operator. `grade` is `page` or `ticket`."""

    name: str
    state: State
    grade: Grade
    run_book: str


def alarm_states(stage: Stage) -> list[AlarmState] | None:
    """Returns every alarm that notifies an operator, in the template's order, or None if the states cannot be
    read.
    """
    try:
        if "AWS_ENDPOINT_URL" in os.environ:
            states = _of_local_stack(stage.local_logs, os.environ["AWS_ENDPOINT_URL"])
        else:
            states = _of_cloudwatch(boto3.client("cloudwatch", config=PATIENCE), stage.config.table_prefix)
    except (ClientError, BotoCoreError, OSError, urllib.error.URLError, ValueError):
        return None
    all_alarms: tuple[Alarm | Composite, ...] = (*ALARMS, *COMPOSITES)
    return [
        AlarmState(each.name, states.get(each.name, State.UNKNOWN), each.grade, each.run_book)
        for each in all_alarms
        if each.grade is not Grade.SIGNAL
    ]


_STATES: Mapping[str, State] = {"OK": State.QUIET, "ALARM": State.FIRING}


def _of_cloudwatch(client: Any, prefix: str) -> dict[str, State]:
    """Returns the states by the alarms' names without the stack's name.

    CloudWatch lists composite alarms only if the request names their type.
    """
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return {
        alarm["AlarmName"].removeprefix(prefix): _STATES.get(alarm["StateValue"], State.UNKNOWN)
        for page in pages
        for alarm in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
    }


def _of_local_stack(logs: Path | None, aws_url: str) -> dict[str, State]:
    """Returns the states of the local stack's alarms.

    Raises:
        OSError: the logs or the queues cannot be read.
    """
    if logs is None:
        return {}
    states_file = logs.parent / STATES_FILE
    if states_file.exists():
        firing: dict[str, bool] = json.loads(states_file.read_text())
        return {name: State.FIRING if fires else State.QUIET for name, fires in firing.items()}
    now = time.time()
    return _evaluate([*_logged_datapoints(logs), *_queues(aws_url, now)], now)


def _logged_datapoints(logs: Path) -> Iterator[Datapoint]:
    for part in ("api", "workers"):
        for line in Tail(logs / f"{part}.log").new_lines():
            yield from of_log_line(line, SkippingClock())


def _queues(aws_url: str, now: float) -> Iterator[Datapoint]:
    """Yields the metrics of each queue at the end of each of the latest minutes, derived from its present
    messages.
    """
    for minute in range(QUEUES_JUDGED_BACK):
        yield from of_queues(aws_url, SkippingClock(), now - 1 - minute * MINUTE)


def _evaluate(datapoint_list: list[Datapoint], now: float) -> dict[str, State]:
    datapoints = Datapoints(datapoint_list)
    age = now - min((each.at for each in datapoint_list), default=now)
    alarms = from_template(
        merge_template()["Resources"], {"AWS::StackName": STACK_NAME, "RunBookUrl": "docs/runbooks"}
    )
    firing: set[str] = set()
    for name, alarm in alarms.items():
        if isinstance(alarm, MetricAlarm):
            too_young = name in OF_SILENCE and age < alarm.period * alarm.periods
            if not too_young and alarm.fires(alarm.period_values(datapoints, now)):
                firing.add(name)
    firing |= {name for name, each in alarms.items() if isinstance(each, CompositeAlarm) and each.fires(firing)}
    return {name: State.FIRING if name in firing else State.QUIET for name in alarms}
