"""Changes that POM was not told of: `untold` lists what the queue of them holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click

from chalicelib.functions import UNTOLD_CHANGES
from infra.ops import books
from infra.ops.cli import command
from infra.ops.dead_letters import ASKED_FOR, put_back, received
from infra.ops.screen import Screen, ago, moment
from infra.ops.stage import Stage

LOST = "DDBStreamBatchInfo"
"""The field of AWS's own message about records that left the stream, which are in it no more
(https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html)."""


@dataclass(frozen=True)
class Untold:
    """One message of the queue. `record` is DynamoDB's, as Lambda was given it; None if the message holds none."""

    table: str
    about: str
    """The keys of the item, or where AWS says that the records were."""
    reason: str
    record: Mapping[str, Any] | None


def read(message: Mapping[str, Any], prefix: str) -> Untold:
    """Returns what a message says. `prefix` is what the names of the stage's tables begin with."""
    body: Any = None
    with suppress(ValueError):
        body = json.loads(message["Body"])
    match body:
        case {
            "reason": str(reason),
            "record": {"eventSourceARN": str(arn), "dynamodb": {"Keys": dict(keys)}} as record,
        }:
            return Untold(_table(arn, prefix), " ".join(map(_plain, keys.values())), reason, record)
        case {"reason": str(reason), **rest}:
            record = rest.get("record")
            return Untold("unknown", "unreadable", reason, record if isinstance(record, dict) else None)
        case {"DDBStreamBatchInfo": {"streamArn": str(arn), "batchSize": size}}:
            why = f"{size} records left the stream before an invocation succeeded. They are lost."
            return Untold(_table(arn, prefix), "unknown", why, None)
    return Untold("unknown", "unreadable", "The message is none that publish_changes or AWS writes.", None)


def _table(arn: str, prefix: str) -> str:
    """Returns the name in a stream's ARN: `…:table/NAME/stream/…`."""
    return arn.partition(":table/")[2].partition("/")[0].removeprefix(prefix) or "unknown"


def _plain(value: Any) -> str:
    """Returns a key's value: DynamoDB writes `{"S": "org_1"}`."""
    return str(next(iter(value.values()))) if isinstance(value, dict) and value else "-"


@click.command()
@command
def untold(stage: Stage, screen: Screen) -> None:
    """List the changes that POM was not told of: which object, why, and since when.

    Nothing is changed. `tell-again` tells them, and `discard untold-changes` throws them away.
    """
    client, source, now = books.sqs(), stage.queue_url(UNTOLD_CHANGES), stage.ports.clock.now()
    waiting = sum(books.depth(client, source) or (0, 0))
    messages = list(received(client, source, waiting, ASKED_FOR))
    put_back(client, source, messages)
    rows = [row(each, stage.config.table_prefix, now) for each in messages]
    rows.sort(key=lambda each: str(each["since"]))
    screen.table("untold", "Changes that POM was not told of", rows, ("table", "keys", "since", "age", "reason"))
    screen.document["waiting"] = waiting
    if len(messages) < waiting:
        hidden = waiting - len(messages)
        screen.failure(f"SQS did not show {hidden} of {waiting} messages, because somebody looks at them. Try again.")


def row(message: Mapping[str, Any], prefix: str, now: int) -> dict[str, Any]:
    """Returns what an operator reads of a message: keys and the reason, and nothing of the item itself."""
    sent = int(message["Attributes"]["SentTimestamp"]) // 1000
    told = read(message, prefix)
    return {
        "message": message["MessageId"],
        "table": told.table,
        "keys": told.about,
        "since": moment(sent),
        "age": ago(sent, now),
        "reason": told.reason,
        "can_be_told": told.record is not None,
    }
