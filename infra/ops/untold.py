"""Changes that POM was not told of: `untold` lists what their queue holds, and `tell-again` tells them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click
import msgspec

from chalicelib.adapters.tables.stream import change_reader, table_of
from chalicelib.adapters.untold_changes import untold_change, untold_in
from chalicelib.bootstrap import Adapters
from chalicelib.domain.changes import Change
from chalicelib.functions import UNTOLD_CHANGES
from chalicelib.ports.changes import StoredChange, UntoldChange, UntoldChanges
from infra.ops import lookups
from infra.ops.cli import command, dry_run
from infra.ops.dead_letters import HIDDEN_WHILE_ASKING, at_most, put_back, receive
from infra.ops.screen import Screen, time_since, timestamp
from infra.ops.stage import Stage
from infra.ops.told_again import still_to_tell, tell

NAMELESS = "The message does not say which object it is about, so the change cannot be told any more."


@dataclass(frozen=True)
class Untold:
    """One message of the queue. `keys` are those of the item; `change` is None if the message does not say which."""

    table: str
    keys: str
    reason: str
    change: UntoldChange | None


def read(message: Mapping[str, Any], prefix: str) -> Untold:
    """Returns what a message says. `prefix` is what the names of the stage's tables begin with.

    AWS itself writes about records that left the stream, without what was in them
    (https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html).
    """
    with suppress(msgspec.DecodeError):
        return _read(untold_in(message["Body"]), prefix)
    body: Any = None
    with suppress(ValueError):
        body = json.loads(message["Body"])
    match body:
        case {"reason": str(reason), "record": {"eventSourceARN": str(), "dynamodb": {"Keys": dict()}} as record}:
            return _read(_of_former_release(record, reason, prefix), prefix)
        case {"DDBStreamBatchInfo": {"streamArn": str(arn), "batchSize": size}}:
            why = f"{size} records left the stream before an invocation succeeded. They are lost."
            return Untold(table_of(arn).removeprefix(prefix) or "unknown", "unknown", why, None)
    return Untold("unknown", "unreadable", "Neither publish_changes nor AWS writes such messages.", None)


def _read(change: UntoldChange, prefix: str) -> Untold:
    keys = " ".join(change.keys.values())
    return Untold(change.table.removeprefix(prefix) or "unknown", keys, change.reason, change)


def _of_former_release(record: Mapping[str, Any], reason: str, prefix: str) -> UntoldChange:
    """Returns the change in a message of a release that queued records whole. The queue has them for 14 days."""
    change: Change | None = None
    with suppress(Exception):  # whatever it is, the change is told by the present object
        stored = change_reader(prefix)(record)
        change = stored.change if stored is not None else None
    return untold_change(record, reason, change)


def _row(message: Mapping[str, Any], untold: Untold, now: int) -> dict[str, Any]:
    """Returns what an operator reads of a message: keys and the reason, and nothing of the item itself."""
    sent = int(message["Attributes"]["SentTimestamp"]) // 1000
    return {
        "message": message["MessageId"],
        "table": untold.table,
        "keys": untold.keys,
        "since": timestamp(sent),
        "age": time_since(sent, now),
        "reason": untold.reason,
        "type": ", ".join(untold.change.change.difference.types) if untold.change and untold.change.change else None,
    }


@click.command()
@command
def untold(stage: Stage, screen: Screen) -> None:
    """List the changes that POM was not told of: which object, what, why, and since when.

    Nothing is changed. `tell-again` tells them, and `discard untold-changes` throws them away.
    """
    client, source, now = lookups.sqs(), stage.queue_url(UNTOLD_CHANGES), stage.ports.clock.now()
    waiting = sum(lookups.depth(client, source) or (0, 0))
    messages = list(receive(client, source, waiting, HIDDEN_WHILE_ASKING))
    put_back(client, source, messages)
    rows = [_row(each, read(each, stage.config.table_prefix), now) for each in messages]
    rows.sort(key=lambda each: str(each["since"]))
    screen.table(
        "untold", "Changes that POM was not told of", rows, ("table", "keys", "type", "since", "age", "reason")
    )
    screen.document["waiting"] = waiting
    _tell_hidden(screen, waiting - len(messages))


@click.command("tell-again")
@at_most
@dry_run
@command
def tell_again(stage: Stage, screen: Screen, most: int | None, dry_run: bool) -> None:
    """Tell POM the changes in the queue of untold ones, on the bus and in the feed.

    A change leaves the queue only when it is told, or when nothing is to be told of it any more. If POM was told of
    it before, it has the same id again. An object that has changed again since is left out of the event.
    """
    client, source, now = lookups.sqs(), stage.queue_url(UNTOLD_CHANGES), stage.ports.clock.now()
    waiting = sum(lookups.depth(client, source) or (0, 0))
    wanted = min(waiting, most or waiting)
    messages = list(receive(client, source, wanted, HIDDEN_WHILE_ASKING))
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
    """Returns why a change cannot be told, as far as reading its object shows it."""
    return _found(untold, stage)[1]


def _found(untold: Untold, stage: Stage) -> tuple[StoredChange | None, str | None]:
    """Returns what is to be told of a change, if anything, or why it cannot be told."""
    if untold.change is None:
        return None, NAMELESS
    try:
        return still_to_tell(untold.change, stage.config.table_prefix, stage.ports), None
    except Exception as error:  # noqa: BLE001 whatever it is, the operator reads it, and the change stays
        return None, f"This release cannot read the object: {type(error).__name__}."


def _told(untold: Untold, stage: Stage) -> str | None:
    """Tells a change as `publish_changes` does. Returns why it could not be told, or None."""
    change, problem = _found(untold, stage)
    if change is None:
        return problem
    return tell(change, _Telling(stage.config), stage.config.stripe_dashboard_base)


class _Telling(Adapters):
    """The stage's adapters, except that a change that cannot be told is not queued a second time."""

    @property
    def untold(self) -> UntoldChanges:
        return _AlreadyKept()


class _AlreadyKept:
    """Fulfils `UntoldChanges` for changes that are in the queue."""

    def keep(self, record: Mapping[str, Any], reason: str, change: Change | None) -> None:
        """Does nothing: the message stays where it is, and the outcome of telling has the reason."""
