"""Dead letters: `redrive` sends them to their queue again, and `discard` deletes them."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import click

from chalicelib.functions import SCHEDULE_FAILURES, UNPUBLISHED_CHANGES, Queue
from infra.ops import lookups
from infra.ops.cli import command, dry_run
from infra.ops.screen import Screen, timestamp
from infra.ops.stage import Stage

QUEUES = tuple(queue.value for queue in Queue)
QUEUES_WITHOUT_FUNCTION = (SCHEDULE_FAILURES, UNPUBLISHED_CHANGES)
"""The queues that feed no function."""
AT_ONCE = 10
"""The most messages that one request to SQS returns."""
HIDDEN_FOR = 60
"""Seconds for which a dead letter is hidden while it is moved."""
HIDDEN_WHILE_ASKING = 900
"""Seconds for which dead letters are hidden while the operator decides whether to delete them."""
ID_FIELDS = ("organizationId", "customerId", "invoiceId", "batchId", "task", "requestId")
"""The fields of a message that are shown: ids only."""

at_most = click.option("--max", "most", type=click.IntRange(1), help="The most messages to take [all].")
about_only = click.option(
    "--about", metavar="ID", help="Only messages about this organization, customer, invoice, batch, task or request."
)


@click.command()
@click.argument("queue", type=click.Choice(QUEUES))
@at_most
@about_only
@click.option("--rate", type=click.FloatRange(0.1, 100), default=10.0, show_default=True, help="Messages a second.")
@dry_run
@command
def redrive(
    stage: Stage, screen: Screen, queue: str, most: int | None, about: str | None, rate: float, dry_run: bool
) -> None:
    """Send the dead letters of a queue back to the queue."""
    client = lookups.sqs()
    source, target = stage.queue_url(Queue(queue).dead_letter), stage.queue_url(queue)
    waiting = sum(lookups.depth(client, source) or (0, 0))
    requested = min(waiting, most or waiting)
    matching = None if about is None else _about(client, source, waiting, requested, about)
    if matching is not None:
        requested = len(matching)
    if dry_run:
        listed_letters = list(receive(client, source, requested, HIDDEN_FOR)) if matching is None else matching
        put_back(client, source, listed_letters)
        screen.table("deadLetters", f"Would be sent to {queue} again", [_row(each) for each in listed_letters])
        screen.fact("wouldMove", requested, f"Would be sent to {queue} again: {requested} of {waiting} messages.")
        screen.document["left"] = waiting
        return
    letters = receive(client, source, requested, HIDDEN_FOR) if matching is None else matching
    rows = []
    for message in screen.each(letters, "Messages", requested):
        attributes = message.get("Attributes", {})
        group = {"MessageGroupId": attributes["MessageGroupId"]} if "MessageGroupId" in attributes else {}
        if group and queue.endswith(".fifo"):
            # The id must differ from the first one, because SQS would drop the message as a duplicate.
            group["MessageDeduplicationId"] = f"redrive-{message['MessageId']}-{int(time.time())}"
        client.send_message(QueueUrl=target, MessageBody=message["Body"], **group)
        client.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
        rows.append(_row(message))
        if len(rows) < requested:
            time.sleep(1 / rate)
    moved_count, remaining = len(rows), sum(lookups.depth(client, source) or (0, 0))
    screen.table("deadLetters", f"Sent to {queue} again", rows)
    screen.fact("moved", moved_count, f"Sent to {queue} again: {moved_count}. Left: {remaining}.")
    screen.document["left"] = remaining
    if moved_count < requested:
        screen.failure(
            f"SQS returned only {moved_count} of {requested} messages; the others are hidden for a minute. Try again."
        )


@click.command()
@click.argument("queue", type=click.Choice((*QUEUES, *QUEUES_WITHOUT_FUNCTION)))
@at_most
@about_only
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run
@command
def discard(
    stage: Stage, screen: Screen, queue: str, most: int | None, about: str | None, yes: bool, dry_run: bool
) -> None:
    """Delete dead letters permanently: failed scheduled runs, and messages that must not be processed again.

    The command lists the messages and asks before it deletes them. A deleted scheduled run is not repeated:
    the schedule's next run does the same work.
    """
    client = lookups.sqs()
    name = queue if queue in QUEUES_WITHOUT_FUNCTION else Queue(queue).dead_letter
    source = stage.queue_url(name)
    waiting = sum(lookups.depth(client, source) or (0, 0))
    requested = min(waiting, most or waiting)
    if about is None:
        letters = list(receive(client, source, requested, HIDDEN_WHILE_ASKING))
    else:
        letters = _about(client, source, waiting, requested, about)
        requested = len(letters)
    remaining = deque(letters)
    try:
        screen.table("deadLetters", f"Dead letters of {name}", [_row(each) for each in letters])
        if letters and not dry_run and (yes or _sure(len(letters), waiting)):
            for each in screen.each(letters, "Messages", len(letters)):
                client.delete_message(QueueUrl=source, ReceiptHandle=each["ReceiptHandle"])
                remaining.popleft()
    finally:
        put_back(client, source, remaining)
    discarded_count = len(letters) - len(remaining)
    if dry_run:
        count = len(letters)
        screen.fact("wouldDiscard", count, f"Would be deleted: {count} of {waiting} messages.")
    else:
        screen.fact("discarded", discarded_count, f"Deleted: {discarded_count}. Left: {waiting - discarded_count}.")
    screen.document["left"] = waiting - discarded_count
    if len(letters) < requested:
        screen.failure(f"SQS returned only {len(letters)} of {requested} messages; the others are hidden. Try again.")


def _sure(some: int, waiting: int) -> bool:
    """Returns True if the operator confirms.

    Raises:
        click.Abort: the operator declines.
    """
    return click.confirm(f"Delete {some} of {waiting} messages permanently?", abort=True, err=True)


def _about(client: Any, source: str, waiting: int, limit: int, about: str) -> list[Any]:
    """Returns at most `limit` of all dead letters, those that name this id. The others become visible again at
    once.
    """
    letters = list(receive(client, source, waiting, HIDDEN_WHILE_ASKING))
    matching = [each for each in letters if about in _ids(each)][:limit]
    handles = {each["ReceiptHandle"] for each in matching}
    put_back(client, source, [each for each in letters if each["ReceiptHandle"] not in handles])
    return matching


def put_back(client: Any, source: str, letters: Iterable[Any]) -> None:
    """Makes received messages visible to other receivers again at once."""
    for each in letters:
        back = {"QueueUrl": source, "ReceiptHandle": each["ReceiptHandle"]}
        client.change_message_visibility(**back, VisibilityTimeout=0)


def receive(client: Any, source: str, limit: int, hidden_for: int) -> Iterator[Any]:
    """Yields at most `limit` messages, and hides them from other receivers for `hidden_for` seconds."""
    missing = limit
    while missing > 0:
        batch = client.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=min(missing, AT_ONCE),
            VisibilityTimeout=hidden_for,
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not batch:
            return
        missing -= len(batch)
        yield from batch


def _row(message: Mapping[str, Any]) -> dict[str, str | None]:
    sent_at = int(message["Attributes"]["SentTimestamp"]) // 1000
    about, error = _description(message)
    return {"message": message["MessageId"], "sent": timestamp(sent_at), "about": about, "error": error}


def _description(message: Mapping[str, Any]) -> tuple[str, str | None]:
    """Returns what a dead letter is about, and the kind of its error if it has one. Texts of errors are not shown.

    A failed scheduled run comes from Lambda
    (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html) or, if Lambda never received
    it, from EventBridge (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html).
    """
    attributes = {name: each.get("StringValue") for name, each in message.get("MessageAttributes", {}).items()}
    body = _body(message)
    if not body:
        return "unreadable", attributes.get("ERROR_CODE")
    if "requestContext" in body:
        answer = body.get("responsePayload") or {}
        return _last(body["requestContext"]["functionArn"].removesuffix(":$LATEST")), answer.get("errorType")
    if "RULE_ARN" in attributes:
        return _last(attributes["RULE_ARN"]), attributes.get("ERROR_CODE")
    return " ".join(_ids(message)) or "unreadable", None


def _ids(message: Mapping[str, Any]) -> list[str]:
    body = _body(message)
    return [str(body[name]) for name in ID_FIELDS if name in body]


def _body(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the body of a message, or an empty mapping if POM did not write the message."""
    body: Any = None
    with suppress(ValueError):
        body = json.loads(message["Body"])
    return body if isinstance(body, dict) else {}


def _last(arn: str) -> str:
    return arn.replace("/", ":").rpartition(":")[2]
