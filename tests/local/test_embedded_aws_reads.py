"""What is read from the embedded AWS is what was written, in the order and the pages AWS would give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from infra.local.aws import embedded_aws
from infra.local.aws.server import serve_aws


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with embedded_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName="things",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "n", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "n", "AttributeType": "N"},
                {"AttributeName": "colour", "AttributeType": "S"},
                {"AttributeName": "weight", "AttributeType": "N"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-colour",
                    "KeySchema": [
                        {"AttributeName": "colour", "KeyType": "HASH"},
                        {"AttributeName": "weight", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def test_every_attribute_type_comes_back_as_written(dynamodb: Any) -> None:
    thing = {
        "pk": {"S": "a"},
        "n": {"N": "1"},
        "flag": {"BOOL": False},
        "nothing": {"NULL": True},
        "empty": {"S": ""},
        "bytes": {"B": b"\x00\xff"},
        "names": {"SS": ["x", "y"]},
        "numbers": {"NS": ["1", "2"]},
        "list": {"L": [{"S": "x"}, {"M": {"k": {"L": []}}}, {"BOOL": True}]},
        "map": {"M": {"S": {"S": "a member named like a type"}, "none": {"M": {}}, "n": {"N": "-0.5"}}},
    }
    dynamodb.put_item(TableName="things", Item=thing)

    read = dynamodb.get_item(TableName="things", Key={"pk": thing["pk"], "n": thing["n"]})["Item"]
    queried = dynamodb.query(
        TableName="things", KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": "a"}}
    )["Items"]

    assert read == thing
    assert queried == [thing]


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("index", [None, "by-colour"])
def test_pages_are_ordered_by_number_and_complete(dynamodb: Any, index: str | None, forward: bool) -> None:
    for n in (100, 9, 20, 1, 3):
        dynamodb.put_item(
            TableName="things",
            Item={"pk": {"S": "a"}, "n": {"N": str(n)}, "colour": {"S": "red"}, "weight": {"N": str(n)}},
        )
    dynamodb.put_item(TableName="things", Item={"pk": {"S": "b"}, "n": {"N": "5"}, "colour": {"S": "red"}})
    dynamodb.put_item(TableName="things", Item={"pk": {"S": "b"}, "n": {"N": "6"}, "colour": {"S": "blue"}})

    attribute, value = ("colour", "red") if index else ("pk", "a")
    pages = dynamodb.get_paginator("query").paginate(
        TableName="things",
        KeyConditionExpression=f"{attribute} = :v",
        ExpressionAttributeValues={":v": {"S": value}},
        ScanIndexForward=forward,
        PaginationConfig={"PageSize": 2},
        **({"IndexName": index} if index else {}),
    )
    seen = [int(thing["n"]["N"]) for page in pages for thing in page["Items"]]

    assert seen == sorted([1, 3, 9, 20, 100], reverse=not forward)


def test_a_scan_still_sees_the_whole_table_after_a_query(dynamodb: Any) -> None:
    for n in range(5):
        dynamodb.put_item(TableName="things", Item={"pk": {"S": str(n)}, "n": {"N": "1"}})
    dynamodb.query(TableName="things", KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": "3"}})

    assert dynamodb.scan(TableName="things")["Count"] == 5


def test_each_use_starts_empty_and_leaves_nothing_behind() -> None:
    for _ in range(2):
        with embedded_aws():
            sqs = boto3.client("sqs")
            assert "QueueUrls" not in sqs.list_queues()
            sqs.create_queue(QueueName="jobs")


def test_the_http_server_responds_like_the_in_process_form(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_aws() as served:
        for name, value in {
            "AWS_ENDPOINT_URL": served.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        url = boto3.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody="hello")
        boto3.client("secretsmanager").create_secret(Name="keys", SecretString="{}")

        assert boto3.client("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
        assert boto3.client("secretsmanager").get_secret_value(SecretId="keys")["SecretString"] == "{}"
        assert boto3.client("dynamodb").list_tables()["TableNames"] == []
