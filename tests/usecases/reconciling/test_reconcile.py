"""Whatever was lost on the way, one run makes POM say what Stripe says; the next one writes nothing."""

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


def lively(world: World, account: str) -> list[Invoice]:
    """Six invoices to which different things happen; the fifth is refunded in part, the seventh voided."""
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
        done = world.sweep(objects=objects)
        stop_counting(world)
        assert (done.recovered, done.corrected, done.parked) == (0, 0, 0)
        assert boundaries.writes == ["connections.save"]


@pytest.mark.parametrize("objects", [False, True])
def test_all_events_lost_are_recovered_in_one_run(objects: bool, world: World, account: StripeAccountId) -> None:
    world.sweep()
    world.double.set_delivery(lose_rate=1.0)
    lively(world, account)
    done = world.sweep(objects=objects)
    assert done.recovered > 20
    assert_equal(world, account)
    assert_second_run_writes_only_the_cursor(world)


@pytest.mark.parametrize("seed", range(3))
def test_a_random_half_of_the_events_lost_is_recovered(seed: int, world: World, account: StripeAccountId) -> None:
    world.double.world.rng.seed(seed)
    world.double.set_delivery(lose_rate=0.5, duplicate=0.3, reorder=0.5)
    lively(world, account)
    world.deliver()
    world.sweep()
    assert_equal(world, account)
    assert_second_run_writes_only_the_cursor(world)


def test_events_that_were_never_generated_are_made_up_for(world: World, account: StripeAccountId) -> None:
    world.double.set_delivery(never_generate_rate=1.0)
    lively(world, account)
    world.deliver()
    done = world.sweep()
    assert done.recovered == 0
    assert done.corrected >= 7
    assert_equal(world, account)
    assert_second_run_writes_only_the_cursor(world)


def test_a_readiness_change_that_was_never_told_is_seen(world: World) -> None:
    account = world.connect(account=world.account(charges_enabled=False, currently_due=["external_account"]))
    world.double.set_delivery(never_generate_rate=1.0)
    world.advance(60)
    world.double.update_account(account, charges_enabled=True, currently_due=[])
    world.sweep()
    assert world.ports.connections.get(ORGANIZATION).ready_to_send


def test_a_refund_and_its_late_failure_that_were_never_told_are_seen(world: World, account: StripeAccountId) -> None:
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


def test_nothing_lost_is_nothing_found(world: World, account: StripeAccountId) -> None:
    lively(world, account)
    world.deliver()
    done = world.sweep()
    assert (done.recovered, done.corrected, done.parked) == (0, 0, 0)
    world.look()
    assert connection_report.report(ORGANIZATION, world.ports).webhook_healthy
    assert_second_run_writes_only_the_cursor(world)


def test_what_a_run_recovered_is_on_the_timeline_in_the_event_log_and_in_the_health(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(lose_rate=1.0)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.advance(120)
    world.sweep(objects=False)
    assert kinds(world.now(invoice))[-1] == "paid"
    fetched = [each for each in event_log(invoice, world.ports).values() if each.source is Source.SWEEP]
    assert EventOutcome.RECOVERED in {each.outcome for each in fetched}
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


def test_the_cursor_moves_only_after_everything_before_it_was_dealt_with(
    world: World, account: StripeAccountId
) -> None:
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


def test_an_event_listed_late_is_within_the_overlap(world: World, account: StripeAccountId) -> None:
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


def test_a_run_overtaken_by_another_change_of_the_connection_keeps_both(
    world: World, account: StripeAccountId
) -> None:
    plain = world.ports.stripe

    class Busy:
        def __getattr__(self, name: str) -> Any:
            return getattr(plain, name)

        def events(self, *args: Any) -> Any:
            world.begin()
            return plain.events(*args)

    world.ports.stripe = Busy()  # type: ignore[assignment]
    world.advance(60)
    world.sweep(objects=False)
    connection = world.ports.connections.get(ORGANIZATION)
    assert connection.authorizing_until > world.ports.clock.now()
    assert connection.sweep.swept_until == world.ports.clock.now()


def test_a_connection_that_ended_during_a_run_is_marked_and_its_cursor_stays(
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


# What it costs


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
    ("missed", "writes"),
    [
        pytest.param(["charge.succeeded"], ["invoices.apply", "connections.save"], id="the_only_one_with_the_card"),
        pytest.param(["invoice.updated"], ["events.mark", "connections.save"], id="one_that_another_event_had_told"),
    ],
)
def test_only_what_was_missed_is_written(
    world: World, account: StripeAccountId, missed: list[str], writes: list[str]
) -> None:
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(lose=missed)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.deliver()
    boundaries = count_calls(world)
    world.sweep(objects=False)
    assert boundaries.writes == writes


# The plan


def test_every_connected_organization_gets_its_run(world: World, account: StripeAccountId) -> None:
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


# What was left half-done


def test_the_schedule_takes_up_only_what_stopped(world: World, account: StripeAccountId) -> None:
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


def test_a_message_delivered_twice_does_the_work_once(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("close_before", method="POST", path="/v1/invoices")
    stuck = world.invoice()
    world.advance(31)
    for _ in range(2):
        resume_stuck(world.ports)
    world.work()
    assert world.now(stuck).status is InvoiceStatus.PENDING
    assert len(world.double.mails()) == 1


def test_a_customer_left_pending_is_taken_up_with_its_latest_edition(world: World, account: StripeAccountId) -> None:
    world.customer(first_name="Anna")
    world.ports.queues.take()
    assert resume_stuck(world.ports).customers == 0
    world.advance(121)
    assert resume_stuck(world.ports).customers == 1
    [message] = world.ports.queues.take()
    assert isinstance(message, CustomerSync)
    assert message.edition == 2


def test_an_account_that_was_read_later_is_stored_though_our_clock_is_behind(
    world: World, account: StripeAccountId
) -> None:
    world.double.update_account(account, charges_enabled=False)
    world.deliver()
    assert not world.ports.connections.get(ORGANIZATION).ready_to_send
    world.double.set_delivery(never_generate=["account.*"])
    world.double.update_account(account, charges_enabled=True)
    world.ports.clock.set(world.ports.clock.now() - 5)

    world.sweep()

    assert world.ports.connections.get(ORGANIZATION).ready_to_send


def test_what_was_missed_is_kept_although_others_write_the_connection_ten_times(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    """A run that gives up is made again, and finds the events dealt with: nobody would hear that they were missed."""
    account = world.connect()
    world.customer()
    invoice = world.invoice()
    world.deliver()
    world.sweep(objects=False)
    world.advance(700)
    world.double.set_delivery(drop=1.0, lose_rate=1.0)
    world.double.pay(account, invoice.stripe_invoice_id or "", "pm_card_visa")
    world.advance(1000)
    save, others = world.ports.connections.save, iter(range(10))

    def after_others(connection: Any) -> Any:
        if next(others, None) is not None:
            raise StaleWrite("The connection")
        return save(connection)

    monkeypatch.setattr(world.ports.connections, "save", after_others)
    for _ in range(3):
        with suppress(StaleWrite):
            world.sweep(objects=False)
    assert world.ports.connections.get(ORGANIZATION).sweep.missed_at
