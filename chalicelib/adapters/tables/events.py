"""The outcome of each Stripe event, and the events that are parked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.adapters.tables.codec import decode, decode_item, encode
from chalicelib.adapters.tables.database import (
    is_condition_failure,
    is_transaction_conflict,
    read_item,
    read_items,
    translating_errors,
)
from chalicelib.adapters.tables.keys import (
    DATED_FORM,
    HIGHEST,
    LOWEST,
    TEXT_FORM,
    cursor,
    key,
    moment,
    parts_of_key,
    position_of,
)
from chalicelib.adapters.tables.markers import PARKED, arrival_key, expiry, is_unprocessed
from chalicelib.adapters.tables.models import EventItem
from chalicelib.adapters.tables.pages import page_of
from chalicelib.adapters.tables.versions import put_alone
from chalicelib.domain import retention
from chalicelib.domain.canary import TYPE as CANARY_TYPE
from chalicelib.domain.canary import Canary
from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.event_arrivals import LATEST_EVENTS, Arrival
from chalicelib.domain.events import EventMarker, LoggedEvent, RecordedEvent, StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.parking import ParkedEvent
from chalicelib.ports.storage import Page

PLATFORM = StripeAccountId("platform")
"""The account in the key of the platform's own events, because such an event names no account."""

CANARY = "canary"
"""The account in the key of a canary, because a canary has none. It is also a canary's outcome."""

MAX_ERROR = 1000
"""The most characters of an event's parking reason that are stored. The logs have the whole text."""


class TableEvents:
    """Implements `EventStore`."""

    def known(self, account_id: StripeAccountId, event_ids: Sequence[str]) -> frozenset[str]:
        keys = [{"account_id": account_id, "event_id": event_id} for event_id in dict.fromkeys(event_ids)]
        items = read_items(EventItem, keys, ("event_id", "outcome"))
        return frozenset(item["event_id"]["S"] for item in items if item["outcome"]["S"] != PARKED)

    def park(
        self,
        event: StripeEvent,
        received_at: int,
        error: str,
        invoice: tuple[OrganizationId, InvoiceId] | None = None,
    ) -> None:
        """Parks an event.

        An event that is parked again goes to the end of the queue, and keeps its first arrival time.

        The time at which DynamoDB may delete the event follows from its first arrival (`domain.parking`).
        """
        actions: list[Action] = [
            EventItem.type.set(event.type),
            EventItem.created.set(event.created),
            EventItem.outcome.set(PARKED),
            EventItem.error.set(error[:MAX_ERROR]),
            EventItem.parked_key.set(key(moment(received_at), moment(event.created), event.id)),
            EventItem.received_at.set(EventItem.received_at | received_at),
            EventItem.arrival_key.set(EventItem.arrival_key | arrival_key(received_at, event.id)),
            *_store_body(event.body),
            EventItem.expires_at.set(EventItem.expires_at | expiry(received_at + retention.PARKED.seconds)),
        ]
        if event.object_id:
            actions.append(EventItem.object_id.set(event.object_id))
        if invoice is not None:
            actions.append(EventItem.invoice_key.set(key(*invoice)))
        _update(event.account_id or PLATFORM, event.id, actions, is_unprocessed())

    def parked(self, account_id: StripeAccountId, limit: int) -> Sequence[ParkedEvent]:
        with translating_errors():
            return [_parked(item) for item in EventItem.parked.query(account_id, limit=limit)]

    def all_parked_events(self, account_id: StripeAccountId) -> Iterator[ParkedEvent]:
        with translating_errors():
            yield from map(_parked, EventItem.parked.query(account_id))

    def shorten(self, account_id: StripeAccountId, event_id: str, body: str) -> None:
        actions = _store_body(body)
        _update(account_id, event_id, actions, (EventItem.outcome == PARKED) & EventItem.parked_key.exists())

    def set_aside(self, account_id: StripeAccountId, event_id: str, at: int) -> None:
        """Takes an event out of the queue of parked events, and removes its body."""
        actions: list[Action] = [
            EventItem.parked_key.remove(),
            EventItem.document.remove(),
            EventItem.packed.remove(),
            EventItem.expires_at.set(expiry(at + retention.SET_ASIDE.seconds)),
        ]
        _update(account_id, event_id, actions, EventItem.outcome == PARKED)

    def last_received_at(self, account_id: StripeAccountId) -> int | None:
        with translating_errors():
            latest = next(EventItem.by_received.query(account_id, scan_index_forward=False, limit=1), None)
        return int(latest.received_at) if latest else None

    def arrivals(self, account_id: StripeAccountId) -> Sequence[Arrival]:
        with translating_errors():
            latest = EventItem.by_received.query(account_id, scan_index_forward=False, limit=LATEST_EVENTS)
            keys = [{"account_id": account_id, "event_id": item.event_id} for item in latest]
        items = read_items(EventItem, keys, ("received_at", "source", "delivered_at")) if keys else ()
        return sorted(map(_arrival, items), key=lambda each: each.received_at, reverse=True)

    def mark(self, marker: EventMarker) -> None:
        put_alone(marker)

    def repeated(self, account_id: StripeAccountId, event_id: str, at: int) -> None:
        """Records a repeated delivery.

        `delivered_at` is set for every event, but only used for events that the sweep fetched.
        """
        actions: list[Action] = [EventItem.repeated.add(1), EventItem.delivered_at.set(at)]
        _update(account_id, event_id, actions, EventItem.source.exists() & (EventItem.outcome != PARKED))

    def of_invoice(
        self, organization_id: OrganizationId, invoice_id: InvoiceId, first: int, after: str | None
    ) -> Page[LoggedEvent]:
        partition = key(organization_id, invoice_id)
        listing = key("events", partition)
        position = position_of(listing, after, DATED_FORM) if after is not None else HIGHEST
        count = first + 2  # one more row shows a next page, and BETWEEN includes the position itself
        with translating_errors():
            query = EventItem.by_invoice.query(
                partition,
                EventItem.arrival_key.between(LOWEST, position),
                scan_index_forward=False,
                limit=count,
                page_size=count,
            )
            items = [item for item in query if item.arrival_key != position]
        rows = ((str(item.arrival_key), _logged(item)) for item in items)
        return page_of(rows, listing, first)

    def recorded(self, account_id: StripeAccountId, after: str | None) -> Iterator[tuple[str, RecordedEvent]]:
        listing = key("recorded", account_id)
        position = position_of(listing, after, TEXT_FORM) if after is not None else None
        behind = EventItem.event_id > position if position is not None else None
        with translating_errors():
            for item in EventItem.query(account_id, behind, consistent_read=True):
                yield cursor(listing, item.event_id), _recorded(item)

    def save_canary(self, canary: Canary, received_at: int) -> None:
        item = EventItem(
            CANARY,
            canary.id,
            type=CANARY_TYPE,
            created=canary.sent_at,
            received_at=received_at,
            outcome=CANARY,
            expires_at=expiry(received_at + retention.CANARIES.seconds),
            **encode(canary),
        )
        with translating_errors():
            item.save()

    def canary(self, canary_id: str) -> Canary | None:
        item = read_item(EventItem, CANARY, canary_id)
        return decode_item(Canary, item) if item else None


def _store_body(body: str) -> list[Action]:
    """Returns the actions that replace the body of a parked event."""
    stored = encode(body)
    document, packed = stored.get("document"), stored.get("packed")
    return [
        EventItem.document.remove() if document is None else EventItem.document.set(document),
        EventItem.packed.remove() if packed is None else EventItem.packed.set(packed),
    ]


def _parked(item: EventItem) -> ParkedEvent:
    body = decode(str, item.document, item.packed)
    return ParkedEvent(item.event_id, body, int(item.received_at), item.error or "")


def _logged(item: EventItem) -> LoggedEvent:
    return LoggedEvent(
        id=item.event_id,
        type=item.type,
        created=int(item.created),
        received_at=int(item.arrival_key.partition("#")[0]),
        outcome=item.outcome,
        source=Source(item.source) if item.source else None,
        object_id=item.object_id or "",
        repeated=int(item.repeated or 0),
        error=item.error,
    )


def _recorded(item: EventItem) -> RecordedEvent:
    about = parts_of_key(item.invoice_key) if item.invoice_key else None
    has_body = item.document is not None or item.packed is not None
    return RecordedEvent(
        _logged(item),
        (OrganizationId(about[0]), InvoiceId(about[1])) if about else None,
        decode(str, item.document, item.packed) if has_body else None,
        int(item.expires_at.timestamp()) if item.expires_at is not None else None,
    )


def _arrival(item: Mapping[str, Any]) -> Arrival:
    """Returns when and how an event arrived.

    A parked event has no source, so it counts neither as delivered by a webhook nor as fetched by the sweep.
    """
    received_at = int(item["received_at"]["N"])
    source = item.get("source", {}).get("S")
    delivered_at = item.get("delivered_at", {}).get("N")
    return Arrival(
        received_at,
        received_at if source == Source.WEBHOOK else int(delivered_at) if delivered_at else None,
        source == Source.SWEEP,
    )


def _update(account_id: StripeAccountId, event_id: str, actions: list[Action], condition: Condition) -> None:
    """Changes the event if the condition holds. Otherwise does nothing, because the event has been processed.

    Raises:
        StaleWrite: a transaction is writing the event at the same time.
    """
    try:
        with translating_errors():
            EventItem(account_id, event_id).update(actions, condition)
    except UpdateError as exc:
        if is_transaction_conflict(exc):
            raise StaleWrite("The event") from exc
        if not is_condition_failure(exc):
            raise
