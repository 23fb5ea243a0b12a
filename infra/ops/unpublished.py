"""The commands `unpublished`, which lists the queue of unpublished changes, and `republish`, which publishes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click
import msgspec

from chalicelib.adapters.tables.stream import change_reader, table_of
from chalicelib.adapters.unpublished_changes import unpublished_change, unpublished_in
from chalicelib.bootstrap import Adapters
from chalicelib.domain.changes import Change
from chalicelib.functions import UNPUBLISHED_CHANGES
from chalicelib.ports.changes import StoredChange, UnpublishedChange, UnpublishedChanges
from infra.ops import lookups
from infra.ops.cli import command, dry_run
from infra.ops.dead_letters import HIDDEN_WHILE_ASKING, at_most, put_back, receive
from infra.ops.republishing import publish_again, still_to_publish
from infra.ops.screen import Screen, time_since, timestamp
from infra.ops.stage import Stage

NAMELESS = "The message does not say which object it is about, so the change cannot be published any more."


@dataclass(frozen=True)
class Unpublished:
    """One message of the queue. `keys` are those of the item; `change` is None if the message does not say which."""

    table: str
    keys: str
    reason: str
    change: UnpublishedChange | None


def read(message: Mapping[str, Any], prefix: str) -> Unpublished:
    """Returns what a message says. `prefix` is what the names of the stage's tables begin with.

    AWS itself writes about records that left the stream, without what was in them
    (https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html).
    """
    with suppress(msgspec.DecodeError):
        return _read(unpublished_in(message["Body"]), prefix)
    body: Any = None
    with suppress(ValueError):
        body = json.loads(message["Body"])
    match body:
        case {"reason": str(reason), "record": {"eventSourceARN": str(), "dynamodb": {"Keys": dict()}} as record}:
            return _read(_of_former_release(record, reason, prefix), prefix)
        case {"DDBStreamBatchInfo": {"streamArn": str(arn), "batchSize": size}}:
            why = f"{size} records left the stream before an invocation succeeded. They are lost."
            return Unpublished(table_of(arn).removeprefix(prefix) or "unknown", "unknown", why, None)
    return Unpublished("unknown", "unreadable", "Neither publish_changes nor AWS writes such messages.", None)


def _read(change: UnpublishedChange, prefix: str) -> Unpublished:
    keys = " ".join(change.keys.values())
    return Unpublished(change.table.removeprefix(prefix) or "unknown", keys, change.reason, change)


def _of_former_release(record: Mapping[str, Any], reason: str, prefix: str) -> UnpublishedChange:
    """Returns the change in a message of a release that queued records whole. The queue has them for 14 days."""
    change: Change | None = None
    with suppress(Exception):  # whatever it is, the present object is published
        stored = change_reader(prefix)(record)
        change = stored.change if stored is not None else None
    return unpublished_change(record, reason, change)


def _row(message: Mapping[str, Any], unpublished: Unpublished, now: int) -> dict[str, Any]:
    """Returns what an operator reads of a message: keys and the reason, and nothing of the item itself."""
    sent = int(message["Attributes"]["SentTimestamp"]) // 1000
    return {
        "message": message["MessageId"],
        "table": unpublished.table,
        "keys": unpublished.keys,
        "since": timestamp(sent),
        "age": time_since(sent, now),
        "reason": unpublished.reason,
        "type": ", ".join(unpublished.change.change.difference.types)
        if unpublished.change and unpublished.change.change
        else None,
    }


@click.command()
@command
def unpublished(stage: Stage, screen: Screen) -> None:
    """List the changes that could not be published: the object, the types of change, the reason, and since when.

    Nothing is changed. `republish` publishes these changes, and `discard unpublished-changes` deletes them.
    """
    client, source, now = lookups.sqs(), stage.queue_url(UNPUBLISHED_CHANGES), stage.ports.clock.now()
    waiting = sum(lookups.depth(client, source) or (0, 0))
    messages = list(receive(client, source, waiting, HIDDEN_WHILE_ASKING))
    put_back(client, source, messages)
    rows = [_row(each, read(each, stage.config.table_prefix), now) for each in messages]
    rows.sort(key=lambda each: str(each["since"]))
    screen.table("unpublished", "Unpublished changes", rows, ("table", "keys", "type", "since", "age", "reason"))
    screen.document["waiting"] = waiting
    _report_hidden(screen, waiting - len(messages))


@click.command("republish")
@at_most
@dry_run
@command
def republish(stage: Stage, screen: Screen, most: int | None, dry_run: bool) -> None:
    """Publish the changes in the queue of unpublished changes, on the bus and in the feed.

    A change leaves the queue only when it is published, or when there is nothing left to publish. A change that was
    published before has the same id again. An object that has changed again since is left out of the event.
    """
    client, source, now = lookups.sqs(), stage.queue_url(UNPUBLISHED_CHANGES), stage.ports.clock.now()
    waiting = sum(lookups.depth(client, source) or (0, 0))
    wanted = min(waiting, most or waiting)
    messages = list(receive(client, source, wanted, HIDDEN_WHILE_ASKING))
    rows, left = [], list(messages)
    try:
        for message in screen.each(messages, "Changes", len(messages)):
            found = read(message, stage.config.table_prefix)
            problem = _problem(found, stage) if dry_run else _publish(found, stage)
            rows.append(
                {**_row(message, found, now), "published": not dry_run and problem is None, "problem": problem}
            )
            if problem is None and not dry_run:
                client.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
                left.remove(message)
    finally:
        put_back(client, source, left)
    good = sum(1 for each in rows if each["problem"] is None)
    screen.table("changes", "Changes", rows, ("table", "keys", "since", "published", "problem"))
    if dry_run:
        screen.fact("wouldRepublish", good, f"{good} of {waiting} changes would be published.")
    else:
        screen.fact("published", good, f"Published: {good}. Left in the queue: {waiting - good}.")
        if good < len(rows):
            screen.failure(f"{len(rows) - good} changes could not be published, and stay in the queue.")
    _report_hidden(screen, wanted - len(messages))


def _report_hidden(screen: Screen, hidden: int) -> None:
    if hidden > 0:
        screen.failure(f"SQS did not show {hidden} more messages: another command hides them. Try again.")


def _problem(unpublished: Unpublished, stage: Stage) -> str | None:
    """Returns why a change cannot be published, as far as reading its object shows, or None."""
    return _found(unpublished, stage)[1]


def _found(unpublished: Unpublished, stage: Stage) -> tuple[StoredChange | None, str | None]:
    """Returns the change to publish, if any, and the reason why it cannot be published, if any."""
    if unpublished.change is None:
        return None, NAMELESS
    try:
        return still_to_publish(unpublished.change, stage.config.table_prefix, stage.ports), None
    except Exception as error:  # noqa: BLE001 whatever it is, the operator reads it, and the change stays
        return None, f"This release cannot read the object: {type(error).__name__}."


def _publish(unpublished: Unpublished, stage: Stage) -> str | None:
    """Publishes a change as `publish_changes` does. Returns None, or the reason why it could not be published."""
    change, problem = _found(unpublished, stage)
    if change is None:
        return problem
    return publish_again(change, _Republishing(stage.config), stage.config.stripe_dashboard_base)


class _Republishing(Adapters):
    """The stage's adapters, except that a change that cannot be published is not queued a second time."""

    @property
    def unpublished(self) -> UnpublishedChanges:
        return _AlreadyQueued()


class _AlreadyQueued:
    """Implements `UnpublishedChanges` for changes that are in the queue."""

    def keep(self, record: Mapping[str, Any], reason: str, change: Change | None) -> None:
        """Does nothing: the message stays where it is, and the outcome has the reason."""
