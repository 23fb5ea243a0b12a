"""A payout of thousands of lines is read page by page, goes on where it stopped, and costs what its pages cost."""

from __future__ import annotations

from contextlib import suppress

import pytest

from chalicelib.domain.errors import AccountUnreachable, PayoutNotItemized, Retryable, StripeUnavailable
from chalicelib.ports.messages import BalanceJob
from chalicelib.usecases.payouts import read_payout
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.usecases.payouts.company import HOUR, TRANSACTIONS, Company, changed
from tests.world import World

CONSTANT = 1
"""Calls of Stripe besides the pages: the payout itself."""


def paid_out(company: Company, lines: int) -> str:
    """Returns the id of a payout of so many lines that Stripe can list, and of which no event arrives."""
    company.deaf()
    for number in range(lines):
        company.world.double.adjust(company.account, number % 90 + 10)
    made = company.world.double.pay_out(company.account)
    company.pause(HOUR)
    company.world.ports.queues.take()
    company.world.double.api.log.reset()
    return str(made["id"])


def pages(lines: int) -> int:
    """Returns how many pages Stripe lists of a payout of so many lines: its own transaction is among them."""
    return -(-(lines + 1) // 100)


@pytest.mark.parametrize("lines", [1, 99, 100, 350])
def test_a_payout_costs_one_call_for_each_hundred_lines_and_one_more(lines: int, company: Company) -> None:
    payout_id = paid_out(company, lines)
    company.read(payout_id)
    assert (company.payout().tied_out, len(company.lines(company.payout()))) == (True, lines)
    assert company.calls(TRANSACTIONS) == pages(lines)
    assert sum(company.world.stripe_calls().values()) == pages(lines) + CONSTANT


def test_five_thousand_lines_are_read_in_one_run(company: Company) -> None:
    payout_id = paid_out(company, 5_000)
    company.world.while_waiting = company.world.ports.clock.sleep
    company.world.double.order_fault("delay", path="/v1/*", count=1_000, seconds=0.5)
    done = company.read(payout_id)
    assert done is not None
    assert (done.payout.itemized.lines, done.payout.tied_out) == (5_000, True)
    assert sum(company.world.stripe_calls().values()) == pages(5_000) + CONSTANT


def test_twenty_thousand_lines_are_continued_by_another_run_where_the_first_one_stopped(company: Company) -> None:
    payout_id = paid_out(company, 20_000)
    company.world.while_waiting = company.world.ports.clock.sleep
    company.world.double.order_fault("delay", path="/v1/*", count=10_000, seconds=1.5)
    began = company.world.ports.clock.now()

    assert company.read(payout_id) is None, "the rest is left to another run"
    first_took = company.world.ports.clock.now() - began
    [job] = company.world.ports.queues.take()
    assert isinstance(job, BalanceJob)
    half_read = company.payout()
    assert (half_read.itemized, half_read.tied_out) == (None, None)
    done = company.read(job.stripe_id)

    assert read_payout.RUN_FOR <= first_took < 300, "the function has 300 seconds"
    assert done is not None
    assert (done.payout.itemized.lines, done.payout.tied_out, done.payout.listed_until) == (20_000, True, None)
    assert sum(company.world.stripe_calls().values()) <= pages(20_000) + 1 + 2 * CONSTANT


def test_a_page_that_fails_in_the_middle_costs_no_page_that_was_remembered(company: Company) -> None:
    payout_id = paid_out(company, 2_950)
    failing = 25
    company.world.double.order_fault("error_before", path="/v1/balance_transactions", skip=failing, count=10)
    with pytest.raises(StripeUnavailable):
        company.read(payout_id)
    company.world.double.clear_faults()
    assert company.payout().listed_until is not None
    company.world.double.api.log.reset()

    company.read(payout_id)

    assert (company.payout().tied_out, len(company.lines(company.payout()))) == (True, 2_950)
    remembered = failing // read_payout.REMEMBERED_EVERY * read_payout.REMEMBERED_EVERY
    assert company.calls(TRANSACTIONS) == pages(2_950) - remembered


def test_a_worker_may_be_killed_at_any_moment_and_the_payout_ties_out_in_the_end(world: World) -> None:
    company = Company.connected(world)
    payout_id = paid_out(company, 250)
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


def test_lines_of_payments_are_beside_them_whenever_a_worker_was_killed(world: World) -> None:
    company = Company.connected(world)
    invoices = [company.paid("100.00") for _ in range(3)]
    company.wait(60)
    company.deaf()
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


def test_two_workers_at_once_store_the_lines_of_one(company: Company) -> None:
    payout_id = paid_out(company, 250)
    stripe, read = company.world.ports.stripe, []

    def another_reads(transaction: object) -> object:
        if not read:
            read.append(payout_id)
            company.world.ports.stripe = stripe
            company.read(payout_id)
        return transaction

    changed(company.world, another_reads)  # type: ignore[arg-type]
    company.read(payout_id)
    assert (company.payout().tied_out, len(company.lines(company.payout()))) == (True, 250)


def test_access_that_is_revoked_in_the_middle_keeps_what_was_read_and_marks_the_connection(company: Company) -> None:
    payout_id = paid_out(company, 350)
    pages_read: list[object] = []

    def revoking(transaction: object) -> object:
        pages_read.append(transaction)
        if len(pages_read) == 150:
            company.world.double.revoke(company.account)
        return transaction

    stripe = company.world.ports.stripe
    changed(company.world, revoking)  # type: ignore[arg-type]
    with pytest.raises(AccountUnreachable):
        company.read(payout_id)
    company.world.ports.stripe = stripe
    assert not company.world.ports.connections.get(company.organization).active
    assert company.payout().itemized is None
    company.read(payout_id)
    assert company.payout().itemized is None, "nobody asks Stripe for it any more"

    company.world.connect(account=company.account)
    company.world.sweep()
    company.world.work()

    assert (company.payout().tied_out, len(company.lines(company.payout()))) == (True, 350)


def test_a_payout_whose_lines_stripe_refuses_to_list_stays_without_lines_and_is_not_asked_for_again(
    company: Company,
) -> None:
    payout_id = paid_out(company, 10)

    def refusing(_: object) -> object:
        raise PayoutNotItemized("stripe_refused", "Balance transaction history can only be filtered on automatic.")

    changed(company.world, refusing)  # type: ignore[arg-type]
    assert company.read(payout_id) is None
    assert (company.payout().itemized, company.payout().fact.amount) == (None, company.in_stripe()[0]["amount"])


def test_a_queue_that_does_not_answer_has_the_event_delivered_again(company: Company) -> None:
    company.paid("100.00")
    company.wait(60)
    company.world.ports.queues.failure = Retryable("queue_unavailable", "The work could not be queued.")
    company.pause(2 * 86400 + HOUR)
    assert company.payouts() == []
    company.world.ports.queues.failure = None
    company.world.sweep()
    company.world.work()
    assert company.payout().tied_out
