"""Whether Stripe tells us what happens: the endpoint's setup, the sweep's findings, and refreshing everything."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, Retryable
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases import connect
from chalicelib.usecases.check_webhooks import check_webhooks
from chalicelib.usecases.connection_report import NOT_CHECKED, ConnectionReport
from chalicelib.usecases.refresh_all import refresh_all
from tests.fakes.ports import Reconciliation
from tests.world import ORGANIZATION, World

URL = "https://api.example.test/v1/stripe/webhooks"


def report(world: World) -> ConnectionReport:
    return connect.report(ORGANIZATION, world.ports)


def checked(world: World) -> ConnectionReport:
    check_webhooks(URL, world.ports)
    return report(world)


# The endpoint in Stripe


def test_the_endpoint_as_we_made_it_is_healthy(world: World, account: StripeAccountId) -> None:
    seen = checked(world)
    assert (seen.webhook_healthy, seen.webhook_problem) == (True, None)
    assert seen.webhook_checked_at == world.ports.clock.now()


def test_a_disabled_endpoint_is_told_and_again_when_it_is_repaired(world: World, account: StripeAccountId) -> None:
    [made] = world.client.v1.webhook_endpoints.list().data
    world.client.v1.webhook_endpoints.update(made.id, {"disabled": True})
    seen = checked(world)
    assert seen.webhook_healthy is False
    assert "disabled" in (seen.webhook_problem or "")
    world.client.v1.webhook_endpoints.update(made.id, {"disabled": False})
    assert checked(world).webhook_healthy is True


def test_an_endpoint_for_the_own_account_hears_nothing_of_companies(world: World, account: StripeAccountId) -> None:
    [made] = world.client.v1.webhook_endpoints.list().data
    world.client.v1.webhook_endpoints.delete(made.id)
    assert "no webhook endpoint" in (checked(world).webhook_problem or "")
    params: Any = {"url": URL, "enabled_events": ["*"], "api_version": made.api_version}
    own = world.client.v1.webhook_endpoints.create(params)
    assert "connected accounts" in (checked(world).webhook_problem or "")
    world.client.v1.webhook_endpoints.delete(own.id)
    world.client.v1.webhook_endpoints.create({**params, "connect": True})
    assert checked(world).webhook_healthy is True


def test_showing_the_connection_asks_stripe_nothing(world: World, account: StripeAccountId) -> None:
    checked(world)
    world.double.api.log.reset()
    report(world)
    assert world.stripe_calls() == {}


@pytest.mark.parametrize("kind", ["close_before", "error_before", "rate_limit"])
def test_where_stripe_does_not_answer_the_page_says_so(kind: str, world: World, account: StripeAccountId) -> None:
    world.double.order_fault(kind, method="GET", path="/v1/webhook_endpoints", count=9)
    seen = checked(world)
    assert (seen.webhook_healthy, seen.webhook_problem) == (None, NOT_CHECKED)


def test_an_old_check_says_nothing_about_now(world: World, account: StripeAccountId) -> None:
    checked(world)
    world.advance(901)
    assert report(world).webhook_healthy is None
    assert checked(world).webhook_healthy is True


def test_what_the_sweep_found_is_told_even_if_the_endpoint_could_not_be_checked(
    world: World, account: StripeAccountId
) -> None:
    world.double.order_fault("close_before", method="GET", path="/v1/webhook_endpoints")
    check_webhooks(URL, world.ports)
    world.advance(3601)
    seen = report(world)
    assert seen.webhook_healthy is False
    assert "more than an hour" in (seen.webhook_problem or "")


# What a comparison found


def test_a_reconnect_tells_what_catching_up_found_and_blames_no_webhook(
    world: World, account: StripeAccountId
) -> None:
    paid = world.invoice()
    world.deliver()
    world.sweep()
    world.double.revoke(account)
    world.deliver()
    world.advance(3600)
    world.double.pay(account, str(paid.stripe_invoice_id))
    world.advance(120)
    world.ports.queues.take()
    world.connect(account=account)
    before = world.ports.connections.get(ORGANIZATION).sweep
    assert before.caught_up is None
    assert report(world).lag_seconds == 3720

    world.work()

    assert world.now(paid).status is InvoiceStatus.PAID
    sweep = world.ports.connections.get(ORGANIZATION).sweep
    assert sweep.caught_up is not None
    assert sweep.caught_up == sweep.latest
    assert sweep.caught_up.at == world.ports.clock.now()
    assert sweep.caught_up.events_seen > 0
    assert sweep.caught_up.recovered > 0
    assert report(world).webhook_problem is None
    assert report(world).lag_seconds == 0
    caught_up = sweep.caught_up
    world.advance(600)
    world.sweep(objects=False)
    later = world.ports.connections.get(ORGANIZATION).sweep
    assert later.caught_up == caught_up, "later runs do not hide it"
    assert later.latest is not None
    assert (later.latest.at, later.latest.recovered) == (world.ports.clock.now(), 0)


def test_a_loss_while_connected_is_a_problem_of_the_webhooks(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.deliver()
    world.sweep()
    world.double.set_delivery(lose=["*"], lose_rate=1.0)
    world.advance(700)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.deliver()
    world.advance(120)
    world.sweep()
    seen = report(world)
    assert seen.webhook_healthy is False
    assert seen.connection.sweep.latest is not None
    assert seen.connection.sweep.latest.recovered > 0


def test_a_first_connection_has_nothing_to_catch_up(world: World, account: StripeAccountId) -> None:
    world.sweep()
    assert world.ports.connections.get(ORGANIZATION).sweep.caught_up is None


# Refreshing everything


def test_a_refresh_queues_a_comparison_of_everything(world: World, account: StripeAccountId) -> None:
    world.ports.queues.take()
    asked = refresh_all(ORGANIZATION, world.ports)
    assert asked.refresh_asked_at == world.ports.clock.now()
    assert world.ports.queues.sent == [Reconciliation(ORGANIZATION, objects=True)]


def test_a_refresh_asked_for_again_within_a_minute_is_not_done_twice(world: World, account: StripeAccountId) -> None:
    world.ports.queues.take()
    first = refresh_all(ORGANIZATION, world.ports)
    world.advance(59)
    assert refresh_all(ORGANIZATION, world.ports).refresh_asked_at == first.refresh_asked_at
    assert len(world.ports.queues.take()) == 1
    world.advance(1)
    refresh_all(ORGANIZATION, world.ports)
    assert len(world.ports.queues.take()) == 1


def test_a_refresh_that_cannot_be_queued_is_refused_and_can_be_repeated(
    world: World, account: StripeAccountId
) -> None:
    world.ports.queues.take()
    world.ports.queues.failure = Retryable("queue_unavailable", "No.")
    with pytest.raises(Retryable):
        refresh_all(ORGANIZATION, world.ports)
    world.ports.queues.failure = None
    refresh_all(ORGANIZATION, world.ports)
    assert len(world.ports.queues.take()) == 1


def test_without_a_connection_there_is_nothing_to_refresh(world: World) -> None:
    with pytest.raises(Conflict, match="stripe_not_connected"):
        refresh_all(ORGANIZATION, world.ports)
