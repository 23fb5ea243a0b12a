"""Creates the tables, queues and secrets of one stage on whatever AWS the environment points at; idempotent.

`python -m infra.local.resources` does it all: names come from POM_TABLE_PREFIX, STRIPE_PLATFORM_SECRET_ID and
STRIPE_WEBHOOK_SECRET_ID. The text of each secret, by its variable, comes as JSON from standard input. It prints the
queue variables (CUSTOMER_SYNC_QUEUE_URL…) as JSON.

Works on the embedded AWS, on DynamoDB Local and on ElasticMQ: the SDKs take each service's endpoint from
AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL_SECRETS_MANAGER or AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import boto3
from pynamodb.models import Model

from chalicelib.functions import SCHEDULE_FAILURES, UNPUBLISHED_CHANGES, Queue, Secret
from infra.local.settings import ACCOUNT, EVENT_BUS, HEARD_BY_POM
from infra.template.queues import ATTEMPTS, retention_of

VISIBILITY_TIMEOUT = 30
"""Seconds; short, so that a retry is seen soon. A deployed queue waits six times its function's timeout."""


def create_tables(prefix: str) -> tuple[str, ...]:
    """Create every table the code has a model for, billed on demand; answers their names."""
    from chalicelib.adapters import tables

    tables.configure(prefix)
    return create_models(tables.TABLES)


def create_models(models: Iterable[type[Model]]) -> tuple[str, ...]:
    """Create the tables of these models where they do not exist yet; answers the names of all."""
    names = []
    for model in models:
        if not model.exists():
            model.create_table(wait=True, billing_mode="PAY_PER_REQUEST")
        names.append(str(model.Meta.table_name))
    return tuple(names)


def create_queues(prefix: str, *, visibility_timeout: int = VISIBILITY_TIMEOUT) -> dict[str, str]:
    """Create every queue with its dead-letter queue; answers the URL of each by its name without prefix."""
    sqs = boto3.client("sqs")
    urls: dict[str, str] = {}
    for queue in Queue:
        fixed = {"FifoQueue": "true"} if queue.fifo else {}
        dead_url = _queue(sqs, prefix + queue.dead_letter, fixed, _kept(queue.dead_letter))
        dead = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]
        redrive = {"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": str(ATTEMPTS)}
        settings = {
            "VisibilityTimeout": str(visibility_timeout),
            "RedrivePolicy": json.dumps(redrive),
            **_kept(queue),
        }
        urls[queue.dead_letter] = dead_url
        urls[queue] = _queue(sqs, prefix + queue, fixed, settings)
    for name in (SCHEDULE_FAILURES, UNPUBLISHED_CHANGES):
        urls[name] = _queue(sqs, prefix + name, {}, _kept(name))
    return urls


def _kept(name: str) -> dict[str, str]:
    return {"MessageRetentionPeriod": str(retention_of(name))}


def queue_environment(urls: dict[str, str]) -> dict[str, str]:
    """The environment variables through which the code finds its queues."""
    return {queue.url_variable: urls[queue] for queue in Queue} | {
        "UNPUBLISHED_CHANGES_QUEUE_URL": urls[UNPUBLISHED_CHANGES]
    }


def create_bus() -> str:
    """Creates the event bus, with a queue of POM's that receives each event. Returns the name of the bus."""
    events, sqs = boto3.client("events"), boto3.client("sqs")
    with suppress(events.exceptions.ResourceAlreadyExistsException):
        events.create_event_bus(Name=EVENT_BUS)
    url = _queue(sqs, HEARD_BY_POM, {}, {"VisibilityTimeout": str(VISIBILITY_TIMEOUT)})
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=HEARD_BY_POM, EventBusName=EVENT_BUS, EventPattern=json.dumps({"account": [ACCOUNT]}))
    events.put_targets(Rule=HEARD_BY_POM, EventBusName=EVENT_BUS, Targets=[{"Id": "queue", "Arn": arn}])
    return EVENT_BUS


def store_secret(name: str, text: str) -> None:
    """Create the secret, or give it a new current version."""
    secrets = boto3.client("secretsmanager")
    try:
        secrets.create_secret(Name=name, SecretString=text)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=name, SecretString=text)


def _queue(sqs: Any, name: str, fixed: dict[str, str], settings: dict[str, str]) -> str:
    try:
        url = str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except sqs.exceptions.QueueDoesNotExist:
        return str(sqs.create_queue(QueueName=name, Attributes=fixed | settings)["QueueUrl"])
    sqs.set_queue_attributes(QueueUrl=url, Attributes=settings)
    return url


def main() -> None:
    """Create everything and print the variables of queues and bus."""
    prefix = os.environ["POM_TABLE_PREFIX"]
    create_tables(prefix)
    texts = json.load(sys.stdin)
    for secret in Secret:
        store_secret(os.environ[secret.id_variable], texts[secret.id_variable])
    print(json.dumps(queue_environment(create_queues(prefix)) | {"EVENT_BUS_NAME": create_bus()}))


if __name__ == "__main__":
    main()
