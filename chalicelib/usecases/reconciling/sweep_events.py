"""Applies the events that no webhook brought, and tries parked events again.

An event that belongs to no record of POM is unmatched. It may be about another system's object, or it may have
arrived before the event that links its object to an invoice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.domain.connection import Connection
from chalicelib.domain.events import MAY_COME_BEFORE_ITS_PAYMENT, StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.parking import ParkedEvent
from chalicelib.domain.sweep import EVENTS_LISTED_FOR, ON_ITS_WAY, EventsSwept
from chalicelib.ports import Ports
from chalicelib.usecases.events.event_outcome import MARKED, EventOutcome
from chalicelib.usecases.events.receive_event import Receipt, receive_event

OVERLAP = 600
"""Seconds before the cursor that are listed again, because Stripe may list an event a little late."""

LISTED_AT_ONCE = 86400
"""The time span in seconds whose events are held in memory. Stripe lists the newest first; POM applies the oldest
first.
"""

PARKED_AT_ONCE = 100
UNMATCHED_TRIED_AGAIN = 1000


def sweep_events(
    connection: Connection, account_id: StripeAccountId, began_at: int, since: int | None, ports: Ports
) -> EventSweep:
    """Returns the result of applying the events that POM had not handled, parked ones first.

    They are applied oldest first, because the first events of a payment name its invoice.
    """
    sweep = EventSweep(account_id, began_at, connection.connected_at or 0, ports)
    for parked in ports.events.parked(account_id, PARKED_AT_ONCE):
        sweep.try_again(parked)
    for start in range(window_begins(connection, began_at, since), began_at + 1, LISTED_AT_ONCE):
        sweep.apply_listed(start, min(start + LISTED_AT_ONCE - 1, began_at))
    return sweep


def window_begins(connection: Connection, now: int, since: int | None = None) -> int:
    """Returns the time from which a run lists events (epoch seconds UTC). Stripe lists events for 30 days."""
    looked_at = connection.sweep.swept_until - OVERLAP
    return max(looked_at if since is None else min(since, looked_at), now - EVENTS_LISTED_FOR)


@dataclass
class EventSweep:
    """A sweep of an account's events, and the outcome of each so far.

    `listed` counts the events that Stripe listed, and `not_dealt_with` those of them that POM had not handled.
    `recovered` counts the applied events that no webhook had brought, and `early` those that were applied so soon
    that their webhook may still arrive. `unheard` counts the recovered events that happened while the account was
    connected, so that a webhook should have brought them. `parked_before` are parked events that arrived more than a
    day ago, and `given_up` are those that are not tried any more. A webhook may have brought the events in
    `may_have_come`, so they do not show a fault of the webhooks. `known_until` is the time of the newest event that
    had been handled before this sweep. `payouts_reported` are the payouts that events of this sweep are about.
    `EventsSwept` describes the last three fields.
    """

    account_id: StripeAccountId
    began_at: int
    connected_at: int
    ports: Ports
    listed: int = 0
    not_dealt_with: int = 0
    recovered: int = 0
    early: int = 0
    unheard: int = 0
    outcomes: dict[str, EventOutcome] = field(default_factory=dict)
    payouts_reported: set[str] = field(default_factory=set)
    parked_before: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    unmatched: list[StripeEvent] = field(default_factory=list)
    parked_unmatched: list[StripeEvent] = field(default_factory=list)
    may_have_come: set[str] = field(default_factory=set)
    known_until: int = 0
    happened_at: int = 0
    missed_at: int = 0
    early_at: int = 0

    @property
    def swept(self) -> EventsSwept:
        """The times of the newest events of each kind."""
        return EventsSwept(self.happened_at, self.missed_at, self.early_at)

    @property
    def applied_any(self) -> bool:
        """True if an event was applied."""
        return any(outcome in MARKED for outcome in self.outcomes.values())

    @property
    def still_parked(self) -> set[str]:
        """The ids of the events that could not be applied in any attempt."""
        return {event_id for event_id, outcome in self.outcomes.items() if outcome is EventOutcome.PARKED}

    @property
    def parked_lately(self) -> int:
        """The number of parked events that arrived within the last day."""
        return len(self.still_parked - self.parked_before)

    def apply_listed(self, since: int, until: int) -> None:
        """Applies the events of this time span that POM has not handled."""
        missed: list[StripeEvent] = []
        for page in self.ports.stripe.events(self.account_id, since, until):
            known = self.ports.events.known(self.account_id, [each.id for each in page]) if page else frozenset()
            self.listed += len(page)
            self.not_dealt_with += len(page) - len(known)
            for event in page:
                if event.id in known:
                    self._note_ours(event)
                    self.known_until = max(self.known_until, event.created)
            missed += [event for event in page if event.id not in known | self.given_up]
        for event in reversed(missed):
            self._receive(event, self.unmatched)

    def try_again(self, parked: ParkedEvent) -> None:
        """Applies a parked event. Sets it aside if it cannot be applied and is not to be tried any more."""
        event = self.ports.stripe.read_event(parked.body, self.account_id)
        if event is None:
            self._give_up(parked.event_id)
            return
        self.may_have_come.add(event.id)
        receipt = self._receive(event, self.parked_unmatched)
        if receipt.outcome is not EventOutcome.PARKED:
            return
        if parked.is_given_up(self.began_at, receipt.error):
            del self.outcomes[event.id]
            self._give_up(event.id)
        elif not parked.is_new(self.began_at):
            self.parked_before.add(event.id)

    def match_again(self) -> None:
        """Applies the unmatched events that match a record by now. Parked events that still match none are set
        aside.
        """
        self.may_have_come.update(event.id for event in self.unmatched)
        still_unmatched: list[StripeEvent] = []
        for event in self.parked_unmatched:
            self._receive(event, still_unmatched)
        for event in self.unmatched[-UNMATCHED_TRIED_AGAIN:]:
            self._receive(event, [])
        for event in still_unmatched:
            self.ports.events.set_aside(self.account_id, event.id, self.began_at)

    def _receive(self, event: StripeEvent, unmatched: list[StripeEvent]) -> Receipt:
        """Returns the receipt of the event. An unmatched event is added to `unmatched`."""
        receipt = receive_event(event, Source.SWEEP, self.ports)
        outcome = receipt.outcome
        self.outcomes[event.id] = outcome
        if event.object_type == "payout":
            self.payouts_reported.add(event.object_id)
        if outcome in MARKED and not self._came_before_its_payment(event):
            self._count(event, recovered=outcome is EventOutcome.RECOVERED)
        if outcome in (*MARKED, EventOutcome.PARKED):
            self._note_ours(event)
        else:
            unmatched.append(event)
        return receipt

    def _came_before_its_payment(self, event: StripeEvent) -> bool:
        """Returns True if a webhook may have brought the event before POM had stored its payment.

        POM stores nothing of such a webhook. Later events must have arrived, or no webhooks arrive at all.
        """
        return event.type in MAY_COME_BEFORE_ITS_PAYMENT and event.created <= self.known_until

    def _count(self, event: StripeEvent, *, recovered: bool) -> None:
        """Counts an event that no webhook has brought yet.

        A webhook can still arrive for two minutes after its event. None arrives for events before the connection.
        """
        late = event.created <= max(self.began_at - ON_ITS_WAY, self.connected_at - 1)
        self.recovered += recovered and late
        self.early += recovered and not late
        if event.created < self.connected_at or event.id in self.may_have_come:
            return
        if late:
            self.unheard += recovered
            self.missed_at = max(self.missed_at, event.created)
        else:
            self.early_at = max(self.early_at, event.created)

    def _note_ours(self, event: StripeEvent) -> None:
        """Stores the time of the newest event about an object of POM."""
        self.happened_at = max(self.happened_at, event.created)

    def _give_up(self, event_id: str) -> None:
        self.given_up.add(event_id)
        self.ports.events.set_aside(self.account_id, event_id, self.began_at)
