"""A patch of moto's queries: reads the items of one partition, and not a sorted copy of the table.

moto sorts every item of the table on each query, then drops the items of other partitions. moto still filters, sorts
and pages the items, but this patch gives it fewer of them. A query of the table reads one partition. A query of an
index still passes over the table once, and compares one attribute.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

_narrowed = threading.local()


def _partition(table: Table, hash_key: DynamoType) -> list[Item]:
    rows: Any = table.items.get(hash_key)
    if rows is None:
        return []
    if not table.has_range_key:
        return [rows]
    return _presorted(list(rows.values()), [str(table.range_key_attr)])


def _index_items(table: Table, index_name: str, conditions: list[tuple[str, DynamoType]]) -> list[Item]:
    """Returns the items of an index with these hash key values. Such items have every key attribute of the index."""
    (first, first_value), *other_conditions = conditions
    keys = next((index.schema_key_attrs for index in table.all_indexes() if index.name == index_name), [])
    items: list[Item] = []
    for rows in table.items.values():
        row_items: Any = rows.values() if table.has_range_key else (rows,)
        for item in row_items:
            value = item.attrs.get(first)
            if value is None or value.type != first_value.type:
                continue
            if value.value == first_value.value or (value.type == "N" and value == first_value):
                items.append(item)
    items = [item for item in items if all(item.attrs.get(name) == value for name, value in other_conditions)]
    items = [item for item in items if all(key in item.attrs for key in keys)]
    table_keys = [key for key in (table.hash_key_attr, table.range_key_attr) if key is not None]
    return _presorted(items, keys + table_keys)


def _presorted(items: list[Item], attributes: list[str]) -> list[Item]:
    """Returns the items in the order of moto's own sorting, so that moto's slow comparisons have nothing to move."""
    with suppress(TypeError):  # an attribute of mixed types: moto's order decides
        items.sort(key=lambda item: [item.attrs[name].cast_value for name in attributes])
    return items


def narrowing_queries(query: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps moto's `Table.query`, so that `all_items` returns only items that can match the key condition."""

    def wrapper(
        self: Table,
        hash_key: DynamoType | None,
        range_comparison: str | None,
        range_objs: list[DynamoType],
        limit: int,
        exclusive_start_key: dict[str, Any],
        scan_index_forward: bool,
        projection_expressions: list[list[str]] | None,
        index_name: str | None = None,
        *more_arguments: Any,
        **options: Any,
    ) -> Any:
        conditions = options.get("hash_key_conditions")
        if index_name is None and hash_key is not None:
            _narrowed.items = _partition(self, hash_key)
        elif index_name is not None and conditions:
            _narrowed.items = _index_items(self, index_name, conditions)
        try:
            return query(
                self,
                hash_key,
                range_comparison,
                range_objs,
                limit,
                exclusive_start_key,
                scan_index_forward,
                projection_expressions,
                index_name,
                *more_arguments,
                **options,
            )
        finally:
            _narrowed.items = None

    return wrapper


def returning_narrowed_items(all_items: Callable[[Table], list[Item]]) -> Callable[[Table], list[Item]]:
    """Wraps moto's `Table.all_items`. Inside a query it returns the items that can match, in no particular order."""

    def wrapper(self: Table) -> list[Item]:
        items: list[Item] | None = getattr(_narrowed, "items", None)
        return all_items(self) if items is None else items

    return wrapper
