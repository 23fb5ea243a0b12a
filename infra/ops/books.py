"""What the tables and queues of a stage say, beyond what any request path needs. Scans are fine here alone."""

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
"""Events that are read at once of an invoice's log."""


@dataclass(frozen=True)
class KnownEvent:
    """What became of one event; `parked` until it is dealt with."""

    id: str
    type: str
    created: int
    received_at: int
    outcome: str
    source: str | None
    object_id: str | None
    """Stripe's id of the object that it is about."""
    invoice_id: str | None
    """The invoice whose log has it, if it is about one that POM knows."""
    repeated: int
    """How often a webhook brought it again after it had been dealt with."""
    error: str | None
    parked: bool

    @property
    def lag(self) -> int:
        """Returns the seconds from the event to its arrival."""
        return max(0, self.received_at - self.created)


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
        raise NotFound(
            "organization_not_connected",
            f"{organization_id} was never connected to Stripe.",
            next_step="The command `status` lists the organizations that were.",
        )
    return connection, connection.account_id


def invoice(stage: Stage, organization_id: str, invoice_id: str) -> Invoice:
    """Returns an invoice of an organization.

    Raises:
        NotFound: it has none of this id.
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


def event_log(stage: Stage, organization_id: OrganizationId, invoice_id: InvoiceId) -> list[LoggedEvent]:
    """All events that are kept of an invoice, the latest arrival first."""
    page = stage.ports.events.of_invoice(organization_id, invoice_id, PAGE, None)
    found = list(page.items)
    while page.has_next:
        page = stage.ports.events.of_invoice(organization_id, invoice_id, PAGE, page.end_cursor)
        found += page.items
    return found


def _known(item: EventItem) -> KnownEvent:
    return KnownEvent(
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
    """Returns when an event came (epoch seconds UTC). Items of before 2026-12 have only `received_at`."""
    return int(item.received_at if item.received_at is not None else item.arrival_key.partition("#")[0])


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
    """Returns every queue with its dead letters. A figure is None where the queue does not exist."""
    client, rows = sqs(), []
    for queue in Queue:
        waiting, working = depth(client, stage.queue_url(queue)) or (None, None)
        dead = depth(client, stage.queue_url(queue.dead_letter))
        rows.append({"queue": queue.value, "waiting": waiting, "in_work": working, "dead_letters": _sum(dead)})
    for name in (SCHEDULE_FAILURES, UNPUBLISHED_CHANGES):
        kept = depth(client, stage.queue_url(name))
        # The local stack does without the queue of failed schedules: there nobody keeps a tick that fails.
        if kept is not None or stage.local_logs is None:
            rows.append({"queue": name, "waiting": 0, "in_work": 0, "dead_letters": _sum(kept)})
    return rows


def _sum(figures: tuple[int, int] | None) -> int | None:
    return None if figures is None else sum(figures)
