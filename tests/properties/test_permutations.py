"""Events of every story in any order, with repetitions and within one second, end with Stripe's state."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence

import pytest

from chalicelib.domain.events import StripeEvent
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.timeline import timeline
from chalicelib.usecases.events.event_outcome import EventOutcome
from infra.stripe_double import VERSIONS
from tests.oracle import differences
from tests.properties.stories import STORIES, Payer, comparable_facts, tell

ALL_ORDERS_UP_TO = 5
SAMPLED = 120

ENDS = {
    "paid_at_once": InvoiceStatus.PAID,
    "failed_once": InvoiceStatus.FAILED,
    "failed_twice": InvoiceStatus.FAILED,
    "failed_failed_paid": InvoiceStatus.PAID,
    "debit_under_way": InvoiceStatus.PENDING,
    "debit_after_a_declined_card": InvoiceStatus.PENDING,
    "debit_that_settles": InvoiceStatus.PAID,
    "debit_that_fails_late": InvoiceStatus.FAILED,
    "partial_refund": InvoiceStatus.PAID,
    "full_refund": InvoiceStatus.REFUNDED,
    "refunded_in_two_parts": InvoiceStatus.REFUNDED,
    "refund_that_fails_weeks_later": InvoiceStatus.PAID,
    "dispute_open": InvoiceStatus.PAID,
    "dispute_lost": InvoiceStatus.PAID,
    "dispute_won": InvoiceStatus.PAID,
    "dispute_lost_after_a_partial_refund": InvoiceStatus.PAID,
    "dispute_won_on_appeal": InvoiceStatus.PAID,
    "credited_then_paid_then_given_back": InvoiceStatus.PAID,
    "paid_from_the_balance_in_part": InvoiceStatus.PAID,
    "asked_for_a_debt_as_well": InvoiceStatus.PAID,
    "voided": InvoiceStatus.VOID,
    "failed_then_voided": InvoiceStatus.VOID,
    "revised": InvoiceStatus.PENDING,
    "failed_then_revised": InvoiceStatus.PENDING,
    "revised_then_paid_and_refunded": InvoiceStatus.PAID,
    "revised_twice_then_declined": InvoiceStatus.FAILED,
    "revised_then_voided": InvoiceStatus.VOID,
    "written_off": InvoiceStatus.UNCOLLECTIBLE,
    "written_off_then_paid": InvoiceStatus.PAID,
    "paid_by_check": InvoiceStatus.PAID,
}

every_story = pytest.mark.parametrize("story", STORIES, ids=[story.__name__ for story in STORIES])
Story = Callable[[Payer], None]


def orders(events: Sequence[StripeEvent]) -> Iterator[Sequence[StripeEvent]]:
    """Yields all orders of a few events. Of many events, yields a fixed sample that includes both chronological
    orders.
    """
    if len(events) <= ALL_ORDERS_UP_TO:
        yield from itertools.permutations(events)
        return
    yield events
    yield list(reversed(events))
    chance = random.Random(len(events))
    for _ in range(min(SAMPLED, math.factorial(len(events)))):
        yield chance.sample(list(events), len(events))


def with_repetitions(order: Sequence[StripeEvent], chance: random.Random) -> list[StripeEvent]:
    again = [*order, *chance.choices(order, k=len(order))]
    chance.shuffle(again)
    return again


@every_story
def test_events_in_their_order_end_with_stripes_state(story: Story) -> None:
    tale = tell(story)
    assert len(tale.events) >= 2
    invoice, receipts = tale.replay(tale.events)
    assert invoice.status is ENDS[story.__name__]
    assert differences(dict(tale.ledger), [invoice]) == []
    assert {receipt.outcome for receipt in receipts} <= {EventOutcome.APPLIED, EventOutcome.NO_CHANGE}


@every_story
def test_any_order_of_the_events_ends_with_the_same_state(story: Story) -> None:
    tale = tell(story)
    end = comparable_facts(tale.replay(tale.events)[0].facts)
    for order in orders(tale.events):
        invoice, _ = tale.replay(order)
        assert comparable_facts(invoice.facts) == end, [event.type for event in order]
        assert differences(dict(tale.ledger), [invoice]) == [], [event.type for event in order]


@every_story
def test_any_order_of_events_in_any_api_version_ends_with_the_same_state(story: Story) -> None:
    """Some events arrive as webhooks in POM's API version; others are listed by Stripe in the account's version."""
    chance = random.Random(story.__name__)
    for seed in range(len(VERSIONS)):
        tale = tell(story, seed)
        end = comparable_facts(tale.replay(tale.events)[0].facts)
        for order in itertools.islice(orders(tale.partly_listed(chance)), 20):
            invoice, _ = tale.replay(order)
            assert comparable_facts(invoice.facts) == end, [(event.type, event.api_version) for event in order]
            assert differences(dict(tale.ledger), [invoice]) == [], [event.type for event in order]


@every_story
def test_any_order_within_one_second_ends_with_the_same_state(story: Story) -> None:
    tale = tell(story)
    end = comparable_facts(tale.replay(tale.events)[0].facts)
    for order in orders(tale.within_one_second):
        invoice, _ = tale.replay(order)
        assert comparable_facts(invoice.facts) == end, [event.type for event in order]
        assert differences(dict(tale.ledger), [invoice]) == [], [event.type for event in order]


@every_story
@pytest.mark.parametrize("second", [False, True], ids=["as_they_were", "within_one_second"])
def test_repeated_events_in_any_order_add_nothing(story: Story, second: bool) -> None:
    tale = tell(story)
    chance = random.Random(story.__name__)
    events = tale.within_one_second if second else tale.events
    end = comparable_facts(tale.replay(tale.events)[0].facts)
    for order in itertools.islice(orders(events), 60):
        invoice, receipts = tale.replay(with_repetitions(order, chance))
        assert comparable_facts(invoice.facts) == end
        outcomes = [receipt.outcome for receipt in receipts]
        # Events of a revision that POM has not stored yet are unmatched; their content is read when the revision is
        # known.
        met_too_early = outcomes.count(EventOutcome.FOREIGN)
        assert not met_too_early or "revised" in story.__name__
        dealt_with = outcomes.count(EventOutcome.APPLIED) + outcomes.count(EventOutcome.NO_CHANGE)
        assert dealt_with <= len(events)
        assert outcomes.count(EventOutcome.DUPLICATE) == 2 * len(events) - met_too_early - dealt_with
        assert len(timeline(invoice)) == len(set(timeline(invoice)))
        assert differences(dict(tale.ledger), [invoice]) == []


@every_story
def test_a_status_never_returns_to_an_older_one(story: Story) -> None:
    """In any order of events, a finished invoice never appears unpaid or not voided again."""
    tale = tell(story)
    final = {InvoiceStatus.PAID, InvoiceStatus.REFUNDED, InvoiceStatus.VOID}
    for order in itertools.islice(orders(tale.events), 40):
        is_final = False
        for count in range(1, len(order) + 1):
            status = tale.replay(order[:count])[0].status
            assert not is_final or status in final
            is_final = status in final


@every_story
def test_stripe_is_read_only_when_events_cannot_be_ordered(story: Story) -> None:
    tale = tell(story)
    remembered = tale.ports.stripe._answers  # type: ignore[attr-defined]
    before = dict(remembered)
    remembered.clear()
    tale.replay(tale.events)
    tale.replay(list(reversed(tale.events)))
    asked_about = ("invoice.finalized", "invoice.voided", "charge.refunded")  # a charge does not show its refunds
    # An invoice whose payments come later does not state whether it was paid outside Stripe.
    not_told = {event.object_id for event in tale.events if event.type in asked_about or event.lacks_paid_outside}
    assert {args[-1] for _, *args in remembered} <= not_told
    assert bool(remembered) == bool(not_told)
    remembered.update(before)
