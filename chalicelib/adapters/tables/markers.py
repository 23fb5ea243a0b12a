"""Event markers: the record that an event has been dealt with, stored with what the event changed or by itself."""

from __future__ import annotations

import datetime as dt
from functools import cache

from pynamodb.expressions.condition import Condition

from chalicelib.adapters.tables.database import Transaction
from chalicelib.adapters.tables.keys import key, moment
from chalicelib.adapters.tables.models import EventItem
from chalicelib.adapters.tables.writes import Prepared, Values
from chalicelib.domain.events import EventMarker
from chalicelib.domain.identifiers import InvoiceId, OrganizationId

MARKER = "marker"
"""The name under which a transaction writes one."""

PARKED = "parked"
"""The outcome of an event that has not been dealt with yet."""

KEPT_FOR = 35 * 24 * 3600
"""Seconds for which a marker is kept: longer than the 30 days for which Stripe lists events."""


def put_marker(transaction: Transaction, marker: EventMarker) -> None:
    """Mark the event, unless it is marked already."""
    transaction.put(MARKER, EventItem, marker_values(marker), not_dealt_with())


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
        "expires_at": marker.received_at + KEPT_FOR,
    }


def arrival_key(received_at: int, event_id: str) -> str:
    """Returns the place of an event in its invoice's log."""
    return key(moment(received_at), event_id)


def invoice_key(organization_id: OrganizationId, invoice_id: InvoiceId | None) -> str | None:
    """Returns the name of an invoice's log, or None for an event that is about no invoice."""
    return key(organization_id, invoice_id) if invoice_id else None


@cache
def not_dealt_with() -> Condition:
    """Unknown, or parked."""
    return Prepared(EventItem.event_id.does_not_exist() | (EventItem.outcome == PARKED))


def expiry(at: int) -> dt.datetime:
    """Epoch seconds as pynamodb takes the time at which DynamoDB may delete an item."""
    return dt.datetime.fromtimestamp(at, tz=dt.UTC)
