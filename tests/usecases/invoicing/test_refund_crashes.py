"""Tests crashes during refunds: Stripe makes each refund once, or POM says that it was refused."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, IntegrationError, Refused, StaleWrite
from chalicelib.domain.saga import KEY_TRUSTED_FOR, LEASE
from chalicelib.domain.timeline import timeline
from chalicelib.domain.timeline_entries import EntryKind
from chalicelib.usecases.connecting.freeze import freeze
from chalicelib.usecases.invoicing.resume_invoice import resume_invoice
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.usecases.invoicing.crashes import BEFORE_AND_AFTER, EACH_FAULT, GAPS, SOON, at_each_call, crash
from tests.usecases.invoicing.refunding import Company, interrupt, outward_calls
from tests.world import ADMIN, ORGANIZATION

REFUND = (
    "connections.get invoices.find_by_reference invoices.get connections.get stripe.everything invoices.save "
    "stripe.refund invoices.save"
).split()
"""Every outward call of a refund."""

RESUME = (
    "invoices.get connections.get invoices.save stripe.refunds_of stripe.refund invoices.save connections.get".split()
)
"""Every outward call of resuming a refund that Stripe has not made."""


def company_without_webhooks() -> Company:
    """Returns a company that receives no webhooks and whose account is not swept, so that POM must read Stripe
    itself.
    """
    company = Company()
    company.world.ports.queues.take()
    company.world.double.set_delivery(lose_rate=1.0)
    return company


def assert_refunded_once(company: Company) -> None:
    assert company.in_stripe == [2500]
    company.assert_settled()
    assert company.now.partially_refunded
    [entry] = [each for each in timeline(company.now) if each.kind is EntryKind.REFUNDED]
    assert (entry.actor, entry.amount) == (ADMIN, 2500)


def assert_refused(company: Company, reason: str) -> None:
    assert [order.refused for order in company.orders] == [reason]
    assert company.now.resume_at is None
    [entry] = [each for each in timeline(company.now) if each.kind is EntryKind.REFUND_REFUSED]
    assert (entry.actor, entry.amount, entry.reason, entry.by_pom) == (ADMIN, 2500, reason, True)


def test_the_list_of_outward_calls_is_complete() -> None:
    company = Company()
    assert outward_calls(lambda: company.refunds(amount="25"), company.world) == REFUND


def test_the_list_of_outward_calls_of_resuming_is_complete() -> None:
    company = company_without_webhooks()
    company.loses_the_answer("close_before", count=3)
    company.refunds(amount="25")
    company.world.advance(SOON)
    company.world.double.clear_faults()
    calls = outward_calls(
        lambda: resume_invoice(ORGANIZATION, company.invoice.id, company.world.ports), company.world
    )
    assert calls == RESUME[: len(calls)]
    assert_refunded_once(company)


@GAPS
@BEFORE_AND_AFTER
@pytest.mark.parametrize("make", [Company, company_without_webhooks], ids=["webhooks_arrive", "webhooks_are_lost"])
@at_each_call(REFUND)
def test_a_crash_at_any_boundary_ends_in_one_refund(number: int, make: type[Company], after: bool, gap: int) -> None:
    company = make()
    crash(company.world, number, lambda: company.refunds(amount="25"), after=after)
    company.recovers(gap)
    # The office received no response and repeats the request, which makes the refund or finds it.
    assert company.refunds(amount="25").fact is not None
    assert_refunded_once(company)


@BEFORE_AND_AFTER
@pytest.mark.parametrize("number", range(5, len(REFUND)))
def test_a_request_repeated_immediately_leaves_the_refund_to_the_first_request(number: int, after: bool) -> None:
    company = company_without_webhooks()
    crash(company.world, number, lambda: company.refunds(amount="25"), after=after)
    company.refunds(amount="25")
    assert len(company.in_stripe) <= 1
    company.recovers()
    assert company.refunds(amount="25").fact is not None
    assert_refunded_once(company)


@GAPS
@BEFORE_AND_AFTER
@pytest.mark.parametrize("number", range(len(RESUME) - 1))
def test_a_second_crash_while_resuming_still_ends_in_one_refund(number: int, after: bool, gap: int) -> None:
    company = company_without_webhooks()
    crash(company.world, REFUND.index("stripe.refund"), lambda: company.refunds(amount="25"), after=after)
    company.world.advance(gap)
    count_calls(company.world, fatal=number, after=after)
    with suppress(ProcessKilled):
        resume_invoice(ORGANIZATION, company.invoice.id, company.world.ports)
    stop_counting(company.world)
    company.recovers(gap)
    assert_refunded_once(company)


@GAPS
@pytest.mark.parametrize("count", [1, 4])
@EACH_FAULT
def test_a_failing_call_of_stripe_still_ends_in_one_refund(fault: dict[str, Any], count: int, gap: int) -> None:
    company = company_without_webhooks()
    company.loses_the_answer(**fault, count=count)
    company.refunds(amount="25")
    company.recovers(gap)
    assert_refunded_once(company)


def test_a_refund_whose_response_was_lost_has_no_stripe_facts_until_it_is_resumed() -> None:
    company = company_without_webhooks()
    company.loses_the_answer(count=4)
    refund = company.refunds(amount="25")
    assert refund.fact is None
    assert (refund.amount, refund.payment_id) == (2500, company.payment_id)
    assert company.now.resume_at == company.world.ports.clock.now() + 30
    company.recovers()
    assert company.refunds(amount="25").fact is not None
    assert_refunded_once(company)


def test_a_request_repeated_after_the_wait_resumes_the_refund_immediately() -> None:
    company = company_without_webhooks()
    company.loses_the_answer(count=4)
    company.refunds(amount="25")
    company.world.double.clear_faults()
    company.world.advance(31)
    assert company.refunds(amount="25").fact is not None
    assert_refunded_once(company)


@pytest.mark.parametrize("refund_exists", [False, True], ids=["not_made", "made"])
def test_after_a_day_pom_lists_refunds_before_it_repeats_the_request(refund_exists: bool) -> None:
    company = company_without_webhooks()
    company.loses_the_answer("close_after" if refund_exists else "close_before", count=4)
    company.refunds(amount="25")
    company.world.double.clear_faults()
    company.world.advance(KEY_TRUSTED_FOR + 2 * 3600)
    boundaries = count_calls(company.world)
    company.world.resume()
    stop_counting(company.world)
    assert boundaries.stripe == (["refunds_of"] if refund_exists else ["refunds_of", "refund"])
    assert_refunded_once(company)


def test_a_pending_refund_counts_as_refunded_for_other_requests() -> None:
    company = company_without_webhooks()
    company.loses_the_answer("close_before", count=4)
    company.refunds(amount="50")
    with pytest.raises(Refused) as refusal:
        company.refunds("another", amount="25.01")
    assert refusal.value.code == "refund_exceeds_payment"
    assert "25.00 USD is left" in refusal.value.message
    company.world.double.clear_faults()
    assert company.refunds("rest").amount == 2500
    company.recovers()
    assert sorted(company.in_stripe) == [2500, 5000]
    company.assert_settled()


def test_a_resumed_refund_that_exceeds_the_remaining_amount_is_refused() -> None:
    company = company_without_webhooks()
    company.loses_the_answer("close_before", count=4)
    company.refunds(amount="25")
    company.world.double.clear_faults()
    company.refunds_in_dashboard(6000)
    company.world.advance(SOON)
    boundaries = count_calls(company.world)
    company.world.resume()
    stop_counting(company.world)
    assert "refund" not in boundaries.stripe
    assert company.in_stripe == [6000]
    assert_refused(company, "refund_exceeds_payment")


def test_a_resumed_refund_of_a_payment_disputed_meanwhile_is_refused() -> None:
    company = Company()
    company.loses_the_answer("close_before", count=4)
    company.refunds(amount="25")
    company.world.double.clear_faults()
    charge = company.world.in_stripe(company.account, "charge")[-1]["id"]
    company.world.double.open_dispute(company.account, charge)
    company.recovers()
    assert company.in_stripe == []
    assert_refused(company, "refund_of_disputed_payment")


def test_a_refusal_after_the_response_is_on_the_timeline_and_needs_a_new_key() -> None:
    """A repeated request returns only the outcome of the first request."""
    company = company_without_webhooks()
    company.loses_the_answer("close_before", count=4)
    company.refunds(amount="25")
    company.world.double.clear_faults()
    company.world.double.update_account(company.account, covers_refunds=False)
    company.recovers()
    assert_refused(company, "refund_exceeds_balance")
    company.world.double.update_account(company.account, covers_refunds=True)
    with pytest.raises(Conflict) as refusal:
        company.refunds(amount="25")
    assert (refusal.value.code, company.in_stripe) == ("refund_refused", [])
    assert company.refunds("again", amount="25").fact is not None
    assert company.in_stripe == [2500]


def test_repeating_a_refund_that_exceeds_the_remaining_amount_returns_the_reason() -> None:
    company = company_without_webhooks()
    company.loses_the_answer("close_before", count=4)
    company.refunds(amount="25")
    company.world.double.clear_faults()
    company.refunds_in_dashboard(6000)
    company.world.advance(SOON)
    with pytest.raises(Refused) as refusal:
        company.refunds(amount="25")
    assert refusal.value.code == "refund_exceeds_payment"
    assert_refused(company, "refund_exceeds_payment")


def test_a_refund_waits_while_the_connection_is_revoked_and_finishes_after_a_reconnect() -> None:
    company = company_without_webhooks()
    company.loses_the_answer(count=4)
    company.refunds(amount="25")
    company.world.double.clear_faults()
    company.world.double.revoke(company.account)
    company.recovers()
    assert not company.world.ports.connections.get(ORGANIZATION).active
    assert [order.refund_id for order in company.orders] == [None]
    company.world.connect(account=company.account)
    company.world.ports.queues.take()
    company.recovers()
    assert_refunded_once(company)


def test_a_refund_waits_while_the_organization_is_not_connected() -> None:
    company = company_without_webhooks()
    company.loses_the_answer("close_before", count=4)
    company.refunds(amount="25")
    company.world.double.clear_faults()
    connection = company.world.ports.connections.get(ORGANIZATION)
    company.world.ports.connections.save(connection.disconnected("by the company", company.world.ports.clock.now()))
    company.recovers()
    assert company.in_stripe == []
    assert [order.open for order in company.orders] == [True]


def test_a_refund_without_a_response_resumes_while_invoicing_is_paused() -> None:
    company = company_without_webhooks()
    company.loses_the_answer("close_before", count=4)
    company.refunds(amount="25")
    company.world.double.clear_faults()
    freeze(ORGANIZATION, "ann", "Two invoices were made for one service.", company.world.ports)
    company.recovers()
    assert_refunded_once(company)


# Simultaneous requests


@at_each_call(REFUND)
def test_two_simultaneous_requests_with_one_key_make_one_refund(number: int) -> None:
    company = company_without_webhooks()
    interrupt(company.world, number, lambda: company.refunds(amount="25"))
    with suppress(StaleWrite):
        company.refunds(amount="25")
    stop_counting(company.world)
    assert company.refunds(amount="25").fact is not None
    assert_refunded_once(company)


@at_each_call(REFUND)
def test_two_simultaneous_requests_with_two_keys_never_exceed_the_payment(number: int) -> None:
    company = company_without_webhooks()
    refusals: list[IntegrationError] = []

    def rival() -> None:
        with suppress(Refused):
            company.refunds("rival", amount="50")

    interrupt(company.world, number, rival)
    try:
        company.refunds("once", amount="50")
    except Refused as refusal:
        refusals.append(refusal)
    stop_counting(company.world)
    company.recovers()
    assert company.in_stripe == [5000]
    assert len(company.orders) == 1
    assert {each.code for each in refusals} <= {"refund_exceeds_payment"}
    company.assert_settled()


@pytest.mark.parametrize(
    "keys", [["once"] * 6, [f"key-{number}" for number in range(6)]], ids=["one_key", "six_keys"]
)
def test_six_requests_in_six_threads_make_one_refund(keys: list[str]) -> None:
    company = company_without_webhooks()
    start = threading.Barrier(len(keys))

    def ask(key: str) -> None:
        start.wait()
        with suppress(Refused, StaleWrite):
            company.refunds(key, amount="50")

    threads = [threading.Thread(target=ask, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    company.recovers()
    assert company.in_stripe == [5000]
    assert len(company.orders) == 1
    company.assert_settled()


@GAPS
@pytest.mark.parametrize("fault", [{"kind": "close_before", "count": 4}, {"kind": "error_before", "stored": True}])
@pytest.mark.parametrize("number", range(6))
def test_two_workers_that_resume_one_order_make_one_refund(number: int, fault: dict[str, object], gap: int) -> None:
    """The first worker sleeps past its lease at this call, and the second worker resumes the order."""
    company = company_without_webhooks()
    company.loses_the_answer(**fault)  # type: ignore[arg-type]
    company.refunds(amount="25")
    company.world.double.clear_faults()
    company.world.advance(gap)

    def second_worker() -> None:
        company.world.advance(LEASE + 1)
        resume_invoice(ORGANIZATION, company.invoice.id, company.world.ports)

    interrupt(company.world, number, second_worker)
    with suppress(StaleWrite):
        resume_invoice(ORGANIZATION, company.invoice.id, company.world.ports)
    stop_counting(company.world)
    company.recovers()
    assert_refunded_once(company)


def test_a_lease_keeps_a_second_worker_away() -> None:
    company = company_without_webhooks()
    count_calls(company.world, fatal=REFUND.index("stripe.refund"), after=True)
    with pytest.raises(ProcessKilled):
        company.refunds(amount="25")
    boundaries = count_calls(company.world)
    resume_invoice(ORGANIZATION, company.invoice.id, company.world.ports)
    assert boundaries.stripe == []
