"""Event markers: the record, in the transaction that applies an event, that it has been dealt with."""

from __future__ import annotations

import datetime as dt
from functools import cache

from pynamodb.expressions.condition import Condition

from chalicelib.adapters.tables.database import Transaction
from chalicelib.adapters.tables.models import EventItem
from chalicelib.adapters.tables.writes import Prepared
from chalicelib.domain.events import EventMarker

MARKER = "marker"
"""The name under which a transaction writes one."""

PARKED = "parked"
"""The outcome of an event that has not been dealt with yet."""

KEPT_FOR = 35 * 24 * 3600
"""Seconds for which a marker is kept: longer than the 30 days for which Stripe lists events."""


def put_marker(transaction: Transaction, marker: EventMarker) -> None:
    """Mark the event, unless it is marked already."""
    values = {
        "account_id": marker.account_id,
        "event_id": marker.event_id,
        "type": marker.type,
        "created": marker.created,
        "received_at": marker.received_at,
        "outcome": marker.outcome,
        "source": marker.source.value,
        "invoice_id": marker.invoice_id,
        "expires_at": marker.received_at + KEPT_FOR,
    }
    transaction.put(MARKER, EventItem, values, not_dealt_with())


@cache
def not_dealt_with() -> Condition:
    """Unknown, or parked."""
    return Prepared(EventItem.event_id.does_not_exist() | (EventItem.outcome == PARKED))


def expiry(at: int) -> dt.datetime:
    """Epoch seconds as pynamodb takes the time at which DynamoDB may delete an item."""
    return dt.datetime.fromtimestamp(at, tz=dt.UTC)
