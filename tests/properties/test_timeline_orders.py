"""The timeline, the payments and the rows of money do not depend on how POM learned of the events."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chalicelib.domain.events import BOOKED, EventMarker, StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import Movement, movements
from chalicelib.domain.payments import Payment, payments_of
from chalicelib.domain.timeline import timeline
from chalicelib.domain.timeline_entries import Entry
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.events.receive_event import Receipt, receive_event
from tests.boundaries import Boundaries, CountedPorts
from tests.fakes import FakePorts
from tests.properties.stories import STORIES_OF_MONEY, FinishedStory, Payer, copy_database, tell
from tests.properties.test_permutations import orders, with_repetitions

Story = Callable[[Payer], None]
every_story = pytest.mark.parametrize("story", STORIES_OF_MONEY, ids=[story.__name__ for story in STORIES_OF_MONEY])
SAMPLED = 25


@dataclass(frozen=True)
class MoneyViews:
    """The views of an invoice's money."""

    timeline: Sequence[Entry]
    payments: Sequence[Payment]
    rows: frozenset[Movement]

    @classmethod
    def of(cls, invoice: Invoice, ports: FakePorts) -> MoneyViews:
        """Returns the views of an invoice, without the times of snapshots, which are displayed nowhere."""
        return cls(timeline(invoice), [_undated(each) for each in payments_of(invoice)], stored_rows(invoice, ports))


def _undated(payment: Payment) -> Payment:
    refunds = tuple(replace(refund, as_of=0) for refund in payment.refunds)
    return replace(payment, refunds=refunds, disputes=tuple(replace(each, as_of=0) for each in payment.disputes))


def stored_rows(invoice: Invoice, ports: FakePorts) -> frozenset[Movement]:
    """Returns the stored rows of the invoice's money."""
    return frozenset(row for row in ports.database.movements.values() if row.invoice_id == invoice.id)


class Replay:
    """Replays a story's events to a POM that knows only the sent invoice."""

    def __init__(self, tale: FinishedStory) -> None:
        self._tale = tale
        self.ports = FakePorts(
            stripe=tale.ports.stripe, database=copy_database(tale.ports.database), clock=tale.ports.clock
        )

    @property
    def invoice(self) -> Invoice:
        """Returns the stored invoice."""
        stored = self.ports.invoices.get(self._tale.invoice.organization_id, self._tale.invoice.id)
        assert stored is not None
        return stored

    def receive(self, events: Iterable[StripeEvent], source: Source = Source.WEBHOOK) -> list[Receipt]:
        return [receive_event(event, source, self.ports) for event in events]

    def sweep(self) -> list[Receipt]:
        """Applies the listed events that have not been processed, and again those that arrived before their
        invoice.
        """
        listed_events = self._tale.listed
        receipts = self.receive(self._unmarked(listed_events), Source.SWEEP)
        return receipts + self.receive(self._unmarked(listed_events), Source.SWEEP)

    def views(self) -> MoneyViews:
        return MoneyViews.of(self.invoice, self.ports)

    def _unmarked(self, events: Sequence[StripeEvent]) -> list[StripeEvent]:
        marked = self.ports.database.events
        return [
            event
            for event in events
            if not isinstance(marked.get((self._tale.invoice.stripe_account_id, event.id)), EventMarker)
        ]


def in_order(tale: FinishedStory) -> MoneyViews:
    """Returns the views after all webhooks arrive once and in order."""
    replay = Replay(tale)
    replay.receive(tale.events)
    replay.sweep()
    return replay.views()


@every_story
def test_webhooks_in_any_order_with_repetitions_give_the_same_timeline(story: Story) -> None:
    tale, chance = tell(story), random.Random(story.__name__)
    expected = in_order(tale)
    for order in itertools.islice(orders(tale.events), SAMPLED):
        replay = Replay(tale)
        replay.receive(with_repetitions(order, chance))
        replay.sweep()
        assert replay.views() == expected, [event.type for event in order]


@every_story
def test_events_brought_by_the_sweep_give_the_same_timeline(story: Story) -> None:
    """Any part of the webhooks is lost. The sweep finds those events in the account's API version."""
    chance = random.Random(story.__name__)
    for seed in range(3):
        tale = tell(story, seed)
        expected = in_order(tale)
        for part in (0.0, 0.5, 0.9):
            replay = Replay(tale)
            delivered = [event for event in tale.events if chance.random() < part]
            chance.shuffle(delivered)
            replay.receive(delivered)
            replay.sweep()
            assert replay.views() == expected, [event.type for event in delivered]


@every_story
def test_after_every_event_the_stored_rows_match_the_stored_invoice(story: Story) -> None:
    tale, chance = tell(story), random.Random(story.__name__)
    for order in (tale.events, chance.sample(list(tale.events), len(tale.events))):
        replay = Replay(tale)
        for event in order:
            replay.receive([event])
            assert stored_rows(replay.invoice, replay.ports) >= frozenset(movements(replay.invoice))
            ids = [row.id for row in stored_rows(replay.invoice, replay.ports)]
            assert sorted(ids) == sorted(row.id for row in movements(replay.invoice)), event.type


@every_story
def test_the_rows_add_up_to_the_amount_received(story: Story) -> None:
    replay = Replay(tell(story))
    replay.receive(tell(story).events)
    replay.sweep()
    rows = stored_rows(replay.invoice, replay.ports)
    assert sum(row.counted for row in rows) == replay.invoice.amounts.received


@every_story
def test_events_without_news_are_marked_as_processed_and_write_nothing_else(story: Story) -> None:
    """Stripe repeats the same state in other events: the invoice is not written, however many they are."""
    tale = tell(story)
    replay = Replay(tale)
    replay.receive(tale.events)
    replay.sweep()
    before = replay.invoice
    boundaries = Boundaries()
    ports: Any = CountedPorts(replay.ports, boundaries)
    for round_ in range(3):
        for event in tale.events:
            again = replace(event, id=f"{event.id}_{round_}")
            receipt = receive_event(again, Source.WEBHOOK, ports)
            # A balance transaction that Stripe has booked is news for its row of payments, which a worker reads.
            news = EventOutcome.APPLIED if _reports_booking(event) else EventOutcome.NO_CHANGE
            assert receipt.outcome is news, event.type
    assert boundaries.writes == ["events.mark"] * 3 * len(tale.events)
    assert replay.invoice is before
    assert len(boundaries.reads) <= 2 * len(boundaries.writes)


@every_story
def test_an_event_changes_the_invoice_by_one_transaction_or_not_at_all(story: Story) -> None:
    tale = tell(story)
    replay = Replay(tale)
    for event in tale.events:
        boundaries = Boundaries()
        ports: Any = CountedPorts(replay.ports, boundaries)
        version = replay.invoice.version
        outcome = receive_event(event, Source.WEBHOOK, ports).outcome
        written = [call for call in boundaries.writes if not call.startswith("customers")]
        assert len(written) <= 1
        assert replay.invoice.version == version + written.count("invoices.apply")
        if outcome is EventOutcome.APPLIED and event.object_type != "customer":
            assert written == ["invoices.apply"] or (_reports_booking(event) and written == ["events.mark"])


def _reports_booking(event: StripeEvent) -> bool:
    return event.type in BOOKED and event.booked
