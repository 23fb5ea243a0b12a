"""Runs the operators' commands on the stack, and compares all items of its tables before and after a command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import boto3

from chalicelib.adapters.tables.codec import text_of
from chalicelib.adapters.tables.connections import KIND
from infra.local.settings import TABLE_PREFIX
from infra.local.stack import ROOT
from infra.sandbox.product.scene import NotAsAssumed, Scene

COMMAND_TIMEOUT = 120
"""Seconds."""
CONNECTIONS = "connections"
"""The table of the connections, without its prefix."""
MISSED_COUNTS = ("recovered", "corrected", "parked", "payouts_missed")
"""Counts in a reconciliation's report of changes that webhooks should have brought. The count `missed` is not used,
because it includes objects that do not belong to POM.
"""
REWRITTEN_PARTS = ("sweep", "version")
"""The parts of a connection's document that each reconciliation writes."""
BOOKKEEPING = frozenset({"packed", "document", "version", "sweep_at"})
"""The attributes of a connection's item that hold its document or change with the sweep."""


def tie_out(scene: Scene) -> str:
    """Returns a sentence about the books of both sides. Raises NotAsAssumed if they differ."""
    report = _ops(scene, "tie-out", scene.organization)
    if report["differences"] or not report["days"]:
        raise NotAsAssumed(f"The books differ: {report['differences'] or 'no day was compared'}")
    days = [
        f"{day['day']}: paid {day['paid']}, refunded {day['refunded']} {day['currency']}" for day in report["days"]
    ]
    return "; ".join(days)


def reconcile_once(scene: Scene) -> str:
    """Reconciles once, with all objects. Raises NotAsAssumed if the reconciliation finds or writes anything."""
    before = dict(_items(scene))
    report = _ops(scene, "reconcile", scene.organization, "--objects")
    scene.stack.wait_until_idle()
    after = dict(_items(scene))
    [row] = report["reconciled"]
    changed_items = sorted(place for place in before.keys() | after.keys() if before.get(place) != after.get(place))
    missed = {name: row[name] for name in MISSED_COUNTS}
    if changed_items or any(missed.values()):
        raise NotAsAssumed(
            f"It found {missed}, and wrote {[_change_text(each, before, after) for each in changed_items]}"
        )
    return f"{row['events_seen']} events and all objects were looked at; {len(after)} items are as they were."


def _ops(scene: Scene, *arguments: str) -> Any:
    """Returns the JSON output of an operators' command. Raises NotAsAssumed if it failed."""
    command = [sys.executable, "-m", "infra.ops", "--json", *arguments]
    environment = scene.stack.child_environment()
    completed = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=COMMAND_TIMEOUT, check=False
    )
    try:
        return json.loads(completed.stdout)
    except ValueError as error:
        raise NotAsAssumed(f"./ops {' '.join(arguments)} failed: {completed.stderr[-500:]}") from error


def _items(scene: Scene) -> Iterator[tuple[tuple[str, str], Any]]:
    """Yields each item of the stack's tables by its table and key."""
    client = boto3.client("dynamodb", **_local(scene.stack.environment))
    for page in client.get_paginator("list_tables").paginate():
        for table in page["TableNames"]:
            if table.startswith(TABLE_PREFIX):
                keys = [
                    each["AttributeName"] for each in client.describe_table(TableName=table)["Table"]["KeySchema"]
                ]
                for items in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
                    for item in items["Items"]:
                        key = " ".join(str(*item[name].values()) for name in keys)
                        yield (table.removeprefix(TABLE_PREFIX), key), _comparable(table, item)


def _local(environment: Mapping[str, str]) -> dict[str, Any]:
    """Returns the client settings for the stack's AWS, because this process's environment may name another AWS."""
    return {
        "endpoint_url": environment["AWS_ENDPOINT_URL"],
        "region_name": environment["AWS_DEFAULT_REGION"],
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }


def _comparable(table: str, item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the part of an item that a reconciliation must not change."""
    if table != f"{TABLE_PREFIX}{CONNECTIONS}" or item["kind"] != {"S": KIND}:
        return item
    document = json.loads(text_of(item))
    for name in REWRITTEN_PARTS:
        del document[name]
    del document["account"]["as_of"]
    return {"document": document} | {name: value for name, value in item.items() if name not in BOOKKEEPING}


def _change_text(place: tuple[str, str], before: Mapping[Any, Any], after: Mapping[Any, Any]) -> str:
    old, new = before.get(place, {}), after.get(place, {})
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return f"{place[0]} {place[1]} ({', '.join(names)})"
