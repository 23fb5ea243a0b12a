"""Tests the sweep: after any loss of events, one run makes POM equal to Stripe, and the next run writes nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import StaleWrite, StripeUnavailable
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports.messages import CustomerSync, Reconciliation
from chalicelib.usecases.connecting import connect, connection_report
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.reconciling.plan_reconciliation import plan_reconciliation
from chalicelib.usecases.reconciling.reconcile import reconcile_account
from chalicelib.usecases.reconciling.resume_stuck import resume_stuck
from tests.boundaries import count_calls, stop_counting
from tests.oracle import differences
from tests.timelines import event_log, kinds
from tests.world import ADMIN, ORGANIZATION, World

METHODS = [
    "pm_card_visa",
    "pm_card_chargeDeclinedExpiredCard",
    "pm_usBankAccount",
    "pm_card_createDispute",
    "pm_card_visa",
    "pm_usBankAccount_insufficientFunds",
]


def varied_invoices(world: World, account: str) -> list[Invoice]:
    """Returns eight invoices with different histories; the fifth is refunded in part, and the seventh is voided."""
    options: Any = {"stripe_account": account}
    invoices = [world.invoice(f"svc_{number}") for number in range(8)]
    intents = []
    world.advance(60)
    for invoice, method in zip(invoices, METHODS, strict=False):
        intents.append(world.double.pay(account, str(invoice.stripe_invoice_id), method)["payment_intent"])
        world.advance(60)
    world.client.v1.refunds.create({"payment_intent": intents[0]}, options)
    world.client.v1.refunds.create({"payment_intent": intents[4], "amount": 500}, options)
    world.client.v1.invoices.void_invoice(str(invoices[6].stripe_invoice_id), None, options)
    world.client.v1.invoices.mark_uncollectible(str(invoices[7].stripe_invoice_id), None, options)
    world.advance(5 * 86400)
    return invoices


def assert_equal(world: World, account: str) -> None:
    stored = list(world.ports.database.invoices.values())
    assert differences(world.double.ledger(account), stored) == []


def assert_second_run_writes_only_the_cursor(world: World) -> None:
    for objects in (False, True):
        boundaries = count_calls(world)
        report = world.sweep(objects=objects)
        stop_counting(world)
        assert (report.recovered, report.corrected, report.parked) == (0, 0, 0)
        assert boundaries.writes == ["connections.save"]


@pytest.mark.parametrize("objects", [False, True])
def test_one_run_recovers_all_lost_events(objects: bool, world: World, account: StripeAccountId) -> None:
    world.sweep()
    world.double.set_delivery(lose_rate=1.0)
    varied_invoices(world, account)
    report = world.sweep(objects=objects)
    assert report.recovered > 20
    assert_equal(world, account)
    assert_second_run_writes_only_the_cursor(world)


@pytest.mark.parametrize("seed", range(3))
def test_one_run_recovers_a_random_half_of_the_events(seed: int, world: World, account: StripeAccountId) -> None:
    world.double.world.rng.seed(seed)
    world.double.set_delivery(lose_rate=0.5, duplicate=0.3, reorder=0.5)
    varied_invoices(world, account)
    world.deliver()
    world.sweep()
    assert_equal(world, account)
    assert_second_run_writes_only_the_cursor(world)


def test_a_comparison_of_objects_corrects_changes_without_events(world: World, account: StripeAccountId) -> None:
    world.double.set_delivery(never_generate_rate=1.0)
    varied_invoices(world, account)
    world.deliver()
    report = world.sweep()
    assert report.recovered == 0
    assert report.corrected >= 7
    assert_equal(world, account)
    assert_second_run_writes_only_the_cursor(world)


def test_a_sweep_finds_a_changed_readiness_without_an_event(world: World) -> None:
    account = world.connect(account=world.account(charges_enabled=False, currently_due=["external_account"]))
    world.double.set_delivery(never_generate_rate=1.0)
    world.advance(60)
    world.double.update_account(account, charges_enabled=True, currently_due=[])
    world.sweep()
    assert world.ports.connections.get(ORGANIZATION).ready_to_send


def test_a_sweep_finds_a_refund_and_its_failure_without_events(world: World, account: StripeAccountId) -> None:
    options: Any = {"stripe_account": account}
    invoice = world.invoice()
    intent = world.double.pay(account, str(invoice.stripe_invoice_id))["payment_intent"]
    world.deliver()
    world.double.set_delivery(never_generate_rate=1.0)
    refund = world.client.v1.refunds.create({"payment_intent": intent}, options)
    assert world.sweep().corrected == 1
    assert world.now(invoice).status is InvoiceStatus.REFUNDED
    world.advance(28 * 86400)
    world.double.settle_refund(account, str(refund.id), outcome="failed")
    assert world.sweep().corrected == 1
    assert world.now(invoice).status is InvoiceStatus.PAID
    assert kinds(world.now(invoice))[-3:] == ["paid", "refunded", "refund_failed"]
    assert_second_run_writes_only_the_cursor(world)


def test_a_sweep_without_lost_events_recovers_nothing(world: World, account: StripeAccountId) -> None:
    varied_invoices(world, account)
    world.deliver()
    report = world.sweep()
    assert (report.recovered, report.corrected, report.parked) == (0, 0, 0)
    world.look()
    assert connection_report.report(ORGANIZATION, world.ports).webhook_healthy
    assert_second_run_writes_only_the_cursor(world)


def test_recovered_events_are_on_the_timeline_in_the_event_log_and_in_the_health(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.advance(120)
    world.sweep(objects=False)
    assert kinds(world.now(invoice))[-1] == "paid"
    swept_entries = [each for each in event_log(invoice, world.ports).values() if each.source is Source.SWEEP]
    assert EventOutcome.RECOVERED in {each.outcome for each in swept_entries}
    report = connection_report.report(ORGANIZATION, world.ports)
    assert report.webhook_healthy is False
    assert "had to be fetched" in str(report.webhook_problem)


def test_a_webhook_overtaken_by_the_sweep_is_a_duplicate_and_was_not_missed(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(paused=True)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.advance(119)
    assert world.sweep(objects=False).recovered == 0
    world.look()
    assert connection_report.report(ORGANIZATION, world.ports).webhook_healthy
    version = world.now(invoice).version
    world.double.set_delivery(paused=False)
    assert {receipt.outcome for receipt in world.deliver()} == {"duplicate"}
    assert world.now(invoice).version == version


# The cursor


def test_the_cursor_moves_only_after_all_events_before_it_are_applied(world: World, account: StripeAccountId) -> None:
    world.sweep()
    before = world.ports.connections.get(ORGANIZATION).sweep
    world.double.set_delivery(lose_rate=1.0)
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.advance(7200)
    world.double.order_fault("error_before", method="GET", path="/v1/events")
    with pytest.raises(StripeUnavailable):
        world.sweep(objects=False)
    assert world.ports.connections.get(ORGANIZATION).sweep == before
    world.sweep(objects=False)
    assert world.ports.connections.get(ORGANIZATION).sweep.swept_until == world.ports.clock.now()
    assert world.now(invoice).status is InvoiceStatus.PAID


def test_the_cursor_stays_if_the_object_sweep_fails(world: World, account: StripeAccountId) -> None:
    world.sweep()
    before = world.ports.connections.get(ORGANIZATION).sweep
    world.advance(7200)
    world.double.order_fault("error_before", method="GET", path="/v1/refunds")
    with pytest.raises(StripeUnavailable):
        world.sweep(objects=True)
    assert world.ports.connections.get(ORGANIZATION).sweep == before


def test_an_event_that_stripe_lists_late_is_read_within_the_overlap(world: World, account: StripeAccountId) -> None:
    world.double.set_delivery(lose_rate=1.0)
    invoice = world.invoice()
    world.double.pay(account, str(invoice.stripe_invoice_id))
    database = world.ports.database
    database.connections[ORGANIZATION] = replace(
        database.connections[ORGANIZATION],
        sweep=replace(database.connections[ORGANIZATION].sweep, swept_until=world.ports.clock.now() + 599),
    )
    world.advance(700)
    world.sweep(objects=False)
    assert world.now(invoice).status is InvoiceStatus.PAID


def test_objects_are_compared_once_a_day_and_after_a_long_gap(world: World, account: StripeAccountId) -> None:
    assert not world.sweep(objects=False).objects
    world.advance(86401)
    assert world.sweep(objects=False).objects
    world.advance(31 * 86400)
    assert world.sweep(objects=False).objects


def test_a_run_does_not_overwrite_a_simultaneous_change_of_the_connection(
    world: World, account: StripeAccountId
) -> None:
    real = world.ports.stripe

    class BusyStripe:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def events(self, *args: Any) -> Any:
            world.begin()
            return real.events(*args)

    world.ports.stripe = BusyStripe()  # type: ignore[assignment]
    world.advance(60)
    world.sweep(objects=False)
    connection = world.ports.connections.get(ORGANIZATION)
    assert connection.authorizing_until > world.ports.clock.now()
    assert connection.sweep.swept_until == world.ports.clock.now()


def test_a_run_over_a_revoked_connection_marks_it_and_keeps_the_cursor(
    world: World, account: StripeAccountId
) -> None:
    world.sweep()
    before = world.ports.connections.get(ORGANIZATION).sweep
    world.double.set_delivery(paused=True)
    world.advance(7200)
    world.double.revoke(account)
    assert world.sweep().events_seen == 0
    connection = world.ports.connections.get(ORGANIZATION)
    assert not connection.active
    assert connection.sweep == before


# Costs


@pytest.mark.parametrize(("count", "pages"), [(3, 1), (12, 2)])
def test_a_run_costs_a_list_and_a_batch_read_for_each_hundred_events(
    count: int, pages: int, world: World, account: StripeAccountId
) -> None:
    for number in range(count):
        invoice = world.invoice(f"svc_{number}")
        world.double.pay(account, str(invoice.stripe_invoice_id))
    world.deliver()
    world.sweep()
    assert (len(world.double.events(account)) + 99) // 100 == pages
    world.double.api.log.reset()
    boundaries = count_calls(world)
    world.sweep(objects=False)
    assert world.stripe_calls() == {"GET /v1/events": pages}
    assert boundaries.reads == ["connections.get", "events.parked", *["events.known"] * pages, "connections.get"]
    assert boundaries.writes == ["connections.save"]


@pytest.mark.parametrize(
    ("lost_types", "writes"),
    [
        pytest.param(["charge.succeeded"], ["invoices.apply", "connections.save"], id="event_with_the_card_details"),
        pytest.param(["invoice.updated"], ["events.mark", "connections.save"], id="event_without_news"),
    ],
)
def test_a_run_writes_only_the_missed_events(
    world: World, account: StripeAccountId, lost_types: list[str], writes: list[str]
) -> None:
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(lose=lost_types)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.deliver()
    boundaries = count_calls(world)
    world.sweep(objects=False)
    assert boundaries.writes == writes


# The plan


def test_a_run_is_planned_for_every_connected_organization(world: World, account: StripeAccountId) -> None:
    world.ports.queues.take()
    world.sweep()
    world.advance(300)
    assert plan_reconciliation(world.ports) == 1
    assert world.ports.queues.take() == [
        Reconciliation(ORGANIZATION, objects=False, planned_at=world.ports.clock.now())
    ]
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    assert plan_reconciliation(world.ports) == 0


def test_a_run_for_an_organization_that_is_not_connected_does_nothing(world: World) -> None:
    boundaries = count_calls(world)
    assert not reconcile_account(ORGANIZATION, world.ports, objects=True).objects
    assert boundaries.calls == ["connections.get"]


# Unfinished work


def test_the_schedule_resumes_only_unfinished_invoices(world: World, account: StripeAccountId) -> None:
    world.invoice("svc_1")
    world.invoice("svc_2", send=False)
    world.double.order_fault("close_before", method="POST", path="/v1/invoices")
    stuck = world.invoice("svc_3")
    world.deliver()
    world.ports.queues.take()
    assert resume_stuck(world.ports).invoices == 0
    world.advance(31)
    assert resume_stuck(world.ports).invoices == 1
    assert [message.invoice_id for message in world.ports.queues.sent if hasattr(message, "invoice_id")] == [stuck.id]
    world.work()
    assert world.now(stuck).status is InvoiceStatus.PENDING
    world.advance(10_000)
    assert resume_stuck(world.ports).invoices == 0


def test_a_message_delivered_twice_resumes_an_invoice_once(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("close_before", method="POST", path="/v1/invoices")
    stuck = world.invoice()
    world.advance(31)
    for _ in range(2):
        resume_stuck(world.ports)
    world.work()
    assert world.now(stuck).status is InvoiceStatus.PENDING
    assert len(world.double.mails()) == 1


def test_a_pending_customer_is_queued_with_its_latest_edition(world: World, account: StripeAccountId) -> None:
    world.customer(first_name="Anna")
    world.ports.queues.take()
    assert resume_stuck(world.ports).customers == 0
    world.advance(121)
    assert resume_stuck(world.ports).customers == 1
    [message] = world.ports.queues.take()
    assert isinstance(message, CustomerSync)
    assert message.edition == 2


def test_a_newer_account_is_stored_although_poms_clock_is_behind(world: World, account: StripeAccountId) -> None:
    world.double.update_account(account, charges_enabled=False)
    world.deliver()
    assert not world.ports.connections.get(ORGANIZATION).ready_to_send
    world.double.set_delivery(never_generate=["account.*"])
    world.double.update_account(account, charges_enabled=True)
    world.ports.clock.set(world.ports.clock.now() - 5)

    world.sweep()

    assert world.ports.connections.get(ORGANIZATION).ready_to_send


def test_the_time_of_missed_events_is_stored_after_ten_conflicts(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    """A failed run is repeated, and then finds the events already applied, so nothing would report them as missed."""
    account = world.connect()
    world.customer()
    invoice = world.invoice()
    world.deliver()
    world.sweep(objects=False)
    world.advance(700)
    world.double.set_delivery(drop=1.0, lose_rate=1.0)
    world.double.pay(account, invoice.stripe_invoice_id or "", "pm_card_visa")
    world.advance(1000)
    save, conflicts = world.ports.connections.save, iter(range(10))

    def save_after_conflicts(connection: Any) -> Any:
        if next(conflicts, None) is not None:
            raise StaleWrite("The connection")
        return save(connection)

    monkeypatch.setattr(world.ports.connections, "save", save_after_conflicts)
    for _ in range(3):
        with suppress(StaleWrite):
            world.sweep(objects=False)
    assert world.ports.connections.get(ORGANIZATION).sweep.missed_at
