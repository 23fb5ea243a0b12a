"""Tables, queues and secrets are equal on the embedded AWS and on the real stand-ins, in every run."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import PutError, TransactWriteError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.functions import Queue, Secret
from infra.local.aws import embedded_aws
from infra.local.resources import (
    create_models,
    create_queues,
    create_tables,
    queue_environment,
    store_secret,
)
from infra.local.settings import StripeSecret
from infra.template.queues import ATTEMPTS


def parcel_model(prefix: str) -> Any:
    """Returns a new model for each test, because pynamodb stores its client, and so the endpoint, on the class."""

    class ByStatus(GlobalSecondaryIndex["Parcel"]):
        class Meta:
            index_name = "by-status"
            projection = AllProjection()

        status = UnicodeAttribute(hash_key=True)

    class Parcel(Model):
        class Meta:
            table_name = f"{prefix}parcels"

        org = UnicodeAttribute(hash_key=True)
        parcel_id = UnicodeAttribute(range_key=True)
        status = UnicodeAttribute(default="new")
        version = NumberAttribute(default=1)
        expires_at = TTLAttribute(null=True)
        by_status = ByStatus()

    return Parcel


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.real)])
def aws(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name prefix of this test's resources; AWS is embedded, or DynamoDB Local and ElasticMQ."""
    if request.param == "real":
        request.getfixturevalue("real_aws")
        yield f"t{uuid.uuid4().hex[:8]}-"
    else:
        with embedded_aws():
            yield "pom-test-"


def test_queues_are_made_once_with_their_dead_letter_queues(aws: str) -> None:
    urls = create_queues(aws)

    assert create_queues(aws, visibility_timeout=40) == urls
    sqs = boto3.client("sqs")
    for queue in Queue:
        attributes = sqs.get_queue_attributes(QueueUrl=urls[queue], AttributeNames=["All"])["Attributes"]
        dead = sqs.get_queue_attributes(QueueUrl=urls[queue.dead_letter], AttributeNames=["All"])["Attributes"]
        redrive = json.loads(attributes["RedrivePolicy"])
        assert redrive["deadLetterTargetArn"] == dead["QueueArn"]
        assert int(redrive["maxReceiveCount"]) == ATTEMPTS
        assert attributes["VisibilityTimeout"] == "40"
        assert attributes.get("FifoQueue", "false") == ("true" if queue.fifo else "false")
    assert queue_environment(urls)["RECONCILE_QUEUE_URL"].endswith(f"{aws}reconcile")


def test_fifo_sends_keep_group_order_and_drop_duplicates(aws: str) -> None:
    url = create_queues(aws)["customer-sync.fifo"]
    sqs = boto3.client("sqs")
    for body in ("one", "one", "two", "three"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="org", MessageDeduplicationId=body)
    received_bodies = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            received_bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    assert received_bodies == ["one", "two", "three"]


def test_every_table_of_the_code_can_be_made_and_made_again(aws: str) -> None:
    names = create_tables(aws)

    assert create_tables(aws) == names
    dynamodb = boto3.client("dynamodb")
    for name in names:
        assert dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
    for name in ("events", "oauth-states"):
        ttl = dynamodb.describe_time_to_live(TableName=f"{aws}{name}")["TimeToLiveDescription"]
        assert ttl["TimeToLiveStatus"] == "ENABLED"


def test_tables_are_made_once_and_hold_conditions_and_transactions(aws: str) -> None:
    parcel = parcel_model(aws)
    assert create_models([parcel]) == create_models([parcel]) == (f"{aws}parcels",)
    absent = parcel.org.does_not_exist()

    parcel("org", "p1").save(condition=absent)
    with pytest.raises(PutError) as put_error:
        parcel("org", "p1").save(condition=absent)
    transaction = TransactWrite(connection=Connection())
    transaction.save(parcel("org", "p2"), condition=absent)
    transaction.save(parcel("org", "p1"), condition=absent)
    with pytest.raises(TransactWriteError) as transaction_error:
        transaction._commit()

    assert put_error.value.cause_response_code == "ConditionalCheckFailedException"
    reasons = [reason.code if reason else None for reason in transaction_error.value.cancellation_reasons]
    assert reasons == [None, "ConditionalCheckFailed"]
    assert [item.parcel_id for item in parcel.query("org")] == ["p1"]
    assert [item.parcel_id for item in parcel.by_status.query("new")] == ["p1"]


def test_pynamodb_takes_its_endpoint_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:1/{variable}")
        assert Connection().client.meta.endpoint_url == f"http://127.0.0.1:1/{variable}"


def test_a_secret_is_stored_and_replaced() -> None:
    with embedded_aws():
        store_secret("stripe", "first")
        store_secret("stripe", "second")

        assert boto3.client("secretsmanager").get_secret_value(SecretId="stripe")["SecretString"] == "second"


def test_the_platforms_secret_has_no_webhook_secret_and_the_other_has_no_key() -> None:
    both = StripeSecret("sk_test_1", "ca_1", ("whsec_2", "whsec_1"))
    assert json.loads(both.text(Secret.PLATFORM)) == {"apiKey": "sk_test_1", "clientId": "ca_1"}
    assert json.loads(both.text(Secret.WEBHOOK)) == {"webhookSecrets": ["whsec_2", "whsec_1"]}
