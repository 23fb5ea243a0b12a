"""A small table and its items, for tests of the embedded AWS."""

from __future__ import annotations

from typing import Any


def create_table(client: Any, name: str, **more: Any) -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk", "owner")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-owner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )


def item(sk: str, value: int = 0, owner: str = "somebody") -> dict[str, Any]:
    return {"pk": {"S": "org"}, "sk": {"S": sk}, "value": {"N": str(value)}, "owner": {"S": owner}}


def key(sk: str) -> dict[str, Any]:
    return {"pk": {"S": "org"}, "sk": {"S": sk}}


def put(table: str, sk: str, value: int = 0, **condition: Any) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": item(sk, value), **condition}}


IF_ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}
