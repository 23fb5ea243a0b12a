"""Tests refunds on accounts of early API versions: only the charge's event reports a refund, and it does not name the
refund.
"""

from __future__ import annotations

import pytest

from chalicelib.domain.events import API_VERSION, StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.invoice import Invoice
from chalicelib.usecases.events.receive_event import receive_event
from tests.properties.stories import Payer, events_since
from tests.world import World

EARLY = "2018-02-06"


def payer_on_early_account() -> Payer:
    world = World(0, version=EARLY)
    world.connect()
    world.customer()
    world.work()
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(paused=True)
    payer = Payer(world, world.now(invoice))
    payer.pays()
    return payer


def new_events(payer: Payer, known_ids: set[str]) -> list[StripeEvent]:
    """Returns the events since the last call, without the types that an early account does not have."""
    events = [each for each in events_since(payer.world, payer.account, 0, API_VERSION) if each.id not in known_ids]
    known_ids.update(each.id for each in events)
    return [each for each in events if not each.type.startswith("refund.")]


def receive(payer: Payer, received: list[StripeEvent]) -> Invoice:
    for event in received:
        receive_event(event, Source.WEBHOOK, payer.world.ports)
    return payer.world.now(payer.invoice)


@pytest.mark.parametrize("late", [False, True], ids=["in_order", "failure_late"])
def test_a_refund_is_found_next_to_an_earlier_failed_refund_of_the_same_amount(late: bool) -> None:
    payer, known_ids = payer_on_early_account(), set[str]()
    first = payer.is_refunded(500)
    receive(payer, new_events(payer, known_ids))
    payer.refund_ends(first, "failed", days=1)
    failure = new_events(payer, known_ids)
    second = payer.is_refunded(500)
    refund_events = new_events(payer, known_ids)
    invoice = receive(payer, refund_events + failure if late else failure + refund_events)
    assert {refund.id: refund.status for refund in invoice.facts.refunds.values()} == {
        first: "failed",
        second: "succeeded",
    }
    assert invoice.amounts.refunded == 500


def test_a_charge_without_refunds_costs_no_call_of_stripe() -> None:
    payer, known_ids = payer_on_early_account(), set[str]()
    payer.world.double.api.log.reset()
    receive(payer, [each for each in new_events(payer, known_ids) if each.object_type == "charge"])
    assert not [call for call in payer.world.stripe_calls() if "/v1/refunds" in call]
