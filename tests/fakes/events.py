"""`EventStore` in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from chalicelib.domain.canary import Canary
from chalicelib.domain.event_arrivals import LATEST_EVENTS, Arrival
from chalicelib.domain.events import EventMarker, LoggedEvent, RecordedEvent, StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.parking import ParkedEvent
from chalicelib.domain.retention import MARKERS, PARKED
from chalicelib.ports.storage import Page
from tests.fakes.database import FakeDatabase, Parked
from tests.fakes.paging import page_of, rows_behind

PLATFORM = StripeAccountId("platform")


class FakeEvents:
    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    def known(self, account_id: StripeAccountId, event_ids: Sequence[str]) -> frozenset[str]:
        if len(event_ids) > 100:
            raise ValueError(f"{len(event_ids)} keys are more than one batch read takes")
        with self._db.lock:
            events = self._db.events
            return frozenset(
                event_id for event_id in event_ids if isinstance(events.get((account_id, event_id)), EventMarker)
            )

    def park(
        self,
        event: StripeEvent,
        received_at: int,
        error: str,
        invoice: tuple[OrganizationId, InvoiceId] | None = None,
    ) -> None:
        key = (event.account_id or PLATFORM, event.id)
        with self._db.lock:
            entry = self._db.events.get(key)
            if not isinstance(entry, EventMarker):
                first, about = (entry.received_at, invoice or entry.invoice) if entry else (received_at, invoice)
                self._db.events[key] = Parked(replace(event, fact=None), first, received_at, error, invoice=about)

    def parked(self, account_id: StripeAccountId, limit: int) -> Sequence[ParkedEvent]:
        with self._db.lock:
            parked = sorted(
                (entry.tried_at, entry.event.created, entry.event.id, entry)
                for (account, _), entry in self._db.events.items()
                if account == account_id and isinstance(entry, Parked) and not entry.aside
            )
        return [
            ParkedEvent(entry.event.id, entry.event.body, entry.received_at, entry.error)
            for *_, entry in parked[:limit]
        ]

    def all_parked_events(self, account_id: StripeAccountId) -> Iterator[ParkedEvent]:
        with self._db.lock:
            count = len(self._db.events)
        yield from self.parked(account_id, count)

    def shorten(self, account_id: StripeAccountId, event_id: str, body: str) -> None:
        with self._db.lock:
            entry = self._db.events.get((account_id, event_id))
            if isinstance(entry, Parked) and not entry.aside:
                self._db.events[account_id, event_id] = replace(entry, event=replace(entry.event, body=body))

    def set_aside(self, account_id: StripeAccountId, event_id: str, at: int) -> None:
        with self._db.lock:
            entry = self._db.events.get((account_id, event_id))
            if isinstance(entry, Parked):
                self._db.events[account_id, event_id] = replace(
                    entry, aside=True, event=replace(entry.event, body="")
                )

    def last_received_at(self, account_id: StripeAccountId) -> int | None:
        with self._db.lock:
            times = [entry.received_at for _, entry in self._showing_arrival(account_id)]
        return max(times, default=None)

    def arrivals(self, account_id: StripeAccountId) -> Sequence[Arrival]:
        with self._db.lock:
            newest_first = [self._arrival(*each) for each in self._showing_arrival(account_id)]
        return sorted(newest_first, key=lambda each: each.received_at, reverse=True)[:LATEST_EVENTS]

    def mark(self, marker: EventMarker) -> None:
        with self._db.lock:
            self._db.require_unmarked(marker)
            self._db.mark(marker)

    def repeated(self, account_id: StripeAccountId, event_id: str, at: int) -> None:
        with self._db.lock:
            if isinstance(self._db.events.get((account_id, event_id)), EventMarker):
                self._db.repeated[account_id, event_id] += 1
                self._db.delivered[account_id, event_id] = at

    def of_invoice(
        self, organization_id: OrganizationId, invoice_id: InvoiceId, first: int, after: str | None
    ) -> Page[LoggedEvent]:
        with self._db.lock:
            rows = [
                self._logged(key, entry)
                for key, entry in self._db.events.items()
                if _about(entry) == (organization_id, invoice_id)
            ]
        name = ("events", organization_id, invoice_id)
        return page_of(rows, lambda row: (row.received_at, row.id), name, first, after, descending=True)

    def recorded(self, account_id: StripeAccountId, after: str | None) -> Iterator[tuple[str, RecordedEvent]]:
        with self._db.lock:
            rows = [self._recorded(key, entry) for key, entry in self._db.events.items() if key[0] == account_id]
        yield from rows_behind(rows, lambda row: (0, row.logged.id), ("recorded", account_id), after)

    def _recorded(self, key: tuple[StripeAccountId, str], entry: EventMarker | Parked) -> RecordedEvent:
        about = _about(entry)
        invoice = (about[0], about[1]) if about and about[0] and about[1] else None
        body = entry.event.body if isinstance(entry, Parked) else None
        retention = PARKED if isinstance(entry, Parked) else MARKERS
        return RecordedEvent(self._logged(key, entry), invoice, body, entry.received_at + retention.seconds)

    def _showing_arrival(
        self, account_id: StripeAccountId
    ) -> list[tuple[tuple[StripeAccountId, str], EventMarker | Parked]]:
        return [
            (key, entry)
            for key, entry in self._db.events.items()
            if key[0] == account_id and (isinstance(entry, Parked) or entry.shows_arrival)
        ]

    def _logged(self, key: tuple[StripeAccountId, str], entry: EventMarker | Parked) -> LoggedEvent:
        event_id, repeated = key[1], self._db.repeated[key]
        if isinstance(entry, Parked):
            event, at = entry.event, entry.received_at
            return LoggedEvent(
                event_id, event.type, event.created, at, "parked", object_id=event.object_id, error=entry.error
            )
        at, outcome, source = entry.received_at, entry.outcome, entry.source
        return LoggedEvent(event_id, entry.type, entry.created, at, outcome, source, entry.object_id, repeated)

    def _arrival(self, key: tuple[StripeAccountId, str], entry: EventMarker | Parked) -> Arrival:
        if isinstance(entry, Parked):
            return Arrival(entry.received_at, None, False)
        by_webhook = entry.source is Source.WEBHOOK
        delivered_at = entry.received_at if by_webhook else self._db.delivered.get(key)
        return Arrival(entry.received_at, delivered_at, entry.source is Source.SWEEP)

    def save_canary(self, canary: Canary, received_at: int) -> None:
        with self._db.lock:
            self._db.canaries[canary.id] = canary

    def canary(self, canary_id: str) -> Canary | None:
        with self._db.lock:
            return self._db.canaries.get(canary_id)


def _about(entry: EventMarker | Parked) -> tuple[OrganizationId | None, InvoiceId | None] | None:
    return entry.invoice if isinstance(entry, Parked) else (entry.organization_id, entry.invoice_id)
