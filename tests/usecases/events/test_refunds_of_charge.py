"""On accounts of early versions only the charge tells of a refund, and it does not show which."""

from __future__ import annotations

import pytest

from chalicelib.domain.events import API_VERSION, StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.invoice import Invoice
from chalicelib.usecases.events.receive_event import receive_event
from tests.properties.stories import Payer, events_since
from tests.world import World

EARLY = "2018-02-06"


def paid_on_an_early_account() -> Payer:
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


def new_events(payer: Payer, seen: set[str]) -> list[StripeEvent]:
    """The events since the last call, without those that such an account does not have."""
    found = [each for each in events_since(payer.world, payer.account, 0, API_VERSION) if each.id not in seen]
    seen.update(each.id for each in found)
    return [each for each in found if not each.type.startswith("refund.")]


def told(payer: Payer, events: list[StripeEvent]) -> Invoice:
    for event in events:
        receive_event(event, Source.WEBHOOK, payer.world.ports)
    return payer.world.now(payer.invoice)


@pytest.mark.parametrize("late", [False, True], ids=["in_order", "failure_late"])
def test_a_refund_is_found_although_one_of_the_same_amount_has_failed_and_that_is_not_known_yet(late: bool) -> None:
    payer, seen = paid_on_an_early_account(), set[str]()
    first = payer.is_refunded(500)
    told(payer, new_events(payer, seen))
    payer.refund_ends(first, "failed", days=1)
    failure = new_events(payer, seen)
    second = payer.is_refunded(500)
    news = new_events(payer, seen)
    invoice = told(payer, news + failure if late else failure + news)
    assert {refund.id: refund.status for refund in invoice.facts.refunds.values()} == {
        first: "failed",
        second: "succeeded",
    }
    assert invoice.amounts.refunded == 500


def test_a_charge_that_nothing_was_refunded_of_asks_stripe_nothing() -> None:
    payer, seen = paid_on_an_early_account(), set[str]()
    payer.world.double.api.log.reset()
    told(payer, [each for each in new_events(payer, seen) if each.object_type == "charge"])
    assert not [call for call in payer.world.stripe_calls() if "/v1/refunds" in call]
