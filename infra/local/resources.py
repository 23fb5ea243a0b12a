"""Creates the tables, queues and secrets of one stage on the AWS that the environment names. It can be repeated.

`python -m infra.local.resources` does all of this. The names come from POM_TABLE_PREFIX, STRIPE_PLATFORM_SECRET_ID
and STRIPE_WEBHOOK_SECRET_ID. The text of each secret is read as JSON from standard input, by its variable. The
command prints the queue variables (CUSTOMER_SYNC_QUEUE_URL…) as JSON.

It works on the embedded AWS, on DynamoDB Local and on ElasticMQ: the SDKs take each service's endpoint from
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
from infra.local.settings import ACCOUNT, EVENT_BUS, RECEIVED_BY_POM
from infra.template.queues import ATTEMPTS, retention_of

VISIBILITY_TIMEOUT = 30
"""Seconds. It is short, so that a retry comes soon. A deployed queue waits for six of its function's timeouts."""


def create_tables(prefix: str) -> tuple[str, ...]:
    """Creates every table that has a model, billed on demand. Returns their names."""
    from chalicelib.adapters import tables

    tables.configure(prefix)
    return create_models(tables.TABLES)


def create_models(models: Iterable[type[Model]]) -> tuple[str, ...]:
    """Creates the missing tables of these models. Returns the names of all tables."""
    names = []
    for model in models:
        if not model.exists():
            model.create_table(wait=True, billing_mode="PAY_PER_REQUEST")
        names.append(str(model.Meta.table_name))
    return tuple(names)


def create_queues(prefix: str, *, visibility_timeout: int = VISIBILITY_TIMEOUT) -> dict[str, str]:
    """Creates every queue with its dead-letter queue. Returns the URLs by the queues' names without prefix."""
    sqs = boto3.client("sqs")
    urls: dict[str, str] = {}
    for queue in Queue:
        fifo_attributes = {"FifoQueue": "true"} if queue.fifo else {}
        dead_url = _queue(sqs, prefix + queue.dead_letter, fifo_attributes, _retention(queue.dead_letter))
        dead = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]
        redrive = {"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": str(ATTEMPTS)}
        settings = {
            "VisibilityTimeout": str(visibility_timeout),
            "RedrivePolicy": json.dumps(redrive),
            **_retention(queue),
        }
        urls[queue.dead_letter] = dead_url
        urls[queue] = _queue(sqs, prefix + queue, fifo_attributes, settings)
    for name in (SCHEDULE_FAILURES, UNPUBLISHED_CHANGES):
        urls[name] = _queue(sqs, prefix + name, {}, _retention(name))
    return urls


def _retention(name: str) -> dict[str, str]:
    return {"MessageRetentionPeriod": str(retention_of(name))}


def queue_environment(urls: dict[str, str]) -> dict[str, str]:
    """Returns the environment variables from which the code reads its queues' URLs."""
    return {queue.url_variable: urls[queue] for queue in Queue} | {
        "UNPUBLISHED_CHANGES_QUEUE_URL": urls[UNPUBLISHED_CHANGES]
    }


def create_bus() -> str:
    """Creates the event bus, and a queue for POM that receives each event. Returns the name of the bus."""
    events, sqs = boto3.client("events"), boto3.client("sqs")
    with suppress(events.exceptions.ResourceAlreadyExistsException):
        events.create_event_bus(Name=EVENT_BUS)
    url = _queue(sqs, RECEIVED_BY_POM, {}, {"VisibilityTimeout": str(VISIBILITY_TIMEOUT)})
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=RECEIVED_BY_POM, EventBusName=EVENT_BUS, EventPattern=json.dumps({"account": [ACCOUNT]}))
    events.put_targets(Rule=RECEIVED_BY_POM, EventBusName=EVENT_BUS, Targets=[{"Id": "queue", "Arn": arn}])
    return EVENT_BUS


def store_secret(name: str, text: str) -> None:
    """Creates the secret, or gives it a new current version."""
    secrets = boto3.client("secretsmanager")
    try:
        secrets.create_secret(Name=name, SecretString=text)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=name, SecretString=text)


def _queue(sqs: Any, name: str, creation_attributes: dict[str, str], attributes: dict[str, str]) -> str:
    try:
        url = str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except sqs.exceptions.QueueDoesNotExist:
        return str(sqs.create_queue(QueueName=name, Attributes=creation_attributes | attributes)["QueueUrl"])
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return url


def main() -> None:
    """Creates all resources, and prints the variables of queues and bus."""
    prefix = os.environ["POM_TABLE_PREFIX"]
    create_tables(prefix)
    texts = json.load(sys.stdin)
    for secret in Secret:
        store_secret(os.environ[secret.id_variable], texts[secret.id_variable])
    print(json.dumps(queue_environment(create_queues(prefix)) | {"EVENT_BUS_NAME": create_bus()}))


if __name__ == "__main__":
    main()
