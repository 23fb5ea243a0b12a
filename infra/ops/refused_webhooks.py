"""Counts the webhooks that were refused for their signature, in the last hour and in the last 24 hours.

Anybody can send a webhook with an invalid signature. So the count does not show whether a secret is wrong or an
outsider sends webhooks.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import metrics
from infra.local.cloudwatch.datapoints import of_emf
from infra.ops.stage import Stage
from infra.template.measures import pom_metric

HOUR = 3600
MINUTE = 60
HOURS = 24
"""The longest period that is counted."""

NAME = metrics.SIGNATURE_INVALID.name

PATIENCE = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})


def refused_signatures(stage: Stage, hours: int = HOURS) -> int | None:
    """Returns how many webhooks were refused in the last `hours`, including the current hour.

    Returns None if CloudWatch cannot be read, or if the local stack's logs are missing.
    """
    now = stage.ports.clock.now()
    if "AWS_ENDPOINT_URL" in os.environ:
        return _of_logs(stage.local_logs, now - hours * HOUR)
    try:
        return _of_cloudwatch(boto3.client("cloudwatch", config=PATIENCE), now, hours)
    except (ClientError, BotoCoreError):
        return None


def _of_cloudwatch(client: Any, now: int, hours: int) -> int:
    """Returns the sum of the metric. It has no data while nothing is refused, which means 0."""
    period = MINUTE if hours == 1 else HOUR
    end = now // period * period + period
    query = {"Id": "refused", "MetricStat": pom_metric(metrics.SIGNATURE_INVALID, "Sum").for_alarm(period)}
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[query], StartTime=end - hours * HOUR - period, EndTime=end
    )
    values: list[float] = [
        each for page in pages for result in page["MetricDataResults"] for each in result["Values"]
    ]
    return round(sum(values))


def _of_logs(logs: Path | None, since: int) -> int | None:
    try:
        text = (logs / "api.log").read_text(errors="replace") if logs else None
    except OSError:
        return None
    if text is None:
        return None
    lines = (line for line in text.splitlines() if NAME in line)
    values = [value for line in lines for at, key, value in of_emf(line) if key.name == NAME and at >= since * 1000]
    return round(sum(values))
