"""Runs command lines of `infra.ops` in one process. Reads one from each line of input, and prints its result.

Each line of input is `{"words": [...], "input": "..."}`. Five words that the command line lacks set a scene:
`park` parks an event of Stripe's, `bury` puts a message into a dead-letter queue, `leave_unpublished` queues the
latest version of an invoice as an unpublished change, `lose` deletes an invoice's record, and `let_time_pass`
moves the received events into the past.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3

from chalicelib.adapters.tables.models import EventItem
from chalicelib.adapters.tables.stream import change_reader
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.summary import invoice_removal
from infra.ops import lookups
from infra.ops.__main__ import main
from infra.ops.stage import Stage, environment_of


def park(stage: Stage, organization: str, error: str, dated_later: str = "0") -> str:
    """Parks the latest event of Stripe's list, as if it could not have been applied, and returns its id.

    Its record says that it happened `dated_later` seconds after the date in Stripe's list.
    """
    _, account_id = lookups.connection_and_account(stage, organization)
    now = stage.ports.clock.now()
    event = next(each for page in stage.ports.stripe.events(account_id, now - 3600, now + 5) for each in page)
    for item in EventItem.query(account_id, EventItem.event_id == event.id):
        item.delete()
    stage.ports.events.park(replace(event, created=event.created + int(dated_later)), now, error)
    return event.id


def bury(stage: Stage, queue: str, body: str) -> str:
    """Puts a message into a dead-letter queue."""
    group = (
        {"MessageGroupId": "g", "MessageDeduplicationId": f"buried-{len(body)}"} if queue.endswith(".fifo") else {}
    )
    lookups.sqs().send_message(QueueUrl=stage.queue_url(queue), MessageBody=body, **group)
    return "buried"


def leave_unpublished(stage: Stage, organization: str, invoice: str, *lacking: str) -> str:
    """Puts the invoice's creation into the queue of unpublished changes.

    With `lacking`, the record lacked these attributes, so the worker could not read the change.
    """
    table = f"{stage.config.table_prefix}invoices"
    keys = {"organization_id": {"S": organization}, "invoice_id": {"S": invoice}}
    item: Any = boto3.client("dynamodb").get_item(TableName=table, Key=keys)["Item"]  # type: ignore[arg-type]
    image = {name: _as_lambda_receives_it(value) for name, value in item.items() if name not in lacking}
    record = {
        "eventName": "INSERT",
        "eventSourceARN": f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}/stream/2026-11-29T00:00:00.000",
        "dynamodb": {
            "Keys": keys,
            "NewImage": image,
            "SequenceNumber": "100",
            "ApproximateCreationDateTime": stage.ports.clock.now(),
        },
    }
    change = None
    if not lacking:
        read = change_reader(stage.config.table_prefix)(record)
        assert read is not None
        change = read.change
    stage.ports.unpublished.keep(record, "EventBridge refuses it: AccessDeniedException. It was a test.", change)
    return "left"


def _as_lambda_receives_it(value: dict[str, Any]) -> dict[str, Any]:
    return {kind: base64.b64encode(held).decode() if kind == "B" else held for kind, held in value.items()}


def lose(stage: Stage, organization: str, invoice: str) -> str:
    """Deletes an invoice's record with its claims, as if the tables had been restored to an earlier time."""
    stored_invoice = stage.ports.invoices.get(OrganizationId(organization), InvoiceId(invoice))
    assert stored_invoice is not None
    stage.ports.invoices.remove(invoice_removal(stored_invoice), stored_invoice.order.services)
    return "lost"


def let_time_pass(stage: Stage, organization: str, seconds: str) -> str:
    """Moves all stored times of arrivals and misses back by `seconds`, as if that time had passed."""
    connection, account_id = lookups.connection_and_account(stage, organization)
    sweep, ago = connection.sweep, int(seconds)
    earlier = replace(sweep, early_at=max(sweep.early_at - ago, 0), missed_at=max(sweep.missed_at - ago, 0))
    stage.ports.connections.save(replace(connection, sweep=earlier))
    for item in EventItem.query(account_id):
        if item.received_at is not None:
            item.update([EventItem.received_at.set(item.received_at - ago)])
    return "passed"


BROKEN = 70
"""The exit status of a command that raised an exception instead of reporting it."""

SCENES: dict[str, Callable[..., str]] = {
    "park": park,
    "bury": bury,
    "leave_unpublished": leave_unpublished,
    "lose": lose,
    "let_time_pass": let_time_pass,
}


def run(stack: str, words: list[str], given: str) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    sys.stdin = io.StringIO(given)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = _set(Path(stack), *words) if words[0] in SCENES else main(["--stack", stack, *words])
        except (Exception, SystemExit):  # noqa: BLE001 the test tells it, and later commands are tried all the same
            traceback.print_exc()
            status = BROKEN
    return {"status": status, "out": out.getvalue(), "err": err.getvalue()}


def _set(stack: Path, scene: str, *words: str) -> int:
    print(SCENES[scene](Stage(environment_of(stack, None)), *words))
    return 0


if __name__ == "__main__":
    for line in map(json.loads, sys.stdin):
        print(json.dumps(run(sys.argv[1], line["words"], line["input"])), flush=True)
