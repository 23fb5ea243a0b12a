"""Queries that return items in DynamoDB's form.

Models would leave out the attributes that they do not declare.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.indexes import GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.adapters.tables.database import Item, connection, translating_errors


def read_between(
    model: type[Model], hash_key: str, low: str, high: str, at_once: int | None = None
) -> Iterator[Item]:
    """Yields the items of one partition from `low` to `high`, both included, by strongly consistent reads.

    A query reads `at_once` items, or 1 MB.
    """
    return _query(model, hash_key, _range_key(model).between(low, high), consistent_read=True, limit=at_once)


def read_newest_between(model: type[Model], hash_key: str, low: str, high: str, at_once: int) -> Iterator[Item]:
    """Yields the items of one partition from `high` down to `low`, by strongly consistent reads.

    A query reads `at_once` items.
    """
    between = _range_key(model).between(low, high)
    return _query(model, hash_key, between, consistent_read=True, scan_index_forward=False, limit=at_once)


def _range_key(model: type[Model]) -> Path:
    [range_key] = [name for name, each in model.get_attributes().items() if each.is_range_key]
    return Path([range_key])


def read_newest_first(
    model: type[Model], index: GlobalSecondaryIndex[Any], hash_key: str, between: Condition, at_once: int
) -> Iterator[Item]:
    """Yields the items of one partition of an index, the latest range key first. A query reads `at_once` items."""
    name = index.Meta.index_name
    return _query(model, hash_key, between, index_name=name, scan_index_forward=False, limit=at_once)


def _query(model: type[Model], hash_key: str, between: Condition, **options: Any) -> Iterator[Item]:
    """Yields the items of one partition. Each further query is made when its first item is needed."""
    start = None
    while True:
        with translating_errors():
            response = connection().query(
                model.Meta.table_name, hash_key, between, exclusive_start_key=start, **options
            )
        yield from response["Items"]
        start = response.get("LastEvaluatedKey")
        if not start:
            return
