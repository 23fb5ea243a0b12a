"""Payouts and fees that no event told of are found by the sweep, and are told of."""

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
    """A company whose payouts have been swept before, with a paid invoice that no deposit has yet."""
    company = Company.connected(world)
    company.world.sweep()
    company.paid("100.00")
    company.wait(60)
    return company


def swept(company: Company) -> PayoutsSwept:
    """Returns what a run finds; workers do what it queues."""
    found = company.world.sweep().payouts
    assert found is not None
    company.world.work()
    return found


def test_payouts_of_which_every_webhook_was_lost_are_read_by_one_run(company: Company) -> None:
    company.deaf()
    company.days(4)
    done = company.world.sweep()
    company.world.work()
    assert company.payout().tied_out
    assert done.recovered > 0
    assert done.payouts is not None
    assert (done.payouts.found, done.payouts.missed) == (1, 0), "events told of it, and they count already"


def test_payouts_of_which_stripe_made_no_event_are_found_and_counted_as_missed(company: Company) -> None:
    company.silent()
    company.days(4)
    assert swept(company) == PayoutsSwept(found=1, missed=1, queued=1)
    assert company.payout().tied_out
    sweep = company.world.ports.connections.get(company.organization).sweep
    assert sweep.latest is not None
    assert (sweep.latest.payouts, sweep.latest.clean, sweep.recovered) == (1, False, 1)
    assert sweep.corrected == 0, "no invoice was corrected"


def test_a_payout_that_failed_and_no_event_told_of_it_is_found(company: Company) -> None:
    company.days(4)
    company.silent()
    company.world.double.fail_payout(company.account, company.payout().id)
    company.pause(HOUR)
    assert swept(company).missed == 1
    assert company.payout().fact.status == "failed"


def test_a_run_that_finds_nothing_costs_one_call_for_all_payouts_and_writes_none_of_them(company: Company) -> None:
    for _ in range(5):
        company.paid("100.00")
        company.days(1)
    company.days(6)
    swept(company)
    company.days(1)
    swept(company)
    before = dict(company.world.ports.database.payouts)
    company.world.double.api.log.reset()
    assert swept(company) == PayoutsSwept()
    assert company.calls("GET /v1/payouts") == 1
    assert [name for name in company.world.stripe_calls() if "balance" in name or "payouts/{id}" in name] == []
    assert company.world.ports.database.payouts == before
    assert len(before) > 3


def test_a_payout_whose_reading_died_is_read_by_the_next_run(company: Company) -> None:
    company.days(2)
    company.pause(DAY)
    company.world.ports.queues.take()
    assert company.payout().itemized is None
    assert swept(company).queued == 1
    assert company.payout().tied_out


def test_a_payout_without_lines_for_an_hour_counts_as_one_that_does_not_tie_out(company: Company) -> None:
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


def test_a_new_connection_brings_in_ninety_days_of_payouts_within_minutes(world: World) -> None:
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
    assert sweep.latest.payouts == 0, "what was there before the connection was not missed"


def test_a_new_connection_whose_first_message_was_lost_gets_its_payouts_with_the_next_plan(world: World) -> None:
    account = world.account(payout_schedule="daily")
    world.double.outside_charge(account, 10_000)
    world.advance(5 * DAY)
    company = Company(world, StripeAccountId(world.connect(account=account)))
    world.ports.queues.take()
    world.advance(600)
    plan_reconciliation(world.ports)
    world.work()
    assert company.payout().tied_out


def test_an_account_that_was_connected_before_payouts_were_kept_gets_ninety_days_once(world: World) -> None:
    account = world.account(payout_schedule="daily")
    company = Company(world, StripeAccountId(world.connect(account=account)))
    world.work()
    connection = world.ports.connections.get(company.organization)
    world.ports.connections.save(replace(connection, sweep=replace(connection.sweep, payouts_swept_at=0)))
    company.silent()
    world.double.outside_charge(account, 10_000)
    world.advance(80 * DAY)
    assert swept(company).found == 1
    assert company.payout().tied_out


def test_a_company_that_reconnects_after_a_long_time_gets_the_payouts_of_the_gap(company: Company) -> None:
    company.days(4)
    swept(company)
    connect.disconnect(company.organization, ADMIN, company.world.ports)
    company.world.double.outside_charge(company.account, 5_000)
    company.world.advance(60 * DAY)
    company.world.connect(account=company.account)
    company.world.work()
    assert [payout.tied_out for payout in company.payouts()] == [True, True]


@pytest.fixture
def returning(company: Company) -> tuple[Company, list[Invoice]]:
    """A company that connected another account, for 100 days, while its money was on its way from the former one.

    The first invoice's money was in a payout that POM knew as under way; the second one's was paid out later.
    """
    world, former = company.world, company.account
    company.days(1)
    company.pause(DAY)
    world.work()
    under_way = next(invoice for invoice in world.ports.database.invoices.values())
    later = company.paid("50.00")
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


def test_a_company_that_returns_to_its_former_account_is_told_where_its_money_of_that_time_went(
    returning: tuple[Company, list[Invoice]],
) -> None:
    company, invoices = returning
    company.world.work()
    assert [payout.fact.status for payout in company.payouts()] == ["paid", "paid"]
    assert all(payout.tied_out for payout in company.payouts())
    assert [company.deposits(each) for each in invoices] == [[("arrived", payout.id)] for payout in company.payouts()]


def test_a_run_that_dies_in_the_middle_of_such_a_gap_leaves_none_of_it_out(
    returning: tuple[Company, list[Invoice]], monkeypatch: pytest.MonkeyPatch
) -> None:
    company, _ = returning
    monkeypatch.setattr(sweep_payouts, "PAGE", 1)
    keep, kept = sweep_payouts.store_payout, []

    def dies_at_the_second(*args: Any) -> Payout:
        kept.append(args)
        if len(kept) == 2:
            raise StripeUnavailable("stripe_unreachable", "No answer.", answered=False)
        return keep(*args)

    with monkeypatch.context() as patched:
        patched.setattr(sweep_payouts, "store_payout", dies_at_the_second)
        with pytest.raises(StripeUnavailable):
            company.world.sweep()
    company.world.sweep()
    company.world.work()
    assert [payout.fact.status for payout in company.payouts()] == ["paid", "paid"]
    assert all(payout.tied_out for payout in company.payouts())


def test_a_payout_that_was_under_way_for_longer_than_the_list_reaches_is_asked_for_by_its_id(
    company: Company,
) -> None:
    company.days(4)
    swept(company)
    old = company.payout()
    company.silent()
    company.days(40)
    swept(company)
    stored = company.payout()
    under_way = replace(stored, fact=replace(old.fact, status="in_transit", as_of=old.fact.created))
    company.world.ports.payouts.save(under_way)
    company.world.double.api.log.reset()
    found = swept(company)
    assert (found.found, company.calls("GET /v1/payouts/{id}")) == (1, 1)
    assert company.payout().fact.status == "paid"
    company.world.double.api.log.reset()
    assert swept(company).found == 0
    assert company.calls("GET /v1/payouts/{id}") == 0


def test_payments_older_than_the_first_ninety_days_get_their_fees_and_their_payouts(world: World) -> None:
    company = Company.connected(world)
    by_payout = company.paid("100.00")
    company.pause(60)
    company.world.ports.queues.take()
    for _ in range(12):
        company.pause(10 * DAY)
        company.world.ports.queues.take()
    connection = world.ports.connections.get(company.organization)
    world.ports.connections.save(replace(connection, sweep=replace(connection.sweep, payouts_swept_at=0)))
    assert company.row(by_payout).fee_pending
    swept(company)
    assert not company.row(by_payout).fee_pending
    assert company.deposits(by_payout) == [("arrived", company.payout().id)]


def test_old_payments_that_stripe_paid_out_by_hand_get_their_fees(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_payouts, "FEES_AT_ONCE", 2)
    company = Company(world, StripeAccountId(world.connect(account=world.account(payout_schedule="manual"))))
    world.customer()
    world.work()
    invoices = []
    for _ in range(5):
        invoices.append(company.paid("100.00"))
        company.pause(60)
    company.pause(120 * DAY)
    world.ports.queues.take()
    connection = world.ports.connections.get(company.organization)
    world.ports.connections.save(replace(connection, sweep=replace(connection.sweep, payouts_swept_at=0)))
    swept(company)
    assert not any(company.row(each).fee_pending for each in invoices)
    assert world.ports.connections.get(company.organization).sweep.payouts_swept_at > 0


# Fees


def test_a_fee_that_no_event_brought_is_read_by_the_sweep_after_an_hour(world: World) -> None:
    company = Company.connected(world)
    company.world.sweep()
    company.world.double.set_delivery(never_generate=["charge.updated"])
    invoice = company.paid("100.00")
    company.pause(1800)
    assert swept(company).fees == 0, "the event may still come"
    company.pause(1801)
    company.world.double.api.log.reset()
    assert swept(company).fees == 1
    assert company.row(invoice).settlements[0].transaction.fee == 320
    company.world.double.api.log.reset()
    assert swept(company).fees == 0
    assert company.calls("GET /v1/payment_intents/{id}") == 0


def test_more_fees_than_one_run_reads_are_read_by_the_next_run_which_follows_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_payouts, "FEES_AT_ONCE", 2)
    company = Company.connected(world)
    world.double.set_delivery(never_generate=["charge.updated"])
    invoices = []
    for _ in range(5):
        invoices.append(company.paid("100.00"))
        company.pause(60)
    company.pause(2 * HOUR)
    done = world.sweep()
    assert done.payouts is not None
    assert (done.payouts.fees, done.goes_on, done.payouts.finished) == (2, True, False)
    world.work()
    assert not any(company.row(each).fee_pending for each in invoices)
    sweep = world.ports.connections.get(company.organization).sweep
    assert (sweep.fees_before, sweep.payouts_due) == (None, False)


def test_fees_that_stripe_does_not_know_yet_do_not_keep_runs_busy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_payouts, "FEES_AT_ONCE", 1)
    company = Company.connected(world)
    company.silent()
    for _ in range(3):
        company.paid("100.00")
    company.deaf()
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


def test_fees_are_asked_for_at_a_pace_that_stripe_allows(world: World) -> None:
    company = Company.connected(world)
    world.double.set_delivery(never_generate=["charge.updated"])
    for _ in range(10):
        company.paid("10.00")
    company.pause(2 * HOUR)
    began = world.ports.clock.milliseconds()
    assert swept(company).fees == 10
    assert world.ports.clock.milliseconds() - began >= 9 * 500


def test_a_run_that_fails_after_it_has_found_payouts_is_made_again_and_loses_nothing(company: Company) -> None:
    company.silent()
    company.days(4)
    company.world.double.order_fault("error_before", path="/v1/payouts", count=10)
    with pytest.raises(StripeUnavailable):
        company.world.sweep()
    company.world.double.clear_faults()
    assert swept(company).missed == 1
    assert company.payout().tied_out


def test_the_sweep_asks_a_worker_for_lines_and_reads_none_itself(company: Company) -> None:
    company.silent()
    company.days(4)
    company.world.double.api.log.reset()
    company.world.sweep()
    assert company.calls("GET /v1/balance_transactions") == 0
    assert company.world.ports.queues.sent == [
        BalanceJob(company.organization, BalanceTask.PAYOUT, company.payout().id)
    ]


def test_a_run_that_has_no_time_left_for_payouts_leaves_them_to_the_next_one(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.silent()
    company.days(4)
    with monkeypatch.context() as patched:
        patched.setattr(reconcile, "RUN_FOR", 0)
        assert company.world.sweep().payouts is None
    assert company.world.ports.connections.get(company.organization).sweep.payouts_due
    found = company.world.sweep(objects=False).payouts
    company.world.work()
    assert found is not None
    assert found.missed == 1
    assert company.payout().tied_out
