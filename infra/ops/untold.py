"""Changes that POM was not told of: `untold` lists what their queue holds, and `tell-again` tells them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click

from chalicelib.adapters.tables.stream import change_reader, table_of
from chalicelib.api.models.told_changes import bus_events
from chalicelib.bootstrap import Adapters
from chalicelib.functions import UNTOLD_CHANGES
from chalicelib.ports.changes import UntoldChanges
from chalicelib.usecases.telling.tell_changes import Record, tell_changes
from infra.ops import books
from infra.ops.cli import command, dry_run
from infra.ops.dead_letters import ASKED_FOR, at_most, put_back, received
from infra.ops.screen import Screen, ago, moment
from infra.ops.stage import Stage

NO_VERSIONS = "The message does not hold the stored versions, so the change cannot be told any more."


@dataclass(frozen=True)
class Untold:
    """One message of the queue. `keys` are those of the item; `record` is None if the message lacks its versions."""

    table: str
    keys: str
    reason: str
    record: Mapping[str, Any] | None


def read(message: Mapping[str, Any], prefix: str) -> Untold:
    """Returns what a message says. `prefix` is what the names of the stage's tables begin with.

    AWS itself writes about records that left the stream, without what was in them
    (https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html).
    """
    body: Any = None
    with suppress(ValueError):
        body = json.loads(message["Body"])
    match body:
        case {"reason": str(reason), "record": {"eventSourceARN": str(arn), "dynamodb": {"Keys": dict(keys)}}}:
            record = None if body.get("imagesOmitted") else body["record"]
            return Untold(_table(arn, prefix), " ".join(map(_plain, keys.values())), reason, record)
        case {"DDBStreamBatchInfo": {"streamArn": str(arn), "batchSize": size}}:
            why = f"{size} records left the stream before an invocation succeeded. They are lost."
            return Untold(_table(arn, prefix), "unknown", why, None)
    return Untold("unknown", "unreadable", "Neither publish_changes nor AWS writes such messages.", None)


def _table(arn: str, prefix: str) -> str:
    return table_of(arn).removeprefix(prefix) or "unknown"


def _plain(value: Any) -> str:
    """Returns a key's value: DynamoDB writes `{"S": "org_1"}`."""
    return str(next(iter(value.values()))) if isinstance(value, dict) and value else "-"


def _row(message: Mapping[str, Any], untold: Untold, now: int) -> dict[str, Any]:
    """Returns what an operator reads of a message: keys and the reason, and nothing of the item itself."""
    sent = int(message["Attributes"]["SentTimestamp"]) // 1000
    return {
        "message": message["MessageId"],
        "table": untold.table,
        "keys": untold.keys,
        "since": moment(sent),
        "age": ago(sent, now),
        "reason": untold.reason,
        "complete": untold.record is not None,
    }


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
    rows = [_row(each, read(each, stage.config.table_prefix), now) for each in messages]
    rows.sort(key=lambda each: str(each["since"]))
    screen.table("untold", "Changes that POM was not told of", rows, ("table", "keys", "since", "age", "reason"))
    screen.document["waiting"] = waiting
    _tell_hidden(screen, waiting - len(messages))


@click.command("tell-again")
@at_most
@dry_run
@command
def tell_again(stage: Stage, screen: Screen, most: int | None, dry_run: bool) -> None:
    """Tell POM the changes in the queue of untold ones, on the bus and in the feed.

    A change leaves the queue only when it is told. If POM was told of it before, it has the same id again.
    """
    client, source, now = books.sqs(), stage.queue_url(UNTOLD_CHANGES), stage.ports.clock.now()
    waiting = sum(books.depth(client, source) or (0, 0))
    wanted = min(waiting, most or waiting)
    messages = list(received(client, source, wanted, ASKED_FOR))
    rows, left = [], list(messages)
    try:
        for message in screen.each(messages, "Changes", len(messages)):
            found = read(message, stage.config.table_prefix)
            problem = _problem(found, stage) if dry_run else _told(found, stage)
            rows.append({**_row(message, found, now), "told": not dry_run and problem is None, "problem": problem})
            if problem is None and not dry_run:
                client.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
                left.remove(message)
    finally:
        put_back(client, source, left)
    good = sum(1 for each in rows if each["problem"] is None)
    screen.table("changes", "Changes", rows, ("table", "keys", "since", "told", "problem"))
    if dry_run:
        screen.fact("wouldTell", good, f"Would be told: {good} of {waiting} changes.")
    else:
        screen.fact("told", good, f"Told: {good}. Left in the queue: {waiting - good}.")
        if good < len(rows):
            screen.failure(f"{len(rows) - good} changes could not be told, and stay in the queue.")
    _tell_hidden(screen, wanted - len(messages))


def _tell_hidden(screen: Screen, hidden: int) -> None:
    if hidden > 0:
        screen.failure(f"SQS did not show {hidden} more messages: somebody else looks at them. Try again.")


def _problem(untold: Untold, stage: Stage) -> str | None:
    """Returns why a change cannot be told, as far as reading its record shows it."""
    if untold.record is None:
        return NO_VERSIONS
    try:
        change_reader(stage.config.table_prefix)(untold.record)
    except Exception as error:  # noqa: BLE001 whatever it is, the operator reads it, and the change stays
        return f"This release cannot read the record: {type(error).__name__}."
    return None


def _told(untold: Untold, stage: Stage) -> str | None:
    """Tells a change as `publish_changes` does. Returns why it could not be told, or None."""
    if untold.record is None:
        return NO_VERSIONS
    record = Record.of(untold.record)
    outcome = tell_changes(
        [record],
        change_reader(stage.config.table_prefix),
        lambda change, shown: bus_events(change, shown, stage.config.stripe_dashboard_base),
        _Telling(stage.config),
    )
    if outcome.repeat_from is not None:
        return "The bus or a table did not answer. Try again."
    return outcome.untold.get(record.place)


class _Telling(Adapters):
    """The stage's adapters, except that a record that cannot be told is not queued a second time."""

    @property
    def untold(self) -> UntoldChanges:
        return _AlreadyKept()


class _AlreadyKept:
    """Fulfils `UntoldChanges` for records that are in the queue."""

    def keep(self, record: Mapping[str, Any], reason: str) -> None:
        """Does nothing: the message stays where it is, and the outcome of telling has the reason."""
