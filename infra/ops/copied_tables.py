"""Sets a table back to a copy from an earlier time: writes the items that differ, deletes the items without a copy.

The module does not interpret the items, with one exception: the platform's own items stay as they are now.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from pynamodb.models import Model

from chalicelib.adapters.tables.connections import PLATFORM
from chalicelib.adapters.tables.database import MAX_WRITES_AT_ONCE
from chalicelib.domain.errors import Retryable

Item = Mapping[str, Any]
"""An item in the form of DynamoDB's API."""

ATTEMPTS = 12
"""How often unprocessed items are sent again. The last attempts are a minute apart."""


@dataclass
class SetBackCounts:
    """How many items of one table were written, deleted and left, or would be."""

    table: str
    in_copy: int = 0
    written: int = 0
    deleted: int = 0
    kept: int = 0
    """Items that stay as they are now, whether or not the copy has them. See `keeps` of `set_back`."""


class MissingCopies(Exception):
    """Some tables have no complete copy."""


def require_copies(sources: Iterable[str]) -> None:
    """Raises MissingCopies if a copy does not exist or is not ready. Changes nothing."""
    client = boto3.client("dynamodb")
    problems = []
    for source in sources:
        try:
            status = client.describe_table(TableName=source)["Table"].get("TableStatus")
        except client.exceptions.ResourceNotFoundException:
            status = "not there"
        if status != "ACTIVE":
            problems.append(f"{source} is {status}")
    if problems:
        raise MissingCopies(
            f"{'; '.join(problems)}. Nothing was touched: restore all tables to the same second first."
        )


def set_back(
    model: type[Model],
    source: str | None,
    pause: Callable[[float], None],
    *,
    change: Callable[[Item], Item] = lambda item: item,
    keeps: Callable[[Item], Item | None] = lambda item: None,
    dry_run: bool = False,
) -> SetBackCounts:
    """Makes the table of a model equal to the table `source`, or empties it if `source` is None.

    `change` converts each item of the copy before it is written. `keeps` returns the item that a present item stays
    as, or None if the copy replaces it.

    Raises:
        Retryable: DynamoDB did not process items after all attempts. Repeating the call is safe.
    """
    table = str(model.Meta.table_name)
    keys = [each["AttributeName"] for each in model._get_schema()["key_schema"]]
    counts = SetBackCounts(table)
    requests: list[Any] = []
    present: dict[str, bytes] = {}
    kept_keys: set[str] = set()
    for item in _items(table):
        kept_item = keeps(item)
        if kept_item is None:
            present[_key(item, keys)] = _digest(item)
            continue
        counts.kept += 1
        kept_keys.add(_key(item, keys))
        if kept_item != item:
            requests.append({"PutRequest": {"Item": kept_item}})
            requests = _write_full_batch(table, requests, pause, dry_run=dry_run)
    for item in _items(source) if source is not None else ():
        expected_item = change(item)
        counts.in_copy += 1
        if _key(expected_item, keys) in kept_keys:
            continue
        if present.pop(_key(expected_item, keys), None) != _digest(expected_item):
            counts.written += 1
            requests.append({"PutRequest": {"Item": expected_item}})
        requests = _write_full_batch(table, requests, pause, dry_run=dry_run)
    for key in present:
        counts.deleted += 1
        requests.append({"DeleteRequest": {"Key": dict(zip(keys, json.loads(key), strict=True))}})
        requests = _write_full_batch(table, requests, pause, dry_run=dry_run)
    if requests and not dry_run:
        _write(table, requests, pause)
    return counts


def _items(table: str) -> Iterator[Item]:
    """Yields all items except the platform's own, because its present freeze must survive the restore."""
    pages: Any = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        for item in page["Items"]:
            if item.get("organization_id") != {"S": PLATFORM}:
                yield item


def _key(item: Item, keys: list[str]) -> str:
    return json.dumps([item[each] for each in keys])


def _digest(item: Item) -> bytes:
    text = json.dumps(item, sort_keys=True, default=lambda value: value.hex())
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _write_full_batch(table: str, requests: list[Any], pause: Callable[[float], None], *, dry_run: bool) -> list[Any]:
    """Writes the requests if they fill a batch. Returns the requests that still wait for a full batch."""
    if len(requests) < MAX_WRITES_AT_ONCE:
        return requests
    if not dry_run:
        _write(table, requests, pause)
    return []


def _write(table: str, requests: list[Any], pause: Callable[[float], None]) -> None:
    client = boto3.client("dynamodb")
    unprocessed = requests
    for attempt in range(ATTEMPTS):
        unprocessed = client.batch_write_item(RequestItems={table: unprocessed})["UnprocessedItems"].get(table, [])
        if not unprocessed:
            return
        pause(min(60.0, 0.1 * 2**attempt))
    raise Retryable(
        "database_unavailable", f"DynamoDB accepts no more items of {table}.", next_step="Run the command again."
    )
