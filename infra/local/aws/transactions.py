"""A patch of moto's transactions: undoes the items of a failed transaction, and not the whole table.

moto deep-copies every table of a transaction, and restores the copies when the transaction fails. That costs O(table)
for each transaction, and undoes every write that other callers made in between. This patch remembers only the
transaction's items, skips the copies of tables, and restores these items after a failure.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.exceptions import ResourceNotFoundException
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from infra.local.aws.locks import DYNAMODB

TransactWriteItems = Callable[[models.DynamoDBBackend, list[dict[str, Any]]], None]


@dataclass(frozen=True)
class _ItemBefore:
    """One item before the transaction. `item` is None if it did not exist."""

    table: Table
    hash_key: DynamoType
    range_key: DynamoType | None
    item: Item | None

    def restore(self) -> None:
        """Restores the item, without conditions and without a stream record."""
        if self.range_key is not None:
            rows: Any = self.table.items[self.hash_key]
            key = self.range_key
        else:
            rows, key = self.table.items, self.hash_key
        if self.item is None:
            rows.pop(key, None)
        else:
            rows[key] = self.item


def _touched_items(backend: models.DynamoDBBackend, transact_items: list[dict[str, Any]]) -> Iterator[_ItemBefore]:
    for operation in (op for item in transact_items for op in item.values()):
        try:
            table = backend.get_table(operation["TableName"])
        except (KeyError, ResourceNotFoundException):
            continue  # moto refuses this operation before it writes anything
        attributes = operation.get("Key") or operation.get("Item") or {}
        if table.hash_key_attr not in attributes or (
            table.range_key_attr is not None and table.range_key_attr not in attributes
        ):
            continue  # likewise: no such item can be written
        hash_key = DynamoType(attributes[table.hash_key_attr])
        range_key = DynamoType(attributes[table.range_key_attr]) if table.range_key_attr else None
        rows: Any = table.items.get(hash_key)
        item = rows if range_key is None or rows is None else rows.get(range_key)
        yield _ItemBefore(table, hash_key, range_key, copy.deepcopy(item))


def restoring(transact_write_items: TransactWriteItems) -> TransactWriteItems:
    """Wraps moto's `transact_write_items`, so that a failure restores only the transaction's items."""

    def wrapper(self: models.DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        with DYNAMODB:
            items_before = list(_touched_items(self, transact_items))
            shards = [t.table.stream_shard for t in items_before if t.table.stream_shard is not None]
            stream_lengths = [(shard, len(shard.items)) for shard in shards]
            try:
                transact_write_items(self, transact_items)
            except BaseException:
                for before in items_before:
                    before.restore()
                for shard, length in stream_lengths:
                    del shard.items[length:]
                raise

    return wrapper


def copies_all_but_tables() -> SimpleNamespace:
    """Returns a replacement for the module `copy` in `moto.dynamodb.models`, which does not copy tables."""

    def deepcopy(value: Any, memo: dict[int, Any] | None = None) -> Any:
        return value if isinstance(value, Table) else copy.deepcopy(value, memo)

    return SimpleNamespace(deepcopy=deepcopy)
