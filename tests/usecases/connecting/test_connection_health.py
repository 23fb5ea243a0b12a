"""Whether Stripe tells us what happens: the endpoint's setup, the sweep's findings, and refreshing everything."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.stripe.events import WebhookOpener, signature_header
from chalicelib.domain.canary import CanaryRun, Verdict
from chalicelib.domain.errors import Conflict, Retryable
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports.messages import Reconciliation
from chalicelib.usecases.connecting import connection_report
from chalicelib.usecases.connecting.connection_report import ConnectionReport
from chalicelib.usecases.connecting.sweep_sooner import refresh_all
from chalicelib.usecases.connecting.webhook_health import (
    CANARY_NOT_SENT,
    CANARY_NOT_SENT_LATELY,
    CHECK_FAILED,
    NOT_CHECKED_LATELY,
    NOT_CHECKED_YET,
    check_webhooks,
)
from chalicelib.usecases.reconciling.plan_reconciliation import plan_reconciliation
from tests.world import BEGAN, ORGANIZATION, WEBHOOK_SECRET, World
from tests.world import WEBHOOK_URL as URL


def report(world: World) -> ConnectionReport:
    return connection_report.report(ORGANIZATION, world.ports)


def checked(world: World) -> ConnectionReport:
    world.look()
    return report(world)


def told(world: World) -> tuple[bool | None, str | None]:
    seen = report(world)
    return seen.webhook_healthy, seen.webhook_problem


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
    assert (seen.webhook_healthy, seen.webhook_problem) == (None, CHECK_FAILED)


def test_an_old_check_says_nothing_about_now(world: World, account: StripeAccountId) -> None:
    checked(world)
    world.advance(901)
    assert told(world) == (None, NOT_CHECKED_LATELY)
    check_webhooks(URL, world.ports)
    assert told(world) == (None, CANARY_NOT_SENT_LATELY)
    assert checked(world).webhook_healthy is True


def test_before_anybody_has_looked_nothing_is_claimed(world: World, account: StripeAccountId) -> None:
    assert told(world) == (None, NOT_CHECKED_YET)
    assert report(world).webhook_checked_at is None
    check_webhooks(URL, world.ports)
    assert told(world) == (None, CANARY_NOT_SENT)
    world.look()
    assert told(world) == (True, None)


def test_a_second_endpoint_is_no_concern_of_the_office(world: World, account: StripeAccountId) -> None:
    world.double.add_webhook_endpoint(URL, secret="whsec_of_another", enabled_events=["*"], api_version="2019-01-01")
    assert checked(world).webhook_healthy is True


# The canary


def test_a_door_that_refuses_our_own_secret_is_unhealthy_until_a_flight_passes(
    world: World, account: StripeAccountId
) -> None:
    world.look()
    taken = world.opener
    world.opener = WebhookOpener(lambda: ("whsec_that_the_handler_has",), world.ports.clock)
    healthy, problem = checked(world).webhook_healthy, report(world).webhook_problem
    assert healthy is False
    assert "refuses what POM's own signing secrets sign" in str(problem)
    world.opener = taken
    assert checked(world).webhook_healthy is True


def test_a_failed_flight_is_forgotten_after_a_quarter_of_an_hour(world: World, account: StripeAccountId) -> None:
    world.ports.connections.save_canary_run(CanaryRun(Verdict.NO_ANSWER, 10_000, world.ports.clock.now()))
    check_webhooks(URL, world.ports)
    assert told(world)[0] is False
    world.advance(901)
    check_webhooks(URL, world.ports)
    assert told(world) == (None, CANARY_NOT_SENT_LATELY)


def test_a_new_secret_that_is_refused_for_five_minutes_is_nothing_and_after_that_a_problem(
    world: World, account: StripeAccountId
) -> None:
    handler = world.secrets
    world.opener = WebhookOpener(lambda: handler, world.ports.clock)
    world.secrets = ("whsec_new", *handler)
    for _ in range(2):
        assert checked(world).webhook_healthy is True
        world.advance(300)
    seen = checked(world)
    assert seen.webhook_healthy is False
    assert "refuses what secret 1 of its 2 signing secrets signs" in str(seen.webhook_problem)
    handler = world.secrets
    assert checked(world).webhook_healthy is True


# Events that the sweep had to fetch


@pytest.fixture
def unpaid(world: World, account: StripeAccountId) -> Invoice:
    """An invoice of which Stripe's webhooks told, some time ago; everything was looked at, and is well."""
    invoice = world.invoice()
    world.deliver()
    world.advance(600)
    world.sweep()
    world.look()
    assert told(world) == (True, None)
    return invoice


def later(world: World) -> None:
    """Ten minutes on, everything runs again."""
    world.advance(600)
    world.deliver()
    world.sweep(objects=False)
    world.look()


def test_a_wrong_signing_secret_is_unhealthy_for_as_long_as_nothing_arrives(
    world: World, account: StripeAccountId, unpaid: Invoice
) -> None:
    world.secrets = ("whsec_of_an_endpoint_that_is_no_more",)
    world.double.pay(account, str(unpaid.stripe_invoice_id))
    for _ in range(12):
        later(world)
        healthy, problem = told(world)
        assert healthy is False
        assert re.fullmatch(
            r"Stripe's webhooks have not arrived since 2027-01-15 08:00 UTC: \d+ events had to be fetched\.",
            str(problem),
        )
    assert world.now(unpaid).status is InvoiceStatus.PAID


def test_with_the_right_secret_again_the_first_webhook_that_stripe_repeats_heals_it(
    world: World, account: StripeAccountId, unpaid: Invoice
) -> None:
    world.secrets = ("whsec_of_an_endpoint_that_is_no_more",)
    world.double.pay(account, str(unpaid.stripe_invoice_id))
    later(world)
    assert told(world)[0] is False
    world.secrets = (WEBHOOK_SECRET,)
    world.look()
    assert told(world)[0] is False, "that our door takes it does not say that Stripe signs with it"
    version = world.now(unpaid).version
    world.advance(86400)
    assert {receipt.outcome for receipt in world.deliver()} == {"duplicate"}
    world.sweep(objects=False)
    world.look()
    assert told(world) == (True, None)
    assert world.now(unpaid).version == version


def test_webhooks_that_never_arrived_are_told_without_a_time(world: World, account: StripeAccountId) -> None:
    world.secrets = ("whsec_wrong",)
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id))
    later(world)
    healthy, problem = told(world)
    assert healthy is False
    assert re.fullmatch(r"Stripe's webhooks have not arrived yet: \d+ events had to be fetched\.", str(problem)), (
        problem
    )


def test_an_endpoint_of_another_version_whose_secret_is_the_only_one_kept_is_seen_by_what_does_not_arrive(
    world: World, account: StripeAccountId, unpaid: Invoice
) -> None:
    [good] = world.client.v1.webhook_endpoints.list().data
    world.double.add_webhook_endpoint(
        URL, secret="whsec_other", enabled_events=["payout.paid"], api_version="2019-01-01"
    )
    world.secrets = ("whsec_other",)
    assert good.api_version != "2019-01-01"
    world.double.pay(account, str(unpaid.stripe_invoice_id))
    later(world)
    assert told(world)[0] is False
    assert "have not arrived since" in str(told(world)[1])


def test_one_lost_webhook_is_told_until_another_one_arrives(
    world: World, account: StripeAccountId, unpaid: Invoice
) -> None:
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(unpaid.stripe_invoice_id))
    later(world)
    assert told(world)[0] is False
    world.double.set_delivery(lose_rate=0.0)
    world.advance(5)
    world.invoice("svc_2")
    world.deliver()
    assert told(world) == (True, None)
    later(world)
    assert told(world) == (True, None)


def test_one_lost_webhook_among_others_is_told_until_the_next_run_or_the_next_webhook(
    world: World, account: StripeAccountId, unpaid: Invoice
) -> None:
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(unpaid.stripe_invoice_id))
    world.deliver()
    world.double.set_delivery(lose_rate=0.0)
    world.advance(60)
    world.invoice("svc_2")
    world.deliver()
    later(world)
    assert told(world)[0] is False
    assert "that Stripe's webhooks had not brought" in str(told(world)[1])
    later(world)
    assert told(world) == (True, None)


def test_what_came_before_its_webhook_could_is_not_missed(
    world: World, account: StripeAccountId, unpaid: Invoice
) -> None:
    world.double.set_delivery(paused=True)
    world.double.pay(account, str(unpaid.stripe_invoice_id))
    world.advance(119)
    world.sweep(objects=False)
    assert told(world) == (True, None)
    assert world.ports.connections.get(ORGANIZATION).sweep.missed_at == 0
    world.double.set_delivery(paused=False)
    assert {receipt.outcome for receipt in world.deliver()} == {"duplicate"}
    later(world)
    assert told(world) == (True, None), "it came after all"


def test_what_was_fetched_too_soon_is_missed_if_its_webhook_never_comes(
    world: World, account: StripeAccountId, unpaid: Invoice
) -> None:
    world.secrets = ("whsec_wrong",)
    world.double.pay(account, str(unpaid.stripe_invoice_id))
    world.sweep(objects=False)
    world.look()
    assert told(world) == (True, None), "it may still come"
    world.advance(121)
    assert told(world)[0] is False
    later(world)
    assert told(world)[0] is False


def test_what_we_did_ourselves_and_no_webhook_told_of_is_missed_too(
    world: World, account: StripeAccountId, unpaid: Invoice
) -> None:
    world.secrets = ("whsec_wrong",)
    world.advance(5)
    world.invoice("svc_2")
    later(world)
    latest = world.ports.connections.get(ORGANIZATION).sweep.latest
    assert latest is not None
    assert latest.recovered == 0, "it told nothing new"
    assert told(world)[0] is False


def test_what_happened_before_the_connect_is_not_missed(world: World) -> None:
    account = world.account()
    world.double.update_account(account, currently_due=[])
    world.connect(account=account)
    world.work()
    later(world)
    sweep = world.ports.connections.get(ORGANIZATION).sweep
    assert (sweep.missed_at, sweep.early_at) == (0, 0)
    assert told(world) == (True, None)


def test_a_customers_edit_that_the_sweep_saw_first_counts_as_brought_when_its_webhook_comes(
    world: World, account: StripeAccountId, unpaid: Invoice
) -> None:
    world.double.set_delivery(paused=True)
    [customer] = world.in_stripe(account, "customer")
    world.advance(5)
    world.client.v1.customers.update(customer["id"], {"phone": "+1 602 555 0143"}, {"stripe_account": account})
    world.sweep(objects=False)
    world.double.set_delivery(paused=False)
    world.deliver()
    later(world)
    assert told(world) == (True, None)


def test_an_event_that_was_parked_had_arrived(world: World, account: StripeAccountId, unpaid: Invoice) -> None:
    world.double.pay(account, str(unpaid.stripe_invoice_id))
    apply, world.ports.invoices.apply = world.ports.invoices.apply, failing  # type: ignore[method-assign]
    world.deliver()
    world.ports.invoices.apply = apply  # type: ignore[method-assign]
    later(world)
    assert world.now(unpaid).status is InvoiceStatus.PAID
    assert told(world) == (True, None)


def failing(*_: Any) -> Any:
    raise KeyError("total")


def test_refused_signatures_of_strangers_change_nothing(
    world: World, account: StripeAccountId, unpaid: Invoice
) -> None:
    for number in range(50):
        body = b'{"id": "evt_%d"}' % number
        assert world._receive(URL, body, {"Stripe-Signature": signature_header(body, "guessed", BEGAN + 600)}) == 400
    assert told(world) == (True, None)


def test_while_the_canary_fails_everybody_is_due(world: World, account: StripeAccountId, unpaid: Invoice) -> None:
    world.ports.queues.take()
    world.advance(300)
    plan_reconciliation(world.ports)
    assert world.ports.queues.take() != [], "something happened within a day"
    connection = world.ports.connections.get(ORGANIZATION)
    sweep = replace(connection.sweep, due_at=world.ports.clock.now() + 3600)
    world.ports.connections.save(replace(connection, sweep=sweep))
    world.look()
    assert plan_reconciliation(world.ports) == 0
    world.ports.connections.save_canary_run(CanaryRun(Verdict.REFUSED, 90, world.ports.clock.now()))
    assert plan_reconciliation(world.ports) == 1
    world.advance(901)
    assert plan_reconciliation(world.ports) == 0, "a flight that is too old says nothing"


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
    world.look()
    assert told(world) == (True, None)
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
