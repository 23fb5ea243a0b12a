"""`python -m infra.local.aws.measure --items 10000`: measures calls to the embedded AWS with tables of that size.

A pair is a GetItem and a TransactWriteItems of two conditional puts, like those of a webhook. The rates include the
client.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3

from infra.local.aws.in_process import FAKE_ENVIRONMENT, embedded_aws
from infra.local.aws.server import serve_aws

TABLES = ("left", "right")
PARTITION = 20
"""The number of items in each partition, and of each value of the index."""


def main() -> None:
    """Measures calls in the same process, then over HTTP."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.aws.measure", description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="in each table (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=200, help="of each call (default: %(default)s)")
    options = parser.parse_args()
    for place, aws in (("in process", embedded_aws), ("over HTTP", _over_http)):
        with aws():
            dynamodb = boto3.client("dynamodb")
            _fill(dynamodb, options.items)
            for name, call in _calls(dynamodb, options.items).items():
                call(-1)
                started_at = time.perf_counter()
                for number in range(options.rounds):
                    call(number)
                rate = options.rounds / (time.perf_counter() - started_at)
                print(f"{place}: {name}: {rate:.0f}/s at {options.items} items")


@contextmanager
def _over_http() -> Iterator[None]:
    """Serves AWS in a thread of this process, so client and server share the interpreter, unlike in the stack."""
    with serve_aws() as server, patch.dict(os.environ, {**FAKE_ENVIRONMENT, "AWS_ENDPOINT_URL": server.url}):
        yield


def _calls(dynamodb: Any, items: int) -> dict[str, Callable[[int], object]]:
    def pair(number: int) -> None:
        dynamodb.get_item(TableName="left", Key={"pk": {"S": "o1"}, "sk": {"S": "i0000021"}})
        conditional_put = {"Item": _item(items + 1 + number), "ConditionExpression": "attribute_not_exists(pk)"}
        dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": name, **conditional_put}} for name in TABLES]
        )

    def query(attribute: str, **index: str) -> Callable[[int], object]:
        return lambda number: dynamodb.query(
            TableName="left",
            KeyConditionExpression="#a = :v",
            ExpressionAttributeNames={"#a": attribute},
            ExpressionAttributeValues={":v": {"S": "o3"}},
            **index,
        )

    return {
        "get and transaction of two puts": pair,
        f"query of {PARTITION} by key": query("pk"),
        f"query of {PARTITION} by index": query("owner", IndexName="by-owner"),
    }


def _item(number: int) -> dict[str, Any]:
    owner = {"S": f"o{number // PARTITION}"}
    fields = {f"field{n}": {"S": "x" * 20} for n in range(20)}
    return {"pk": owner, "sk": {"S": f"i{number:07}"}, "owner": owner, "document": {"M": fields}}


def _fill(dynamodb: Any, items: int) -> None:
    for name in TABLES:
        dynamodb.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk", "owner")],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-owner",
                    "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for start in range(0, items, 25):
            puts = [{"PutRequest": {"Item": _item(n)}} for n in range(start, min(start + 25, items))]
            dynamodb.batch_write_item(RequestItems={name: puts})


if __name__ == "__main__":
    main()
