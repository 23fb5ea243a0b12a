"""Tests the end of parked events: after a week of attempts, or immediately if no attempt can succeed.

A parked event is an event that could not be applied yet and is stored for later attempts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import Refused
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.parking import NEW_FOR, TRIED_FOR
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.events.event_outcome import MARKED, EventOutcome
from chalicelib.usecases.events.receive_event import receive_event
from tests.world import World

DAY = 86400


class FailingStore:
    """A store that fails whenever it stores the facts of an event or the marker of an event without news."""

    def __init__(self, store: Any, error: Exception) -> None:
        self._store, self._error = store, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def apply(self, *_: Any) -> Any:
        raise self._error

    mark = apply


@pytest.fixture
def invoice(world: World) -> Invoice:
    world.connect()
    world.customer()
    sent_invoice = world.invoice()
    world.deliver()
    return sent_invoice


def fail_with(world: World, error: Exception) -> None:
    world.ports.invoices = FailingStore(world.ports.invoices, error)  # type: ignore[assignment]
    world.ports.events = FailingStore(world.ports.events, error)  # type: ignore[assignment]


def undelivered_paid_event(world: World, invoice: Invoice) -> StripeEvent:
    """Returns the event of a payment from Stripe's list. Its webhook never arrives."""
    world.double.set_delivery(lose=["*"])
    world.double.pay(invoice.stripe_account_id, invoice.stripe_invoice_id or "")
    now = world.ports.clock.now()
    pages = world.ports.stripe.events(invoice.stripe_account_id, now - 60, now)
    return next(each for page in pages for each in page if each.type == "invoice.paid")


def parked_count(world: World, account_id: StripeAccountId) -> int:
    return len(world.ports.events.parked(account_id, 100))


def test_a_parked_event_is_retried_for_a_week_and_then_given_up(world: World, invoice: Invoice) -> None:
    event = undelivered_paid_event(world, invoice)
    fail_with(world, KeyError("a defect"))
    assert receive_event(event, Source.WEBHOOK, world.ports).outcome is EventOutcome.PARKED

    world.advance(TRIED_FOR - 1)
    assert world.sweep(objects=False).given_up == 0
    assert event.id in {each.event_id for each in world.ports.events.parked(invoice.stripe_account_id, 100)}

    world.advance(DAY)
    assert world.sweep(objects=False).given_up >= 1
    assert event.id not in {each.event_id for each in world.ports.events.parked(invoice.stripe_account_id, 100)}


def test_an_event_that_was_given_up_can_still_be_replayed(world: World, invoice: Invoice) -> None:
    event = undelivered_paid_event(world, invoice)
    invoices, events = world.ports.invoices, world.ports.events
    fail_with(world, KeyError("a defect"))
    receive_event(event, Source.WEBHOOK, world.ports)
    world.advance(TRIED_FOR)
    world.sweep(objects=False)
    world.ports.invoices, world.ports.events = invoices, events
    assert receive_event(event, Source.SWEEP, world.ports).outcome in MARKED
    assert world.now(invoice).status is InvoiceStatus.PAID


def test_the_change_of_an_unreadable_event_is_found_by_the_daily_comparison(world: World, invoice: Invoice) -> None:
    event = replace(undelivered_paid_event(world, invoice), body='{"nothing": "that could be read"}')
    world.ports.events.park(event, world.ports.clock.now(), "stripe_answer_unreadable")
    world.sweep(objects=True)
    assert parked_count(world, invoice.stripe_account_id) == 0
    assert world.now(invoice).status is InvoiceStatus.PAID


def test_an_event_for_a_full_record_is_retried_once_and_given_up(world: World, invoice: Invoice) -> None:
    event = undelivered_paid_event(world, invoice)
    fail_with(world, Refused("record_too_large", "No."))
    assert receive_event(event, Source.WEBHOOK, world.ports).error == "record_too_large"
    world.advance(700)
    report = world.sweep(objects=False)
    assert event.id not in {each.event_id for each in world.ports.events.parked(invoice.stripe_account_id, 100)}
    assert report.given_up >= 1


def test_the_alarm_counts_events_parked_within_the_last_day(world: World, invoice: Invoice) -> None:
    fail_with(world, KeyError("a defect"))
    receive_event(undelivered_paid_event(world, invoice), Source.WEBHOOK, world.ports)
    world.advance(60)  # Stripe has captured the payment, and nothing happens to it any more.
    first = world.sweep(objects=False)
    assert first.parked_lately == first.parked > 0
    world.advance(NEW_FOR)
    later = world.sweep(objects=False)
    assert (later.parked, later.parked_lately) == (first.parked, 0)


def test_an_event_of_an_unknown_kind_of_object_is_counted_and_not_parked(world: World, invoice: Invoice) -> None:
    event = replace(undelivered_paid_event(world, invoice), object_type="invoice_of_tomorrow")
    assert receive_event(event, Source.WEBHOOK, world.ports).outcome is EventOutcome.UNKNOWN_OBJECT
    assert parked_count(world, invoice.stripe_account_id) == 0


def test_an_unknown_event_about_the_application_ends_no_connection(world: World, invoice: Invoice) -> None:
    event = replace(undelivered_paid_event(world, invoice), object_type="application")
    assert receive_event(event, Source.WEBHOOK, world.ports).outcome is EventOutcome.UNKNOWN_OBJECT
    assert world.ports.connections.get(invoice.organization_id).active


def test_an_undated_deauthorization_is_checked_with_stripe(world: World, invoice: Invoice) -> None:
    fields = {"type": "account.application.deauthorized", "object_type": "application", "object_id": "ca_1"}
    event = replace(undelivered_paid_event(world, invoice), fact=None, created=0, **fields)
    receive_event(event, Source.WEBHOOK, world.ports)
    assert world.ports.connections.get(invoice.organization_id).active
    world.double.revoke(invoice.stripe_account_id)
    receive_event(replace(event, id="evt_again"), Source.WEBHOOK, world.ports)
    assert not world.ports.connections.get(invoice.organization_id).active
