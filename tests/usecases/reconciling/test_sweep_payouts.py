"""Tests the sweep of payouts: it finds and reports payouts and fees that had no events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import StripeUnavailable
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import Payout
from chalicelib.domain.sweep import PayoutsSwept
from chalicelib.ports.messages import BalanceJob, BalanceTask, Reconciliation
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.reconciling import reconcile, sweep_payouts
from chalicelib.usecases.reconciling.plan_reconciliation import plan_reconciliation
from tests.usecases.payouts.company import DAY, HOUR, Company
from tests.world import ADMIN, World


@pytest.fixture
def company(world: World) -> Company:
    """Returns a company whose payouts have been swept before, with a paid invoice that is in no deposit yet."""
    company = Company.connected(world)
    company.world.sweep()
    company.paid_invoice("100.00")
    company.wait(60)
    return company


def sweep_and_work(company: Company) -> PayoutsSwept:
    """Runs a sweep and the work that it queues, and returns the sweep's findings about payouts."""
    payouts_swept = company.world.sweep().payouts
    assert payouts_swept is not None
    company.world.work()
    return payouts_swept


def test_one_run_reads_payouts_whose_webhooks_were_lost(company: Company) -> None:
    company.lose_webhooks()
    company.days(4)
    report = company.world.sweep()
    company.world.work()
    assert company.payout().tied_out
    assert report.recovered > 0
    assert report.payouts is not None
    assert (report.payouts.found, report.payouts.missed) == (1, 0), (
        "its events were recovered and are counted already"
    )


def test_payouts_without_events_are_found_and_counted_as_missed(company: Company) -> None:
    company.stop_events()
    company.days(4)
    assert sweep_and_work(company) == PayoutsSwept(found=1, missed=1, queued=1)
    assert company.payout().tied_out
    sweep = company.world.ports.connections.get(company.organization).sweep
    assert sweep.latest is not None
    assert (sweep.latest.payouts, sweep.latest.clean, sweep.recovered) == (1, False, 1)
    assert sweep.corrected == 0, "no invoice was corrected"


def test_a_failed_payout_without_an_event_is_found(company: Company) -> None:
    company.days(4)
    company.stop_events()
    company.world.double.fail_payout(company.account, company.payout().id)
    company.pause(HOUR)
    assert sweep_and_work(company).missed == 1
    assert company.payout().fact.status == "failed"


def test_a_run_without_news_costs_one_call_for_all_payouts_and_writes_no_payout(company: Company) -> None:
    for _ in range(5):
        company.paid_invoice("100.00")
        company.days(1)
    company.days(6)
    sweep_and_work(company)
    company.days(1)
    sweep_and_work(company)
    before = dict(company.world.ports.database.payouts)
    company.world.double.api.log.reset()
    assert sweep_and_work(company) == PayoutsSwept()
    assert company.calls("GET /v1/payouts") == 1
    assert [name for name in company.world.stripe_calls() if "balance" in name or "payouts/{id}" in name] == []
    assert company.world.ports.database.payouts == before
    assert len(before) > 3


def test_a_payout_whose_job_was_lost_is_read_by_the_next_run(company: Company) -> None:
    company.days(2)
    company.pause(DAY)
    company.world.ports.queues.take()
    assert company.payout().itemized is None
    assert sweep_and_work(company).queued == 1
    assert company.payout().tied_out


def test_a_payout_without_lines_for_an_hour_counts_as_not_tied_out(company: Company) -> None:
    company.days(2)
    company.pause(DAY)
    company.world.ports.queues.take()
    first = company.world.sweep().payouts
    company.world.ports.queues.take()
    company.pause(2 * HOUR)
    second = company.world.sweep().payouts
    assert first is not None
    assert second is not None
    assert (first.not_tied_out, second.not_tied_out) == (0, 1)


def test_a_new_connection_imports_ninety_days_of_payouts(world: World) -> None:
    account = world.account(payout_schedule="daily")
    for _ in range(20):
        world.double.outside_charge(account, 10_000)
        world.advance(5 * DAY)
    company = Company(world, StripeAccountId(world.connect(account=account)))
    assert any(isinstance(each, Reconciliation) for each in world.ports.queues.sent)
    world.work()
    oldest = min(payout.fact.created for payout in company.payouts())
    assert 85 * DAY < world.ports.clock.now() - oldest <= 90 * DAY
    assert all(payout.tied_out for payout in company.payouts())
    sweep = world.ports.connections.get(company.organization).sweep
    assert sweep.payouts_swept_at > 0
    assert sweep.latest is not None
    assert sweep.latest.payouts == 0, "payouts from before the connection were not missed"


def test_a_new_connection_whose_message_was_lost_imports_its_payouts_with_the_next_plan(world: World) -> None:
    account = world.account(payout_schedule="daily")
    world.double.outside_charge(account, 10_000)
    world.advance(5 * DAY)
    company = Company(world, StripeAccountId(world.connect(account=account)))
    world.ports.queues.take()
    world.advance(600)
    plan_reconciliation(world.ports)
    world.work()
    assert company.payout().tied_out


def test_a_connection_of_an_earlier_release_imports_ninety_days_of_payouts_once(world: World) -> None:
    account = world.account(payout_schedule="daily")
    company = Company(world, StripeAccountId(world.connect(account=account)))
    world.work()
    connection = world.ports.connections.get(company.organization)
    world.ports.connections.save(replace(connection, sweep=replace(connection.sweep, payouts_swept_at=0)))
    company.stop_events()
    world.double.outside_charge(account, 10_000)
    world.advance(80 * DAY)
    assert sweep_and_work(company).found == 1
    assert company.payout().tied_out


def test_a_reconnected_company_gets_the_payouts_of_the_gap(company: Company) -> None:
    company.days(4)
    sweep_and_work(company)
    connect.disconnect(company.organization, ADMIN, company.world.ports)
    company.world.double.outside_charge(company.account, 5_000)
    company.world.advance(60 * DAY)
    company.world.connect(account=company.account)
    company.world.work()
    assert [payout.tied_out for payout in company.payouts()] == [True, True]


@pytest.fixture
def reconnected(company: Company) -> tuple[Company, list[Invoice]]:
    """Returns a company that connected another account for 100 days while its money was on its way from the former
    account.

    The first invoice's money is in a payout that POM stored as under way. The second invoice's money was paid out
    later.
    """
    world, former = company.world, company.account
    company.days(1)
    company.pause(DAY)
    world.work()
    under_way = next(invoice for invoice in world.ports.database.invoices.values())
    later = company.paid_invoice("50.00")
    company.wait(2 * HOUR)
    assert company.payout().fact.under_way
    connect.disconnect(company.organization, ADMIN, world.ports)
    world.work()
    world.connect(account=world.account(payout_schedule="daily"))
    world.work()
    for _ in range(10):
        world.advance(10 * DAY)
        world.deliver()
        world.sweep()
        world.work()
    connect.disconnect(company.organization, ADMIN, world.ports)
    world.work()
    world.connect(account=former)
    return company, [under_way, later]


def test_a_company_that_reconnects_a_former_account_gets_the_deposits_of_its_payments(
    reconnected: tuple[Company, list[Invoice]],
) -> None:
    company, invoices = reconnected
    company.world.work()
    assert [payout.fact.status for payout in company.payouts()] == ["paid", "paid"]
    assert all(payout.tied_out for payout in company.payouts())
    assert [company.deposits(each) for each in invoices] == [[("arrived", payout.id)] for payout in company.payouts()]


def test_a_run_that_fails_within_a_gap_is_repeated_without_losing_a_payout(
    reconnected: tuple[Company, list[Invoice]], monkeypatch: pytest.MonkeyPatch
) -> None:
    company, _ = reconnected
    monkeypatch.setattr(sweep_payouts, "PAGE", 1)
    store, calls = sweep_payouts.store_payout, []

    def fail_at_second(*args: Any) -> Payout:
        calls.append(args)
        if len(calls) == 2:
            raise StripeUnavailable("stripe_unreachable", "No answer.", answered=False)
        return store(*args)

    with monkeypatch.context() as patch:
        patch.setattr(sweep_payouts, "store_payout", fail_at_second)
        with pytest.raises(StripeUnavailable):
            company.world.sweep()
    company.world.sweep()
    company.world.work()
    assert [payout.fact.status for payout in company.payouts()] == ["paid", "paid"]
    assert all(payout.tied_out for payout in company.payouts())


def test_an_unfinished_payout_older_than_the_list_is_read_by_its_id(
    company: Company,
) -> None:
    company.days(4)
    sweep_and_work(company)
    old = company.payout()
    company.stop_events()
    company.days(40)
    sweep_and_work(company)
    present = company.payout()
    under_way = replace(present, fact=replace(old.fact, status="in_transit", as_of=old.fact.created))
    company.world.ports.payouts.save(under_way)
    company.world.double.api.log.reset()
    payouts_swept = sweep_and_work(company)
    assert (payouts_swept.found, company.calls("GET /v1/payouts/{id}")) == (1, 1)
    assert company.payout().fact.status == "paid"
    company.world.double.api.log.reset()
    assert sweep_and_work(company).found == 0
    assert company.calls("GET /v1/payouts/{id}") == 0


def test_payments_older_than_ninety_days_get_their_fees_and_payouts(world: World) -> None:
    company = Company.connected(world)
    by_payout = company.paid_invoice("100.00")
    company.pause(60)
    company.world.ports.queues.take()
    for _ in range(12):
        company.pause(10 * DAY)
        company.world.ports.queues.take()
    connection = world.ports.connections.get(company.organization)
    world.ports.connections.save(replace(connection, sweep=replace(connection.sweep, payouts_swept_at=0)))
    assert company.row(by_payout).fee_pending
    sweep_and_work(company)
    assert not company.row(by_payout).fee_pending
    assert company.deposits(by_payout) == [("arrived", company.payout().id)]


def test_old_payments_with_manual_payouts_get_their_fees(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_payouts, "FEES_AT_ONCE", 2)
    company = Company(world, StripeAccountId(world.connect(account=world.account(payout_schedule="manual"))))
    world.customer()
    world.work()
    invoices = []
    for _ in range(5):
        invoices.append(company.paid_invoice("100.00"))
        company.pause(60)
    company.pause(120 * DAY)
    world.ports.queues.take()
    connection = world.ports.connections.get(company.organization)
    world.ports.connections.save(replace(connection, sweep=replace(connection.sweep, payouts_swept_at=0)))
    sweep_and_work(company)
    assert not any(company.row(each).fee_pending for each in invoices)
    assert world.ports.connections.get(company.organization).sweep.payouts_swept_at > 0


# Fees


def test_a_fee_without_an_event_is_read_by_the_sweep_after_an_hour(world: World) -> None:
    company = Company.connected(world)
    company.world.sweep()
    company.world.double.set_delivery(never_generate=["charge.updated"])
    invoice = company.paid_invoice("100.00")
    company.pause(1800)
    assert sweep_and_work(company).fees == 0, "the event may still arrive"
    company.pause(1801)
    company.world.double.api.log.reset()
    assert sweep_and_work(company).fees == 1
    assert company.row(invoice).settlements[0].transaction.fee == 320
    company.world.double.api.log.reset()
    assert sweep_and_work(company).fees == 0
    assert company.calls("GET /v1/payment_intents/{id}") == 0


def test_the_next_run_reads_the_fees_that_one_run_could_not_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_payouts, "FEES_AT_ONCE", 2)
    company = Company.connected(world)
    world.double.set_delivery(never_generate=["charge.updated"])
    invoices = []
    for _ in range(5):
        invoices.append(company.paid_invoice("100.00"))
        company.pause(60)
    company.pause(2 * HOUR)
    report = world.sweep()
    assert report.payouts is not None
    assert (report.payouts.fees, report.goes_on, report.payouts.finished) == (2, True, False)
    world.work()
    assert not any(company.row(each).fee_pending for each in invoices)
    sweep = world.ports.connections.get(company.organization).sweep
    assert (sweep.fees_before, sweep.payouts_due) == (None, False)


def test_fees_that_stripe_has_not_booked_do_not_repeat_runs_forever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_payouts, "FEES_AT_ONCE", 1)
    company = Company.connected(world)
    company.stop_events()
    for _ in range(3):
        company.paid_invoice("100.00")
    company.lose_webhooks()
    company.pause(2 * HOUR)
    monkeypatch.setattr(world.ports.stripe, "balance_transaction_of", lambda *_: None, raising=False)
    runs = 0
    world.sweep()
    while any(isinstance(each, Reconciliation) for each in world.ports.queues.sent):
        world.ports.queues.take()
        world.sweep(objects=False)
        runs += 1
        assert runs < 10
    assert runs >= 2
    assert world.ports.connections.get(company.organization).sweep.fees_before is None


def test_fees_are_read_at_a_pace_that_stripe_allows(world: World) -> None:
    company = Company.connected(world)
    world.double.set_delivery(never_generate=["charge.updated"])
    for _ in range(10):
        company.paid_invoice("10.00")
    company.pause(2 * HOUR)
    began = world.ports.clock.milliseconds()
    assert sweep_and_work(company).fees == 10
    assert world.ports.clock.milliseconds() - began >= 9 * 500


def test_a_run_that_fails_at_the_list_of_payouts_is_repeated(company: Company) -> None:
    company.stop_events()
    company.days(4)
    company.world.double.order_fault("error_before", path="/v1/payouts", count=10)
    with pytest.raises(StripeUnavailable):
        company.world.sweep()
    company.world.double.clear_faults()
    assert sweep_and_work(company).missed == 1
    assert company.payout().tied_out


def test_the_sweep_queues_payouts_and_reads_no_lines(company: Company) -> None:
    company.stop_events()
    company.days(4)
    company.world.double.api.log.reset()
    company.world.sweep()
    assert company.calls("GET /v1/balance_transactions") == 0
    assert company.world.ports.queues.sent == [
        BalanceJob(company.organization, BalanceTask.PAYOUT, company.payout().id)
    ]


def test_a_run_without_time_for_payouts_leaves_them_to_the_next_run(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.stop_events()
    company.days(4)
    with monkeypatch.context() as patch:
        patch.setattr(reconcile, "RUN_FOR", 0)
        assert company.world.sweep().payouts is None
    assert company.world.ports.connections.get(company.organization).sweep.payouts_due
    payouts_swept = company.world.sweep(objects=False).payouts
    company.world.work()
    assert payouts_swept is not None
    assert payouts_swept.missed == 1
    assert company.payout().tied_out
