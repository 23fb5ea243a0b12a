"""Conditions and transactions of the embedded AWS, on which the project's proofs rely."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.dynamodb import models

from infra.local.aws import embedded_aws
from tests.local.tables import IF_ABSENT, create_table, item, key, put

THREADS = 8
ROUNDS = 10
LOST_RACE = ("ConditionalCheckFailedException", "TransactionCanceledException")


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with embedded_aws():
        client = boto3.client("dynamodb")
        for name in ("left", "right"):
            create_table(client, name)
        yield client


@pytest.fixture
def eager_thread_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def stored_value(client: Any, table: str, sk: str) -> Any:
    return client.get_item(TableName=table, Key=key(sk)).get("Item")


def race(attempt: Callable[[int], None]) -> int:
    """Returns how many of the threads succeed that start `attempt` together."""
    barrier = threading.Barrier(THREADS)

    def run(number: int) -> bool:
        barrier.wait()
        try:
            attempt(number)
        except ClientError as error:
            if error.response["Error"]["Code"] not in LOST_RACE:
                raise
            return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(run, range(THREADS)))


@pytest.mark.usefixtures("eager_thread_switches")
def test_of_concurrent_conditional_puts_one_wins(dynamodb: Any) -> None:
    def attempt(number: int, sk: str) -> None:
        dynamodb.put_item(TableName="left", Item=item(sk, number), **IF_ABSENT)

    winners = [race(lambda number, sk=f"i{i}": attempt(number, sk)) for i in range(ROUNDS)]  # type: ignore[misc]

    assert winners == [1] * ROUNDS


@pytest.mark.usefixtures("eager_thread_switches")
def test_of_concurrent_transactions_one_wins_and_is_whole(dynamodb: Any) -> None:
    def attempt(number: int, sk: str) -> None:
        dynamodb.transact_write_items(TransactItems=[put("left", sk, number, **IF_ABSENT), put("right", sk, number)])

    winners = [race(lambda number, sk=f"i{i}": attempt(number, sk)) for i in range(ROUNDS)]  # type: ignore[misc]

    assert winners == [1] * ROUNDS
    for i in range(ROUNDS):
        assert stored_value(dynamodb, "left", f"i{i}") == stored_value(dynamodb, "right", f"i{i}")


def test_a_failed_transaction_restores_every_kind_of_write(dynamodb: Any) -> None:
    for sk in ("put", "updated", "deleted", "guard"):
        dynamodb.put_item(TableName="left", Item=item(sk, 1))
    before = dynamodb.query(
        TableName="left", KeyConditionExpression="pk = :o", ExpressionAttributeValues={":o": {"S": "org"}}
    )["Items"]

    with pytest.raises(ClientError, match="TransactionCanceled"):
        dynamodb.transact_write_items(
            TransactItems=[
                put("left", "put", 2),
                put("left", "new", 2),
                {
                    "Update": {
                        "TableName": "left",
                        "Key": key("updated"),
                        "UpdateExpression": "SET #v = :two",
                        "ExpressionAttributeNames": {"#v": "value"},
                        "ExpressionAttributeValues": {":two": {"N": "2"}},
                    }
                },
                {"Delete": {"TableName": "left", "Key": key("deleted")}},
                put("left", "guard", 2, **IF_ABSENT),
            ]
        )

    after = dynamodb.query(
        TableName="left", KeyConditionExpression="pk = :o", ExpressionAttributeValues={":o": {"S": "org"}}
    )["Items"]
    assert after == before


def test_a_write_made_during_a_failing_transaction_survives(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = models.dynamodb_backends["123456789012"]["us-east-1"]
    dynamodb.put_item(TableName="left", Item=item("taken"))
    check = models.get_filter_expression

    def check_and_let_another_write(*arguments: Any) -> Any:
        monkeypatch.setattr(models, "get_filter_expression", check)
        backend.put_item("left", item("written-meanwhile", 7))
        return check(*arguments)

    monkeypatch.setattr(models, "get_filter_expression", check_and_let_another_write)
    with pytest.raises(ClientError, match="TransactionCanceled"):
        dynamodb.transact_write_items(TransactItems=[put("left", "new"), put("left", "taken", **IF_ABSENT)])

    assert stored_value(dynamodb, "left", "written-meanwhile")["value"] == {"N": "7"}
    assert stored_value(dynamodb, "left", "new") is None


@pytest.mark.usefixtures("eager_thread_switches")
def test_acknowledged_writes_beside_failing_transactions_are_all_kept(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="left", Item=item("taken"))

    def write() -> None:
        for number in range(100):
            dynamodb.put_item(TableName="left", Item=item(f"kept-{number:03}"))

    def fail() -> None:
        for _ in range(50):
            with pytest.raises(ClientError, match="TransactionCanceled"):
                dynamodb.transact_write_items(TransactItems=[put("left", "new"), put("left", "taken", **IF_ABSENT)])

    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(write), pool.submit(fail), pool.submit(fail)]:
            future.result()

    assert all(stored_value(dynamodb, "left", f"kept-{number:03}") for number in range(100))


def test_cancellation_reasons_name_each_operation_in_order(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="right", Item=item("taken", 41))

    with pytest.raises(ClientError) as caught:
        dynamodb.transact_write_items(
            TransactItems=[
                put("left", "new"),
                put("right", "taken", **IF_ABSENT, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
                put("right", "new"),
            ]
        )

    first, second, third = caught.value.response["CancellationReasons"]
    assert first["Code"] == third["Code"] == "None"
    assert second["Code"] == "ConditionalCheckFailed"
    assert second["Item"] == item("taken", 41)


def test_a_failed_transaction_leaves_no_stream_records() -> None:
    with embedded_aws():
        client = boto3.client("dynamodb")
        create_table(client, "streamed", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        client.put_item(TableName="streamed", Item=item("taken"))
        with pytest.raises(ClientError, match="TransactionCanceled"):
            client.transact_write_items(TransactItems=[put("streamed", "new"), put("streamed", "taken", **IF_ABSENT)])

        shard = models.dynamodb_backends["123456789012"]["us-east-1"].tables["streamed"].stream_shard
        assert shard is not None
        assert len(shard.items) == 1


def test_moto_still_copies_only_at_the_two_places_that_the_patch_replaces() -> None:
    source = inspect.getsource(models)

    assert source.count("copy.") == source.count("copy.deepcopy(") == 2
    assert "= copy.deepcopy(item)" in inspect.getsource(models.DynamoDBBackend.update_item)
