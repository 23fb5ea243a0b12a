"""Dead letters: `redrive` sends them to their queue again, `discard` throws them away."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import click

from chalicelib.functions import SCHEDULE_FAILURES, UNPUBLISHED_CHANGES, Queue
from infra.ops import books
from infra.ops.cli import command, dry_run
from infra.ops.screen import Screen, moment
from infra.ops.stage import Stage

QUEUES = tuple(queue.value for queue in Queue)
KEPT = (SCHEDULE_FAILURES, UNPUBLISHED_CHANGES)
"""The queues that feed no function."""
AT_ONCE = 10
"""Messages that SQS gives at once."""
HIDDEN_FOR = 60
"""Seconds for which a dead letter is hidden while it is moved."""
ASKED_FOR = 900
"""Seconds for which dead letters are hidden while somebody looks at what is to be thrown away."""
TOLD = ("organizationId", "customerId", "invoiceId", "batchId", "task", "requestId")
"""What is shown of a message: ids alone."""

at_most = click.option("--max", "most", type=click.IntRange(1), help="At most so many messages [all].")
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
    """Send the dead letters of a queue back to it."""
    client = books.sqs()
    source, target = stage.queue_url(Queue(queue).dead_letter), stage.queue_url(queue)
    waiting = sum(books.depth(client, source) or (0, 0))
    wanted = min(waiting, most or waiting)
    chosen = None if about is None else _about(client, source, waiting, wanted, about)
    if chosen is not None:
        wanted = len(chosen)
    if dry_run:
        shown = list(received(client, source, wanted, HIDDEN_FOR)) if chosen is None else chosen
        put_back(client, source, shown)
        screen.table("deadLetters", f"Would be sent to {queue} again", [_row(each) for each in shown])
        screen.fact("wouldMove", wanted, f"Would be sent to {queue} again: {wanted} of {waiting} messages.")
        screen.document["left"] = waiting
        return
    letters = received(client, source, wanted, HIDDEN_FOR) if chosen is None else chosen
    rows = []
    for message in screen.each(letters, "Messages", wanted):
        attributes = message.get("Attributes", {})
        group = {"MessageGroupId": attributes["MessageGroupId"]} if "MessageGroupId" in attributes else {}
        if group and queue.endswith(".fifo"):
            # Another id than the first time: SQS would take the message for the one that it has seen.
            group["MessageDeduplicationId"] = f"redrive-{message['MessageId']}-{int(time.time())}"
        client.send_message(QueueUrl=target, MessageBody=message["Body"], **group)
        client.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
        rows.append(_row(message))
        if len(rows) < wanted:
            time.sleep(1 / rate)
    moved, left = len(rows), sum(books.depth(client, source) or (0, 0))
    screen.table("deadLetters", f"Sent to {queue} again", rows)
    screen.fact("moved", moved, f"Sent to {queue} again: {moved}. Left: {left}.")
    screen.document["left"] = left
    if moved < wanted:
        screen.failure(f"SQS gave only {moved} of {wanted} messages; the others are hidden for a minute. Try again.")


@click.command()
@click.argument("queue", type=click.Choice((*QUEUES, *KEPT)))
@at_most
@about_only
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run
@command
def discard(
    stage: Stage, screen: Screen, queue: str, most: int | None, about: str | None, yes: bool, dry_run: bool
) -> None:
    """Throw dead letters away for good: failed ticks of schedules, and messages that must not be done again.

    Shows what they are, and asks. The tick of a schedule is not repeated: the next one does the same work.
    """
    client = books.sqs()
    name = queue if queue in KEPT else Queue(queue).dead_letter
    source = stage.queue_url(name)
    waiting = sum(books.depth(client, source) or (0, 0))
    wanted = min(waiting, most or waiting)
    if about is None:
        letters = list(received(client, source, wanted, ASKED_FOR))
    else:
        letters = _about(client, source, waiting, wanted, about)
        wanted = len(letters)
    kept = deque(letters)
    try:
        screen.table("deadLetters", f"Dead letters of {name}", [_row(each) for each in letters])
        if letters and not dry_run and (yes or _sure(len(letters), waiting)):
            for each in screen.each(letters, "Messages", len(letters)):
                client.delete_message(QueueUrl=source, ReceiptHandle=each["ReceiptHandle"])
                kept.popleft()
    finally:
        put_back(client, source, kept)
    thrown = len(letters) - len(kept)
    if dry_run:
        count = len(letters)
        screen.fact("wouldDiscard", count, f"Would be thrown away: {count} of {waiting} messages.")
    else:
        screen.fact("discarded", thrown, f"Thrown away: {thrown}. Left: {waiting - thrown}.")
    screen.document["left"] = waiting - thrown
    if len(letters) < wanted:
        screen.failure(f"SQS showed only {len(letters)} of {wanted} messages; the others are hidden. Try again.")


def _sure(some: int, waiting: int) -> bool:
    """Raises click.Abort: somebody said no."""
    return click.confirm(f"Throw {some} of {waiting} messages away for good?", abort=True, err=True)


def _about(client: Any, source: str, waiting: int, wanted: int, about: str) -> list[Any]:
    """Of all dead letters, at most `wanted` that name this id; the others are put back at once."""
    letters = list(received(client, source, waiting, ASKED_FOR))
    naming = [each for each in letters if about in _ids(each)][:wanted]
    handles = {each["ReceiptHandle"] for each in naming}
    put_back(client, source, [each for each in letters if each["ReceiptHandle"] not in handles])
    return naming


def put_back(client: Any, source: str, letters: Iterable[Any]) -> None:
    """Shows received messages again at once to whoever receives next."""
    for each in letters:
        back = {"QueueUrl": source, "ReceiptHandle": each["ReceiptHandle"]}
        client.change_message_visibility(**back, VisibilityTimeout=0)


def received(client: Any, source: str, wanted: int, hidden_for: int) -> Iterator[Any]:
    """Yields at most `wanted` messages, and hides them from others for `hidden_for` seconds."""
    left = wanted
    while left > 0:
        batch = client.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=min(left, AT_ONCE),
            VisibilityTimeout=hidden_for,
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not batch:
            return
        left -= len(batch)
        yield from batch


def _row(message: Mapping[str, Any]) -> dict[str, str | None]:
    sent = int(message["Attributes"]["SentTimestamp"]) // 1000
    about, error = _told(message)
    return {"message": message["MessageId"], "sent": moment(sent), "about": about, "error": error}


def _told(message: Mapping[str, Any]) -> tuple[str, str | None]:
    """What a dead letter was about, and the kind of error if it says so; texts of errors are not shown.

    A failed tick comes from Lambda (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html)
    or, if it never got there, from EventBridge
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html).
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
    return [str(body[name]) for name in TOLD if name in body]


def _body(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Empty where the message is none of ours."""
    body: Any = None
    with suppress(ValueError):
        body = json.loads(message["Body"])
    return body if isinstance(body, dict) else {}


def _last(arn: str) -> str:
    return arn.replace("/", ":").rpartition(":")[2]
