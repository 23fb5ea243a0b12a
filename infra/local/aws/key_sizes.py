"""A patch of moto: refuses empty and oversized keys wherever DynamoDB does.

A partition key takes 1 to 2,048 bytes, a sort key 1 to 1,024, and the same holds for the keys of an index
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html). moto checks keys in some writes
and in no read, so a key that is too large would first fail on AWS. moto does not compare the bounds of a BETWEEN
either, which DynamoDB refuses if the lower one is greater
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

MAX_PARTITION_KEY = 2048
MAX_SORT_KEY = 1024
"""Bytes of UTF-8."""


def checking_reads(get_item: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps moto's `Table.get_item`. Updates, deletes and checks of conditions call it first, too."""

    def wrapper(
        self: Table, hash_key: DynamoType, range_key: DynamoType | None = None, *rest: Any, **named: Any
    ) -> Any:
        _require_possible(hash_key, MAX_PARTITION_KEY)
        _require_possible(range_key, MAX_SORT_KEY)
        return get_item(self, hash_key, range_key, *rest, **named)

    return wrapper


def checking_queries(query: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps moto's `Table.query`."""

    def wrapper(
        self: Table,
        hash_key: DynamoType,
        range_comparison: str | None,
        range_keys: list[DynamoType],
        *rest: Any,
        **named: Any,
    ) -> Any:
        _require_possible(hash_key, MAX_PARTITION_KEY)
        conditions = named.get("range_key_conditions") or [(None, range_comparison, range_keys)]
        for _, comparison, bounds in conditions:
            _require_possible_bounds(comparison, bounds)
        return query(self, hash_key, range_comparison, range_keys, *rest, **named)

    return wrapper


def checking_puts(put_item: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps moto's `Table.put_item`, and checks the keys of all indexes."""

    def wrapper(self: Table, item_attrs: dict[str, Any], *rest: Any, **named: Any) -> Any:
        attributes = {name: DynamoType(value) for name, value in item_attrs.items()}
        _require_possible_keys(self, attributes)
        return put_item(self, item_attrs, *rest, **named)

    return wrapper


def checking_updates(update_item: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps moto's `update_item`, and checks the keys of all indexes in the updated item."""

    def wrapper(self: models.DynamoDBBackend, table_name: str, *rest: Any, **named: Any) -> Item:
        item: Item = update_item(self, table_name, *rest, **named)
        _require_possible_keys(self.get_table(table_name), item.attrs)
        return item

    return wrapper


def _require_possible_bounds(comparison: str | None, bounds: list[DynamoType]) -> None:
    """Raises DynamoDB's error if a bound is not a possible sort key, or if the bounds are in the wrong order."""
    for bound in bounds:
        _require_possible(bound, MAX_SORT_KEY)
    if comparison is not None and comparison.upper() == "BETWEEN":
        low, high = (_sorted_as(bound) for bound in bounds)
        if low > high:
            raise MockValidationException(
                "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or "
                "equal to lower bound"
            )


def _sorted_as(bound: DynamoType) -> Any:
    """Returns the value by which DynamoDB compares: the bytes of a text, or a number."""
    return bound.value.encode("utf-8", "surrogatepass") if bound.type == "S" else bound.cast_value


def _require_possible_keys(table: Table, attributes: dict[str, DynamoType]) -> None:
    for schema in (table.schema, *(index.schema for index in table.all_indexes())):
        for name, limit in _limits(schema):
            _require_possible(attributes.get(name), limit)


def _limits(schema: Iterable[dict[str, str]]) -> Iterable[tuple[str, int]]:
    for key in schema:
        yield key["AttributeName"], MAX_PARTITION_KEY if key["KeyType"] == "HASH" else MAX_SORT_KEY


def _require_possible(key: DynamoType | None, limit: int) -> None:
    """Raises DynamoDB's error for a text that is empty or longer than `limit` bytes."""
    if key is None or not isinstance(key.value, str) or key.type != "S":
        return
    size = len(key.value.encode("utf-8", "surrogatepass"))
    if not 0 < size <= limit:
        raise MockValidationException(f"One or more parameter values were invalid: a key of {size} bytes")
