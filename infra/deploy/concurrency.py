"""How many executions at once a stage needs, and whether Lambda allows the account so many.

An account's functions share one quota in a region, 1,000 by default, and a new account often begins with 10
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). What comes when it is used up is refused.
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
"""What a webhook takes, and what a request takes that creates an invoice in Stripe (`make bench ARGS=fair`)."""
AUTHORIZATIONS: Final = 10
"""Executions of the authorizer: API Gateway keeps its answer for a minute."""


def needed_executions() -> int:
    """Executions at once of one stage with all that it may do at the same time.

    Queues by their limits, a shard of each stream, each schedule once, and the API at the rates that API Gateway lets
    through: of the webhooks and of one more method.
    """
    queues = sum(trigger.concurrency for trigger in QUEUE_TRIGGERS.values())
    streams = sum(len(trigger.tables) for trigger in STREAM_TRIGGERS.values())
    schedules = sum(isinstance(worker.trigger, Schedule) for worker in WORKERS)
    api = round(WEBHOOK_RATE * WEBHOOK_SECONDS + RATE * REQUEST_SECONDS) + AUTHORIZATIONS
    return queues + streams + schedules + api


def check_concurrency(stage: str, settings: StageSettings, aws: Aws) -> str:
    """Returns what the account allows and what is needed.

    Raises:
        Bad: it is less than prod and the other stages in the account need.
        ToDo: the same, of another stage than prod.
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
