"""Event markers.

A marker records that an event has been processed, and is written with the event's change or alone.
"""

from __future__ import annotations

import datetime as dt
from functools import cache

from pynamodb.expressions.condition import Condition

from chalicelib.adapters.tables.database import Transaction
from chalicelib.adapters.tables.keys import key, moment
from chalicelib.adapters.tables.models import EventItem
from chalicelib.adapters.tables.writes import PreparedCondition, Values
from chalicelib.domain.events import EventMarker
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.retention import MARKERS

MARKER = "marker"
"""The name of a marker's write in a transaction."""

PARKED = "parked"
"""The outcome of an event that has not been processed yet."""


def put_marker(transaction: Transaction, marker: EventMarker) -> None:
    """Adds the marker to the transaction, which fails if the event has been marked already."""
    transaction.put(MARKER, EventItem, marker_values(marker), is_unprocessed())


def marker_values(marker: EventMarker) -> Values:
    """Returns the attributes of a marker."""
    about = invoice_key(marker.organization_id, marker.invoice_id) if marker.organization_id else None
    return {
        "account_id": marker.account_id,
        "event_id": marker.event_id,
        "type": marker.type,
        "created": marker.created,
        "arrival_key": arrival_key(marker.received_at, marker.event_id),
        "received_at": marker.received_at if marker.shows_arrival else None,
        "outcome": marker.outcome,
        "source": marker.source.value,
        "object_id": marker.object_id or None,
        "invoice_key": about,
        "expires_at": marker.received_at + MARKERS.seconds,
    }


def arrival_key(received_at: int, event_id: str) -> str:
    """Returns the range key of an event in its invoice's log."""
    return key(moment(received_at), event_id)


def invoice_key(organization_id: OrganizationId, invoice_id: InvoiceId | None) -> str | None:
    """Returns the partition of an invoice's log, or None for an event that is about no invoice."""
    return key(organization_id, invoice_id) if invoice_id else None


@cache
def is_unprocessed() -> Condition:
    """Returns the condition that an event is not stored yet, or is parked."""
    return PreparedCondition(EventItem.event_id.does_not_exist() | (EventItem.outcome == PARKED))


def expiry(at: int) -> dt.datetime:
    """Returns the time at which DynamoDB may delete an item, in pynamodb's form. `at` is epoch seconds UTC."""
    return dt.datetime.fromtimestamp(at, tz=dt.UTC)
