"""Reads of a stage's tables and queues that no request needs. Only operators' commands may scan tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import boto3
from botocore.exceptions import ClientError

from chalicelib.adapters.stripe.event_subjects import INVOICE_KEY
from chalicelib.adapters.tables.connections import KIND, PLATFORM
from chalicelib.adapters.tables.models import ConnectionItem, EventItem
from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import NotFound
from chalicelib.domain.events import LoggedEvent
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.functions import SCHEDULE_FAILURES, UNPUBLISHED_CHANGES, Queue
from chalicelib.usecases.invoicing.invoices import get_invoice
from infra.ops.stage import Stage

PAGE = 100
"""The number of events that one read returns from an invoice's log."""


@dataclass(frozen=True)
class EventRecord:
    """POM's record of one event. `parked` is True until the event has been applied or given up."""

    id: str
    type: str
    created: int
    received_at: int
    outcome: str
    source: str | None
    object_id: str | None
    """Stripe's id of the object that the event is about."""
    invoice_id: str | None
    """The invoice whose log has the event; None if the event is about none of POM's invoices."""
    repeated: int
    """How often a webhook brought the event again after POM had processed it."""
    error: str | None
    parked: bool

    @property
    def lag(self) -> int:
        """Returns the seconds from the event's creation to its arrival."""
        return max(0, self.received_at - self.created)


def organizations(stage: Stage) -> list[Connection]:
    """Returns every organization that was ever connected, by id."""
    _ = stage.ports.connections
    attributes = ["organization_id", "kind"]
    # The read is consistent, so that a freeze of all organizations includes one that has just connected.
    items = ConnectionItem.scan(ConnectionItem.kind == KIND, attributes_to_get=attributes, consistent_read=True)
    ids = sorted(item.organization_id for item in items if item.organization_id != PLATFORM)
    return [stage.ports.connections.get(OrganizationId(each)) for each in ids]


def connection_and_account(stage: Stage, organization_id: str) -> tuple[Connection, StripeAccountId]:
    """Returns an organization's connection and its account, present or past.

    Raises:
        NotFound: the organization never had an account.
    """
    connection = stage.ports.connections.get(OrganizationId(organization_id))
    if connection.account_id is None:
        raise NotFound(
            "organization_not_connected",
            f"{organization_id} was never connected to Stripe.",
            next_step="The command `status` lists the organizations that were.",
        )
    return connection, connection.account_id


def invoice(stage: Stage, organization_id: str, invoice_id: str) -> Invoice:
    """Returns an invoice of an organization.

    Raises:
        NotFound: the organization has no invoice with this id.
    """
    try:
        return get_invoice(OrganizationId(organization_id), InvoiceId(invoice_id), stage.ports)
    except NotFound as missing:
        raise NotFound(
            missing.code,
            f"{organization_id} has no invoice {invoice_id}.",
            next_step=(
                "The command `status` lists organizations; the invoice's id is in POM, "
                f"and as {INVOICE_KEY} in the metadata of Stripe's invoice. "
                "`explain` with the invoice's number alone, or with Stripe's id, finds it, too."
            ),
        ) from missing


def event(stage: Stage, account_id: StripeAccountId, event_id: str) -> EventRecord | None:
    """Returns POM's record of one event, or None if POM has none."""
    _ = stage.ports.events
    item = next(EventItem.query(account_id, EventItem.event_id == event_id), None)
    return _event_record(item) if item else None


def parked_events(stage: Stage, account_id: StripeAccountId) -> Iterator[EventRecord]:
    """Yields all parked events of an account, in the order of their latest attempt, the earliest first."""
    _ = stage.ports.events
    for item in EventItem.parked.query(account_id):
        yield _event_record(item)


def event_log(stage: Stage, organization_id: OrganizationId, invoice_id: InvoiceId) -> list[LoggedEvent]:
    """Returns all events in an invoice's log, the latest arrival first."""
    page = stage.ports.events.of_invoice(organization_id, invoice_id, PAGE, None)
    events = list(page.items)
    while page.has_next:
        page = stage.ports.events.of_invoice(organization_id, invoice_id, PAGE, page.end_cursor)
        events += page.items
    return events


def _event_record(item: EventItem) -> EventRecord:
    return EventRecord(
        id=item.event_id,
        type=item.type,
        created=int(item.created),
        received_at=_arrived_at(item),
        outcome=item.outcome,
        source=item.source,
        object_id=item.object_id,
        invoice_id=unquote(item.invoice_key.rpartition("#")[2]) if item.invoice_key else None,
        repeated=int(item.repeated or 0),
        error=item.error,
        parked=item.parked_key is not None,
    )


def _arrived_at(item: EventItem) -> int:
    """Returns the event's arrival in epoch seconds. Items stored before December 2026 have only `received_at`."""
    return int(item.received_at if item.received_at is not None else item.arrival_key.partition("#")[0])


def sqs() -> Any:
    """Returns a client for the stage's queues."""
    return boto3.client("sqs")


def depth(client: Any, url: str) -> tuple[int, int] | None:
    """Returns how many messages wait in a queue and how many are in work, or None if the queue does not exist."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    try:
        attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    except ClientError as exc:
        if "NonExistentQueue" in exc.response.get("Error", {}).get("Code", ""):
            return None
        raise
    return int(attributes[names[0]]), int(attributes[names[1]])


def queue_depths(stage: Stage) -> Sequence[dict[str, Any]]:
    """Returns a row for every queue, with its dead letters. A count is None where the queue does not exist."""
    client, rows = sqs(), []
    for queue in Queue:
        waiting, working = depth(client, stage.queue_url(queue)) or (None, None)
        dead = depth(client, stage.queue_url(queue.dead_letter))
        rows.append({"queue": queue.value, "waiting": waiting, "in_work": working, "dead_letters": _sum(dead)})
    for name in (SCHEDULE_FAILURES, UNPUBLISHED_CHANGES):
        messages = depth(client, stage.queue_url(name))
        # The local stack has no queue of failed schedules, because nothing there stores a scheduled run that fails.
        if messages is not None or stage.local_logs is None:
            rows.append({"queue": name, "waiting": 0, "in_work": 0, "dead_letters": _sum(messages)})
    return rows


def _sum(figures: tuple[int, int] | None) -> int | None:
    return None if figures is None else sum(figures)
