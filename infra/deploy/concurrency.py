"""Checks that Lambda allows the account as many concurrent executions as its stages need.

The functions of an account share one quota in a region: 1,000 by default, and often 10 in a new account
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). Lambda refuses invocations beyond the
quota.
"""

from __future__ import annotations

from typing import Final

from chalicelib.functions import (
    API_HANDLER,
    BY_NAME,
    QUEUE_TRIGGERS,
    STREAM_TRIGGERS,
    WORKERS,
    Schedule,
)
from infra.deploy.aws import Aws
from infra.deploy.findings import ActionNeeded, CheckFailed
from infra.deploy.settings import PROD, StageSettings
from infra.template.api import RATE, WEBHOOK_RATE

QUOTA: Final = "Concurrent executions"
QUOTA_CODE: Final = "L-B99A9384"
DEFAULT_QUOTA: Final = 1000
WEBHOOK_SECONDS: Final = 0.1
REQUEST_SECONDS: Final = 1.0
"""Seconds that a webhook takes, and that a request takes which creates an invoice (`make bench ARGS=fair`)."""
AUTHORIZATIONS: Final = 10
"""Concurrent executions of the authorizer. API Gateway caches its result for a minute."""


def needed_executions() -> int:
    """Returns the concurrent executions of one stage under full load.

    Counts each queue's limit, one shard of each stream, each schedule once, and the API at the rates that API Gateway
    allows for webhooks and for one more method.
    """
    queues = sum(trigger.concurrency for trigger in QUEUE_TRIGGERS.values())
    streams = sum(len(trigger.tables) for trigger in STREAM_TRIGGERS.values())
    schedules = sum(isinstance(worker.trigger, Schedule) for worker in WORKERS)
    api = round(WEBHOOK_RATE * WEBHOOK_SECONDS + RATE * REQUEST_SECONDS) + AUTHORIZATIONS
    return queues + streams + schedules + api


def check_concurrency(stage: str, settings: StageSettings, aws: Aws) -> str:
    """Returns the account's quota and the need of its stages.

    Raises:
        CheckFailed: the quota is less than prod and the account's other stages need.
        ActionNeeded: the quota is less than a stage other than prod needs.
    """
    client = aws.client("lambda")
    allowed = client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    handler = BY_NAME[API_HANDLER].aws_name
    pages = client.get_paginator("list_functions").paginate()
    handlers = {each["FunctionName"] for page in pages for each in page["Functions"]}
    other_stages = sorted(
        name.removesuffix(f"-{handler}")
        for name in handlers
        if name.endswith(f"-{handler}") and name != f"{settings.stack}-{handler}"
    )
    needed = needed_executions() * (1 + len(other_stages))
    included = f", {', '.join(other_stages)} included" if other_stages else ""
    if allowed >= needed:
        return f"{allowed} executions at once, {needed} needed{included}"
    problem = (
        f"Lambda allows this account {allowed} executions at once that no function has reserved, and {needed} are"
        f" needed{included}: raise the quota {QUOTA!r}: aws service-quotas request-service-quota-increase --region"
        f" {settings.region} --service-code lambda --quota-code {QUOTA_CODE}"
        f" --desired-value {max(DEFAULT_QUOTA, needed)}"
    )
    raise CheckFailed(problem) if stage == PROD else ActionNeeded(problem)
