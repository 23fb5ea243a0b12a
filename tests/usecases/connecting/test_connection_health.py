"""Tests the health of webhooks: the endpoint's setup, the canary, the findings of the sweep, and a refresh of
everything.
"""

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


def check_and_report(world: World) -> ConnectionReport:
    world.look()
    return report(world)


def webhook_health(world: World) -> tuple[bool | None, str | None]:
    current = report(world)
    return current.webhook_healthy, current.webhook_problem


# The endpoint in Stripe


def test_an_endpoint_with_poms_setup_is_healthy(world: World, account: StripeAccountId) -> None:
    checked_report = check_and_report(world)
    assert (checked_report.webhook_healthy, checked_report.webhook_problem) == (True, None)
    assert checked_report.webhook_checked_at == world.ports.clock.now()


def test_a_disabled_endpoint_is_reported_until_it_is_enabled_again(world: World, account: StripeAccountId) -> None:
    [endpoint] = world.client.v1.webhook_endpoints.list().data
    world.client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    checked_report = check_and_report(world)
    assert checked_report.webhook_healthy is False
    assert "disabled" in (checked_report.webhook_problem or "")
    world.client.v1.webhook_endpoints.update(endpoint.id, {"disabled": False})
    assert check_and_report(world).webhook_healthy is True


def test_an_endpoint_without_connected_accounts_is_reported_as_a_problem(
    world: World, account: StripeAccountId
) -> None:
    [endpoint] = world.client.v1.webhook_endpoints.list().data
    world.client.v1.webhook_endpoints.delete(endpoint.id)
    assert "no webhook endpoint" in (check_and_report(world).webhook_problem or "")
    params: Any = {"url": URL, "enabled_events": ["*"], "api_version": endpoint.api_version}
    own_endpoint = world.client.v1.webhook_endpoints.create(params)
    assert "connected accounts" in (check_and_report(world).webhook_problem or "")
    world.client.v1.webhook_endpoints.delete(own_endpoint.id)
    world.client.v1.webhook_endpoints.create({**params, "connect": True})
    assert check_and_report(world).webhook_healthy is True


def test_reporting_the_connection_costs_no_call_of_stripe(world: World, account: StripeAccountId) -> None:
    check_and_report(world)
    world.double.api.log.reset()
    report(world)
    assert world.stripe_calls() == {}


@pytest.mark.parametrize("kind", ["close_before", "error_before", "rate_limit"])
def test_the_report_says_that_stripe_did_not_respond_to_the_check(
    kind: str, world: World, account: StripeAccountId
) -> None:
    world.double.order_fault(kind, method="GET", path="/v1/webhook_endpoints", count=9)
    checked_report = check_and_report(world)
    assert (checked_report.webhook_healthy, checked_report.webhook_problem) == (None, CHECK_FAILED)


def test_a_check_older_than_fifteen_minutes_is_not_used(world: World, account: StripeAccountId) -> None:
    check_and_report(world)
    world.advance(901)
    assert webhook_health(world) == (None, NOT_CHECKED_LATELY)
    check_webhooks(URL, world.ports)
    assert webhook_health(world) == (None, CANARY_NOT_SENT_LATELY)
    assert check_and_report(world).webhook_healthy is True


def test_before_the_first_check_the_health_is_unknown(world: World, account: StripeAccountId) -> None:
    assert webhook_health(world) == (None, NOT_CHECKED_YET)
    assert report(world).webhook_checked_at is None
    check_webhooks(URL, world.ports)
    assert webhook_health(world) == (None, CANARY_NOT_SENT)
    world.look()
    assert webhook_health(world) == (True, None)


def test_a_second_endpoint_with_another_setup_is_no_problem(world: World, account: StripeAccountId) -> None:
    world.double.add_webhook_endpoint(URL, secret="whsec_of_another", enabled_events=["*"], api_version="2019-01-01")
    assert check_and_report(world).webhook_healthy is True


# The canary


def test_an_endpoint_that_refuses_poms_own_secret_is_unhealthy_until_a_canary_passes(
    world: World, account: StripeAccountId
) -> None:
    world.look()
    opener = world.opener
    world.opener = WebhookOpener(lambda: ("whsec_that_the_handler_has",), world.ports.clock)
    healthy, problem = check_and_report(world).webhook_healthy, report(world).webhook_problem
    assert healthy is False
    assert "refuses what POM's own signing secrets sign" in str(problem)
    world.opener = opener
    assert check_and_report(world).webhook_healthy is True


def test_a_failed_canary_counts_for_fifteen_minutes(world: World, account: StripeAccountId) -> None:
    world.ports.connections.save_canary_run(CanaryRun(Verdict.NO_ANSWER, 10_000, world.ports.clock.now()))
    check_webhooks(URL, world.ports)
    assert webhook_health(world)[0] is False
    world.advance(901)
    check_webhooks(URL, world.ports)
    assert webhook_health(world) == (None, CANARY_NOT_SENT_LATELY)


def test_a_new_secret_is_a_problem_if_it_is_refused_for_more_than_five_minutes(
    world: World, account: StripeAccountId
) -> None:
    handler = world.secrets
    world.opener = WebhookOpener(lambda: handler, world.ports.clock)
    world.secrets = ("whsec_new", *handler)
    for _ in range(2):
        assert check_and_report(world).webhook_healthy is True
        world.advance(300)
    checked_report = check_and_report(world)
    assert checked_report.webhook_healthy is False
    assert "refuses what secret 1 of its 2 signing secrets signs" in str(checked_report.webhook_problem)
    handler = world.secrets
    assert check_and_report(world).webhook_healthy is True


# Events that the sweep had to fetch


@pytest.fixture
def unpaid_invoice(world: World, account: StripeAccountId) -> Invoice:
    """Returns an open invoice whose webhooks arrived ten minutes ago. The sweep and all checks have run, and all is
    healthy.
    """
    invoice = world.invoice()
    world.deliver()
    world.advance(600)
    world.sweep()
    world.look()
    assert webhook_health(world) == (True, None)
    return invoice


def run_after_ten_minutes(world: World) -> None:
    """Advances ten minutes, then runs deliveries, the sweep and the checks."""
    world.advance(600)
    world.deliver()
    world.sweep(objects=False)
    world.look()


def test_a_wrong_signing_secret_is_unhealthy_until_an_event_arrives(
    world: World, account: StripeAccountId, unpaid_invoice: Invoice
) -> None:
    world.secrets = ("whsec_of_an_endpoint_that_is_no_more",)
    world.double.pay(account, str(unpaid_invoice.stripe_invoice_id))
    for _ in range(12):
        run_after_ten_minutes(world)
        healthy, problem = webhook_health(world)
        assert healthy is False
        assert re.fullmatch(
            r"Stripe's webhooks have not arrived since 2027-01-15 08:00 UTC: \d+ events had to be fetched\.",
            str(problem),
        )
    assert world.now(unpaid_invoice).status is InvoiceStatus.PAID


def test_after_the_secret_is_corrected_the_first_repeated_webhook_makes_the_connection_healthy(
    world: World, account: StripeAccountId, unpaid_invoice: Invoice
) -> None:
    world.secrets = ("whsec_of_an_endpoint_that_is_no_more",)
    world.double.pay(account, str(unpaid_invoice.stripe_invoice_id))
    run_after_ten_minutes(world)
    assert webhook_health(world)[0] is False
    world.secrets = (WEBHOOK_SECRET,)
    world.look()
    assert webhook_health(world)[0] is False, "a passed canary does not prove that Stripe signs with the same secret"
    version = world.now(unpaid_invoice).version
    world.advance(86400)
    assert {receipt.outcome for receipt in world.deliver()} == {"duplicate"}
    world.sweep(objects=False)
    world.look()
    assert webhook_health(world) == (True, None)
    assert world.now(unpaid_invoice).version == version


def test_the_problem_names_no_time_if_no_webhook_ever_arrived(world: World, account: StripeAccountId) -> None:
    world.secrets = ("whsec_wrong",)
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id))
    run_after_ten_minutes(world)
    healthy, problem = webhook_health(world)
    assert healthy is False
    assert re.fullmatch(r"Stripe's webhooks have not arrived yet: \d+ events had to be fetched\.", str(problem)), (
        problem
    )


def test_the_secret_of_the_wrong_endpoint_is_noticed_because_no_event_arrives(
    world: World, account: StripeAccountId, unpaid_invoice: Invoice
) -> None:
    [good] = world.client.v1.webhook_endpoints.list().data
    world.double.add_webhook_endpoint(
        URL, secret="whsec_other", enabled_events=["payout.paid"], api_version="2019-01-01"
    )
    world.secrets = ("whsec_other",)
    assert good.api_version != "2019-01-01"
    world.double.pay(account, str(unpaid_invoice.stripe_invoice_id))
    run_after_ten_minutes(world)
    assert webhook_health(world)[0] is False
    assert "have not arrived since" in str(webhook_health(world)[1])


def test_one_lost_webhook_is_a_problem_until_another_webhook_arrives(
    world: World, account: StripeAccountId, unpaid_invoice: Invoice
) -> None:
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(unpaid_invoice.stripe_invoice_id))
    run_after_ten_minutes(world)
    assert webhook_health(world)[0] is False
    world.double.set_delivery(lose_rate=0.0)
    world.advance(5)
    world.invoice("svc_2")
    world.deliver()
    assert webhook_health(world) == (True, None)
    run_after_ten_minutes(world)
    assert webhook_health(world) == (True, None)


def test_one_lost_webhook_among_others_is_a_problem_until_the_next_sweep(
    world: World, account: StripeAccountId, unpaid_invoice: Invoice
) -> None:
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(unpaid_invoice.stripe_invoice_id))
    world.deliver()
    world.double.set_delivery(lose_rate=0.0)
    world.advance(60)
    world.invoice("svc_2")
    world.deliver()
    run_after_ten_minutes(world)
    assert webhook_health(world)[0] is False
    assert "that Stripe's webhooks had not brought" in str(webhook_health(world)[1])
    run_after_ten_minutes(world)
    assert webhook_health(world) == (True, None)


def test_an_event_swept_before_its_webhook_could_arrive_is_not_missed(
    world: World, account: StripeAccountId, unpaid_invoice: Invoice
) -> None:
    world.double.set_delivery(paused=True)
    world.double.pay(account, str(unpaid_invoice.stripe_invoice_id))
    world.advance(119)
    world.sweep(objects=False)
    assert webhook_health(world) == (True, None)
    assert world.ports.connections.get(ORGANIZATION).sweep.missed_at == 0
    world.double.set_delivery(paused=False)
    assert {receipt.outcome for receipt in world.deliver()} == {"duplicate"}
    run_after_ten_minutes(world)
    assert webhook_health(world) == (True, None), "the webhook arrived late"


def test_an_early_swept_event_is_missed_if_its_webhook_never_arrives(
    world: World, account: StripeAccountId, unpaid_invoice: Invoice
) -> None:
    world.secrets = ("whsec_wrong",)
    world.double.pay(account, str(unpaid_invoice.stripe_invoice_id))
    world.sweep(objects=False)
    world.look()
    assert webhook_health(world) == (True, None), "the webhook may still arrive"
    world.advance(121)
    assert webhook_health(world)[0] is False
    run_after_ten_minutes(world)
    assert webhook_health(world)[0] is False


def test_a_missing_webhook_about_poms_own_act_counts_as_missed(
    world: World, account: StripeAccountId, unpaid_invoice: Invoice
) -> None:
    world.secrets = ("whsec_wrong",)
    world.advance(5)
    world.invoice("svc_2")
    run_after_ten_minutes(world)
    latest = world.ports.connections.get(ORGANIZATION).sweep.latest
    assert latest is not None
    assert latest.recovered == 0, "the event brought no news"
    assert webhook_health(world)[0] is False


def test_events_from_before_the_connection_are_not_missed(world: World) -> None:
    account = world.account()
    world.double.update_account(account, currently_due=[])
    world.connect(account=account)
    world.work()
    run_after_ten_minutes(world)
    sweep = world.ports.connections.get(ORGANIZATION).sweep
    assert (sweep.missed_at, sweep.early_at) == (0, 0)
    assert webhook_health(world) == (True, None)


def test_a_customer_event_that_the_sweep_fetched_first_is_not_missed_once_its_webhook_arrives(
    world: World, account: StripeAccountId, unpaid_invoice: Invoice
) -> None:
    world.double.set_delivery(paused=True)
    [customer] = world.in_stripe(account, "customer")
    world.advance(5)
    world.client.v1.customers.update(customer["id"], {"phone": "+1 602 555 0143"}, {"stripe_account": account})
    world.sweep(objects=False)
    world.double.set_delivery(paused=False)
    world.deliver()
    run_after_ten_minutes(world)
    assert webhook_health(world) == (True, None)


def test_a_parked_event_is_not_missed(world: World, account: StripeAccountId, unpaid_invoice: Invoice) -> None:
    world.double.pay(account, str(unpaid_invoice.stripe_invoice_id))
    apply, world.ports.invoices.apply = world.ports.invoices.apply, fail  # type: ignore[method-assign]
    world.deliver()
    world.ports.invoices.apply = apply  # type: ignore[method-assign]
    run_after_ten_minutes(world)
    assert world.now(unpaid_invoice).status is InvoiceStatus.PAID
    assert webhook_health(world) == (True, None)


def fail(*_: Any) -> Any:
    raise KeyError("total")


def test_requests_with_forged_signatures_do_not_change_the_health(
    world: World, account: StripeAccountId, unpaid_invoice: Invoice
) -> None:
    for number in range(50):
        body = b'{"id": "evt_%d"}' % number
        assert world._receive(URL, body, {"Stripe-Signature": signature_header(body, "guessed", BEGAN + 600)}) == 400
    assert webhook_health(world) == (True, None)


def test_every_organization_is_swept_at_every_plan_while_the_canary_fails(
    world: World, account: StripeAccountId, unpaid_invoice: Invoice
) -> None:
    world.ports.queues.take()
    world.advance(300)
    plan_reconciliation(world.ports)
    assert world.ports.queues.take() != [], "an organization with recent activity is due"
    connection = world.ports.connections.get(ORGANIZATION)
    sweep = replace(connection.sweep, due_at=world.ports.clock.now() + 3600)
    world.ports.connections.save(replace(connection, sweep=sweep))
    world.look()
    assert plan_reconciliation(world.ports) == 0
    world.ports.connections.save_canary_run(CanaryRun(Verdict.REFUSED, 90, world.ports.clock.now()))
    assert plan_reconciliation(world.ports) == 1
    world.advance(901)
    assert plan_reconciliation(world.ports) == 0, "an old canary run does not count"


def test_a_late_sweep_is_reported_even_if_the_endpoint_could_not_be_checked(
    world: World, account: StripeAccountId
) -> None:
    world.double.order_fault("close_before", method="GET", path="/v1/webhook_endpoints")
    check_webhooks(URL, world.ports)
    world.advance(3601)
    current = report(world)
    assert current.webhook_healthy is False
    assert "more than an hour" in (current.webhook_problem or "")


# Findings of a comparison


def test_a_reconnect_reports_the_recovered_events_and_blames_no_webhook(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice()
    world.deliver()
    world.sweep()
    world.double.revoke(account)
    world.deliver()
    world.advance(3600)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.advance(120)
    world.ports.queues.take()
    world.connect(account=account)
    before = world.ports.connections.get(ORGANIZATION).sweep
    assert before.caught_up is None
    assert report(world).lag_seconds == 3720

    world.work()

    assert world.now(invoice).status is InvoiceStatus.PAID
    sweep = world.ports.connections.get(ORGANIZATION).sweep
    assert sweep.caught_up is not None
    assert sweep.caught_up == sweep.latest
    assert sweep.caught_up.at == world.ports.clock.now()
    assert sweep.caught_up.events_seen > 0
    assert sweep.caught_up.recovered > 0
    world.look()
    assert webhook_health(world) == (True, None)
    assert report(world).lag_seconds == 0
    caught_up = sweep.caught_up
    world.advance(600)
    world.sweep(objects=False)
    later = world.ports.connections.get(ORGANIZATION).sweep
    assert later.caught_up == caught_up, "later runs do not replace it"
    assert later.latest is not None
    assert (later.latest.at, later.latest.recovered) == (world.ports.clock.now(), 0)


def test_events_lost_while_connected_are_a_problem_of_the_webhooks(world: World, account: StripeAccountId) -> None:
    invoice = world.invoice()
    world.deliver()
    world.sweep()
    world.double.set_delivery(lose=["*"], lose_rate=1.0)
    world.advance(700)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.deliver()
    world.advance(120)
    world.sweep()
    current = report(world)
    assert current.webhook_healthy is False
    assert current.connection.sweep.latest is not None
    assert current.connection.sweep.latest.recovered > 0


def test_a_first_connection_has_nothing_to_catch_up(world: World, account: StripeAccountId) -> None:
    world.sweep()
    assert world.ports.connections.get(ORGANIZATION).sweep.caught_up is None


# Refreshes of everything


def test_a_refresh_queues_a_comparison_of_all_objects(world: World, account: StripeAccountId) -> None:
    world.ports.queues.take()
    connection = refresh_all(ORGANIZATION, world.ports)
    assert connection.refresh_asked_at == world.ports.clock.now()
    assert world.ports.queues.sent == [Reconciliation(ORGANIZATION, objects=True)]


def test_a_refresh_requested_again_within_a_minute_runs_once(world: World, account: StripeAccountId) -> None:
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


def test_refreshing_a_company_without_a_connection_is_refused(world: World) -> None:
    with pytest.raises(Conflict, match="stripe_not_connected"):
        refresh_all(ORGANIZATION, world.ports)
