"""What the tables and queues of a stage say, beyond what any request path needs. Scans are fine here alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from chalicelib.adapters.tables.connections import KIND, PLATFORM
from chalicelib.adapters.tables.models import ConnectionItem, EventItem
from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import NotFound
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.functions import SCHEDULE_FAILURES, Queue
from infra.ops.stage import Stage


@dataclass(frozen=True)
class KnownEvent:
    """What became of one event; `parked` until it is dealt with."""

    id: str
    type: str
    created: int
    received_at: int
    outcome: str
    source: str | None
    invoice_id: str | None
    error: str | None
    parked: bool


def organizations(stage: Stage) -> list[Connection]:
    """Everybody who was ever connected, by id."""
    _ = stage.ports.connections
    wanted = ["organization_id", "kind"]
    # Consistent, so that a freeze of everybody meets whoever has connected just before.
    found = ConnectionItem.scan(ConnectionItem.kind == KIND, attributes_to_get=wanted, consistent_read=True)
    ids = sorted(item.organization_id for item in found if item.organization_id != PLATFORM)
    return [stage.ports.connections.get(OrganizationId(each)) for each in ids]


def connected(stage: Stage, organization_id: str) -> tuple[Connection, StripeAccountId]:
    """An organization's connection, and its account, present or past.

    Raises:
        NotFound: it never had one.
    """
    connection = stage.ports.connections.get(OrganizationId(organization_id))
    if connection.account_id is None:
        raise NotFound("organization_not_connected", f"{organization_id} was never connected to Stripe.")
    return connection, connection.account_id


def event(stage: Stage, account_id: StripeAccountId, event_id: str) -> KnownEvent | None:
    """What we know of one event."""
    _ = stage.ports.events
    item = next(EventItem.query(account_id, EventItem.event_id == event_id), None)
    return _known(item) if item else None


def parked(stage: Stage, account_id: StripeAccountId) -> Iterator[KnownEvent]:
    """All parked events of an account, those not tried for longest first."""
    _ = stage.ports.events
    for item in EventItem.parked.query(account_id):
        yield _known(item)


def _known(item: EventItem) -> KnownEvent:
    return KnownEvent(
        item.event_id,
        item.type,
        int(item.created),
        int(item.received_at),
        item.outcome,
        item.source,
        item.invoice_id,
        item.error,
        item.parked_key is not None,
    )


def sqs() -> Any:
    """A client of the stage's queues."""
    return boto3.client("sqs")


def depth(client: Any, url: str) -> tuple[int, int] | None:
    """How many messages wait in a queue, and how many are being worked on; None if there is no such queue."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    try:
        found = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    except ClientError as exc:
        if "NonExistentQueue" in exc.response.get("Error", {}).get("Code", ""):
            return None
        raise
    return int(found[names[0]]), int(found[names[1]])


def queue_depths(stage: Stage) -> Sequence[dict[str, Any]]:
    """Every queue with its dead letters."""
    client, rows = sqs(), []
    for queue in Queue:
        waiting, working = depth(client, stage.queue_url(queue)) or (0, 0)
        dead = depth(client, stage.queue_url(queue.dead_letter)) or (0, 0)
        rows.append({"queue": queue.value, "waiting": waiting, "in_work": working, "dead_letters": sum(dead)})
    ticks = depth(client, stage.queue_url(SCHEDULE_FAILURES))
    if ticks is not None:
        rows.append({"queue": SCHEDULE_FAILURES, "waiting": 0, "in_work": 0, "dead_letters": sum(ticks)})
    return rows
