"""Tests payouts of thousands of lines: POM reads them page by page, continues where a run stopped, and pays only for
the pages.
"""

from __future__ import annotations

from contextlib import suppress

import pytest

from chalicelib.domain.errors import AccountUnreachable, PayoutNotItemized, Retryable, StripeUnavailable
from chalicelib.ports.messages import BalanceJob
from chalicelib.usecases.payouts import read_payout
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.usecases.payouts.company import HOUR, TRANSACTIONS, Company, change_payout_lines
from tests.world import World

CALLS_BESIDES_PAGES = 1
"""Calls of Stripe besides the pages: one for the payout."""


def undelivered_payout_id(company: Company, lines: int) -> str:
    """Returns the id of a payout with this many lines. None of its events arrives."""
    company.lose_webhooks()
    for number in range(lines):
        company.world.double.adjust(company.account, number % 90 + 10)
    payout = company.world.double.pay_out(company.account)
    company.pause(HOUR)
    company.world.ports.queues.take()
    company.world.double.api.log.reset()
    return str(payout["id"])


def page_count(lines: int) -> int:
    """Returns the number of pages that Stripe lists for a payout of this many lines. The payout's own transaction is
    one more line.
    """
    return -(-(lines + 1) // 100)


@pytest.mark.parametrize("lines", [1, 99, 100, 350])
def test_a_payout_costs_one_call_for_each_hundred_lines_and_one_more(lines: int, company: Company) -> None:
    payout_id = undelivered_payout_id(company, lines)
    company.read(payout_id)
    assert (company.payout().tied_out, len(company.lines(company.payout()))) == (True, lines)
    assert company.calls(TRANSACTIONS) == page_count(lines)
    assert sum(company.world.stripe_calls().values()) == page_count(lines) + CALLS_BESIDES_PAGES


def test_five_thousand_lines_are_read_in_one_run(company: Company) -> None:
    payout_id = undelivered_payout_id(company, 5_000)
    company.world.while_waiting = company.world.ports.clock.sleep
    company.world.double.order_fault("delay", path="/v1/*", count=1_000, seconds=0.5)
    result = company.read(payout_id)
    assert result is not None
    assert (result.payout.itemized.lines, result.payout.tied_out) == (5_000, True)
    assert sum(company.world.stripe_calls().values()) == page_count(5_000) + CALLS_BESIDES_PAGES


def test_a_second_run_continues_twenty_thousand_lines_where_the_first_stopped(company: Company) -> None:
    payout_id = undelivered_payout_id(company, 20_000)
    company.world.while_waiting = company.world.ports.clock.sleep
    company.world.double.order_fault("delay", path="/v1/*", count=10_000, seconds=1.5)
    began = company.world.ports.clock.now()

    assert company.read(payout_id) is None, "the remaining lines are left to another run"
    first_seconds = company.world.ports.clock.now() - began
    [job] = company.world.ports.queues.take()
    assert isinstance(job, BalanceJob)
    payout_after_first_run = company.payout()
    assert (payout_after_first_run.itemized, payout_after_first_run.tied_out) == (None, None)
    result = company.read(job.stripe_id)

    assert read_payout.RUN_FOR <= first_seconds < 300, "the function has 300 seconds"
    assert result is not None
    assert (result.payout.itemized.lines, result.payout.tied_out, result.payout.listed_until) == (20_000, True, None)
    assert sum(company.world.stripe_calls().values()) <= page_count(20_000) + 1 + 2 * CALLS_BESIDES_PAGES


def test_after_a_failed_page_the_stored_pages_are_not_read_again(company: Company) -> None:
    payout_id = undelivered_payout_id(company, 2_950)
    failing_page = 25
    company.world.double.order_fault("error_before", path="/v1/balance_transactions", skip=failing_page, count=10)
    with pytest.raises(StripeUnavailable):
        company.read(payout_id)
    company.world.double.clear_faults()
    assert company.payout().listed_until is not None
    company.world.double.api.log.reset()

    company.read(payout_id)

    assert (company.payout().tied_out, len(company.lines(company.payout()))) == (True, 2_950)
    stored_pages = failing_page // read_payout.REMEMBERED_EVERY * read_payout.REMEMBERED_EVERY
    assert company.calls(TRANSACTIONS) == page_count(2_950) - stored_pages


def test_a_payout_ties_out_wherever_its_worker_was_killed(world: World) -> None:
    company = Company.connected(world)
    payout_id = undelivered_payout_id(company, 250)
    with_all = count_calls(world)
    company.read(payout_id)
    expected, calls = company.payout().itemized, len(with_all.calls)
    assert expected is not None
    for fatal in range(calls):
        for after in (False, True):
            stop_counting(world)
            world.ports.database.payouts.clear()
            world.ports.database.payout_lines.clear()
            count_calls(world, fatal=fatal, after=after)
            with suppress(ProcessKilled):
                company.read(payout_id)
            stop_counting(world)
            company.read(payout_id)
            assert company.payout().itemized == expected, (fatal, after)
            assert len(company.lines(company.payout())) == 250


def test_payment_rows_have_their_settlements_wherever_a_worker_was_killed(world: World) -> None:
    company = Company.connected(world)
    invoices = [company.paid_invoice("100.00") for _ in range(3)]
    company.wait(60)
    company.lose_webhooks()
    company.pause(3 * 86400)
    payout_id = company.in_stripe()[0]["id"]
    settlements = {key: dict(each) for key, each in world.ports.database.settlements.items()}
    calls = count_calls(world).calls
    company.read(payout_id)
    for fatal in range(len(calls)):
        stop_counting(world)
        world.ports.database.payouts.clear()
        world.ports.database.payout_lines.clear()
        world.ports.database.settlements.clear()
        world.ports.database.settlements.update({key: dict(each) for key, each in settlements.items()})
        count_calls(world, fatal=fatal, after=True)
        with suppress(ProcessKilled):
            company.read(payout_id)
        stop_counting(world)
        company.read(payout_id)
        assert {company.row(each).settlements[0].payout_id for each in invoices} == {payout_id}, fatal


def test_two_simultaneous_workers_store_each_line_once(company: Company) -> None:
    payout_id = undelivered_payout_id(company, 250)
    stripe, reads = company.world.ports.stripe, []

    def read_with_other_worker(transaction: object) -> object:
        if not reads:
            reads.append(payout_id)
            company.world.ports.stripe = stripe
            company.read(payout_id)
        return transaction

    change_payout_lines(company.world, read_with_other_worker)  # type: ignore[arg-type]
    company.read(payout_id)
    assert (company.payout().tied_out, len(company.lines(company.payout()))) == (True, 250)


def test_a_payout_interrupted_by_revoked_access_is_read_after_a_reconnect(company: Company) -> None:
    payout_id = undelivered_payout_id(company, 350)
    transactions: list[object] = []

    def revoke_after_150(transaction: object) -> object:
        transactions.append(transaction)
        if len(transactions) == 150:
            company.world.double.revoke(company.account)
        return transaction

    stripe = company.world.ports.stripe
    change_payout_lines(company.world, revoke_after_150)  # type: ignore[arg-type]
    with pytest.raises(AccountUnreachable):
        company.read(payout_id)
    company.world.ports.stripe = stripe
    assert not company.world.ports.connections.get(company.organization).active
    assert company.payout().itemized is None
    company.read(payout_id)
    assert company.payout().itemized is None, "a disconnected account is not read"

    company.world.connect(account=company.account)
    company.world.sweep()
    company.world.work()

    assert (company.payout().tied_out, len(company.lines(company.payout()))) == (True, 350)


def test_a_payout_whose_lines_stripe_refuses_to_list_stays_without_lines(
    company: Company,
) -> None:
    payout_id = undelivered_payout_id(company, 10)

    def refuse(_: object) -> object:
        raise PayoutNotItemized("stripe_refused", "Balance transaction history can only be filtered on automatic.")

    change_payout_lines(company.world, refuse)  # type: ignore[arg-type]
    assert company.read(payout_id) is None
    assert (company.payout().itemized, company.payout().fact.amount) == (None, company.in_stripe()[0]["amount"])


def test_a_payout_event_that_could_not_be_queued_is_recovered_by_the_sweep(company: Company) -> None:
    company.paid_invoice("100.00")
    company.wait(60)
    company.world.ports.queues.failure = Retryable("queue_unavailable", "The work could not be queued.")
    company.pause(2 * 86400 + HOUR)
    assert company.payouts() == []
    company.world.ports.queues.failure = None
    company.world.sweep()
    company.world.work()
    assert company.payout().tied_out
