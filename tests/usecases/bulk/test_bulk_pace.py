"""Tests the pace of bulk work: close to Stripe's limits, and never throttled. `make bench` measures the
pace at full size.
"""

from __future__ import annotations

import pytest

from chalicelib.domain.batch import ItemStatus
from chalicelib.domain.pacing import GOOD_RUN, LANES, SLOWEST, Pace, full_rate
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.bulk.batches import send_drafts
from chalicelib.usecases.bulk.bill_many import bill_many
from tests.usecases.bulk.company import Company, bill_all
from tests.world import OFFICE, ORGANIZATION

ENDPOINT_RATE, GLOBAL_RATE, SANDBOX_RATE = 25, 100, 25
"""Requests a second (https://docs.stripe.com/rate-limits)."""


@pytest.mark.parametrize(("number", "latency"), [(60, 0.03), (20, 0.4)], ids=["fast_responses", "slow_responses"])
def test_bulk_billing_is_never_throttled_and_does_not_delay_invoices_made_by_hand(
    number: int, latency: float
) -> None:
    company = Company(latency=latency)
    company.customers(number)
    company.double.set_rates(endpoint_rate=ENDPOINT_RATE, global_rate=GLOBAL_RATE)
    company.double.api.log.reset()
    batch = bill_many(bill_all(number), company.ports)
    began, waiting_times = company.time.now, []

    def office() -> None:
        """Creates invoices by hand, about two a second."""
        for each in range(10_000):
            company.time.sleep(company.rng.expovariate(2))
            requested_at = company.time.now
            invoice = company.invoice(f"by_hand_{each}", customer_id="cust_1")
            assert invoice.status is InvoiceStatus.PENDING
            waiting_times.append(company.time.now - requested_at)

    company.time.begin(office)
    company.play(lambda: company.is_completed(batch))
    seconds = company.time.now - began
    print(f"\n{number} invoices in {seconds:.0f} s, at most {company.busiest_second()} a second of one kind")
    print(f"meanwhile {len(waiting_times)} by hand, each within {max(waiting_times):.1f} s")
    assert company.throttled_at() == []
    assert company.batch(batch).counts == {ItemStatus.SENT: number}
    assert company.busiest_second() <= 20
    assert seconds < 20
    assert max(waiting_times) < 10 * latency


def test_sending_a_reviewed_batch_is_never_throttled() -> None:
    company = Company(latency=0.03)
    company.customers(80)
    batch = bill_many(bill_all(80, send=False, payment_terms="net_15"), company.ports)
    company.play(lambda: company.is_completed(batch))
    company.time.now += 3 * 86_400
    company.double.set_rates(endpoint_rate=ENDPOINT_RATE, global_rate=GLOBAL_RATE)
    company.double.api.log.reset()
    before, began = company.distant.request_count, company.time.now
    send_drafts(ORGANIZATION, batch.id, OFFICE, None, company.ports)
    company.play(lambda: company.is_completed(batch))
    seconds, requests = company.time.now - began, company.distant.request_count - before
    print(
        f"\n80 drafts sent in {seconds:.0f} s, {requests} requests, {company.busiest_second()} a second of one kind"
    )
    assert company.throttled_at() == []
    assert company.batch(batch).counts == {ItemStatus.SENT: 80}
    assert len(company.double.mails(company.account_id)) == 80
    assert company.busiest_second() <= 20
    assert requests <= 3 * 80, "each draft is read, gets a due date from today, and is sent"
    assert seconds < 15


def test_with_halved_limits_the_batch_slows_down_and_still_makes_every_invoice() -> None:
    company = Company(latency=0.03)
    company.customers(80)
    company.double.set_rates(endpoint_rate=ENDPOINT_RATE / 2, global_rate=GLOBAL_RATE / 2)
    batch = bill_many(bill_all(80), company.ports)
    began = company.time.now
    company.play(lambda: company.is_completed(batch))
    half = began + (company.time.now - began) / 2
    throttled_at = company.throttled_at()
    late = sum(at > half for at in throttled_at)
    print(
        f"\n{company.time.now - began:.0f} s, throttled {len(throttled_at)} times, {late} of them in the second half"
    )
    assert company.batch(batch).counts == {ItemStatus.SENT: 80}
    assert len(company.in_stripe(company.account_id)) == 80
    assert 0 < len(throttled_at) < 30, "of 400 requests"
    assert late <= 5, "the batch has slowed down by then"
    assert company.time.now - began < 30


def test_a_batch_in_a_sandbox_with_a_quarter_of_the_limit_is_never_throttled() -> None:
    company = Company(livemode=False, latency=0.03)
    company.customers(60)
    company.double.set_rates(endpoint_rate=ENDPOINT_RATE, global_rate=SANDBOX_RATE)
    batch = bill_many(bill_all(60), company.ports)
    company.play(lambda: company.is_completed(batch))
    assert company.throttled_at() == []
    assert company.batch(batch).counts == {ItemStatus.SENT: 60}


def test_two_batches_of_an_account_share_its_lanes() -> None:
    company = Company(latency=0.03)
    company.customers(40)
    company.double.set_rates(endpoint_rate=ENDPOINT_RATE, global_rate=GLOBAL_RATE)
    first = bill_many(bill_all(40), company.ports)
    second = bill_many(bill_all(40, key="december"), company.ports)
    company.play(lambda: company.is_completed(first) and company.is_completed(second))
    assert company.throttled_at() == []
    assert len(company.in_stripe(company.account_id)) == 80


def test_a_throttled_lane_slows_down_by_a_fifth_and_speeds_up_slowly() -> None:
    full = full_rate(livemode=True)
    assert full * LANES == 15_000
    pace = Pace(full).slowed()
    assert pace.rate == full * 4 // 5
    assert pace.interval >= Pace(full).interval * 5 // 4
    for _ in range(GOOD_RUN - 1):
        pace = pace.after_success(full)
    assert pace.rate == full * 4 // 5
    assert pace.after_success(full).rate == full * 4 // 5 + full // 20
    successes = GOOD_RUN - 1
    while pace.rate < full:
        pace, successes = pace.after_success(full), successes + 1
    assert successes == 200, "the rate rises by a twentieth after each 50 successful requests"
    assert pace.after_success(full).rate == full
    for _ in range(30):
        pace = pace.slowed()
    assert pace.rate == SLOWEST
