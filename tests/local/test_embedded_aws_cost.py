"""The cost of a call does not depend on the size of the table. It is counted in Python calls, not in seconds."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import boto3
import pytest
from moto.dynamodb import models

from infra.local.aws import embedded_aws
from tests.local.tables import IF_ABSENT, create_table, item, key, put

SMALL, LARGE = 100, 1_500
TOLERANCE = 1.02
"""Of the counts: a retry counter or a longer number may add a call here and there."""

numbers = itertools.count()


@contextmanager
def tables_of(size: int) -> Iterator[Any]:
    with embedded_aws():
        client = boto3.client("dynamodb")
        backend = models.dynamodb_backends["123456789012"]["us-east-1"]
        for name in ("left", "right"):
            create_table(client, name)
            for number in range(size):
                other_items = {
                    **item(f"i{number:05}", owner=f"owner-{number // 20}"),
                    "pk": {"S": f"o{number // 20}"},
                }
                backend.put_item(name, other_items)
        client.get_item(TableName="left", Key=key("warm-up"))
        yield client


def python_calls(action: Callable[[], object]) -> int:
    count = 0

    def tick(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(tick)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def transact(client: Any) -> object:
    sk = f"new-{next(numbers):06}"
    return client.transact_write_items(TransactItems=[put("left", sk, **IF_ABSENT), put("right", sk, **IF_ABSENT)])


def fail_to_transact(client: Any) -> object:
    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(
            TransactItems=[put("left", "new"), put("right", "x", ConditionExpression="attribute_exists(pk)")]
        )
    return None


def query_table(client: Any) -> object:
    answer = client.query(
        TableName="left", KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": "o3"}}
    )
    assert answer["Count"] == 20
    return answer


def query_index(client: Any) -> object:
    answer = client.query(
        TableName="left",
        IndexName="by-owner",
        KeyConditionExpression="#o = :p",
        ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={":p": {"S": "owner-3"}},
    )
    assert answer["Count"] == 20
    return answer


@pytest.mark.parametrize("action", [transact, fail_to_transact, query_table, query_index])
def test_cost_does_not_grow_with_the_table(action: Callable[[Any], object]) -> None:
    counts = []
    for size in (SMALL, LARGE):
        with tables_of(size) as client:
            action(client)  # lazily built parsers and caches are no part of the cost
            counts.append(python_calls(lambda client=client: action(client)))  # type: ignore[misc]

    small, large = counts
    assert large <= small * TOLERANCE
