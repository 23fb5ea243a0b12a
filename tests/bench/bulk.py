"""Bulk billing in virtual time, against the double's rate limits: its distance to the floor, and the waiting time of
others.

The use cases, the gateway and Stripe's SDK are the real ones; the stores are in memory, and no webhooks are sent.
Virtual seconds depend only on paces and latencies, not on the machine.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from chalicelib.domain.batch import ItemStatus
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.bulk.bill_many import bill_many
from tests.bench.figures import TIMES, Figure, at_most, no_budget, percentile
from tests.usecases.bulk.company import Company, bill_all

CALLS = 5
"""The number of Stripe calls for one invoice of a customer that Stripe does not have yet. Each goes to a different
endpoint.
"""
ENDPOINT_RATE, ACCOUNT_RATE = 25.0, 100.0
"""The requests a second that Stripe accepts at one endpoint, and in total (https://docs.stripe.com/rate-limits)."""
ALLOWED = 20.0
"""The requests a second that POM sends to one endpoint at most."""
FAST, USUAL = 0.03, 0.3
"""The average seconds that Stripe takes for a request."""
BY_HAND_EVERY = 3.0
"""The average seconds between two invoices that a person creates by hand."""
WORKERS = 12
"""The number of Lambdas: one for each lane, and two that find no work."""
IDLE_FOR = 600
"""The virtual seconds in which a person creates invoices on an account without other activity."""


@dataclass(frozen=True, slots=True)
class Run:
    """The result of one batch, in virtual seconds; `by_hand` has the durations of the office's invoices during it."""

    number: int
    seconds: float
    halved_at: float | None
    asked: int
    throttled: int
    lost: int
    doubled: int
    by_hand: tuple[float, ...]


def floor(number: int, limit: float = 1.0) -> float:
    """Returns the fewest seconds for this number of invoices at Stripe's limits, or at a share of them."""
    return max(number / (ENDPOINT_RATE * limit), number * CALLS / (ACCOUNT_RATE * limit))


def measure() -> list[Figure]:
    """Runs each batch in its own process, the longest first."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        many = processes.submit(bill, 10_000, FAST, by_hand=True)
        thousand = processes.submit(bill, 1_000, FAST)
        halved = processes.submit(bill, 1_000, FAST, halve=True)
        slow = processes.submit(bill, 1_000, USUAL)
        alone = processes.submit(on_an_idle_account, FAST)
        return [
            *_at_the_limit(thousand.result(), FAST),
            *_at_the_limit(slow.result(), USUAL),
            *_at_the_limit(many.result(), FAST),
            *_halved(halved.result()),
            *_by_hand(many.result().by_hand, alone.result()),
        ]


def bill(number: int, latency: float, *, halve: bool = False, by_hand: bool = False) -> Run:
    """Bills that many customers. `halve` halves Stripe's limits once half of the customers are billed."""
    company = _company(latency)
    company.customers(number)
    batch = bill_many(bill_all(number), company.ports)
    began, halved_at = company.time.now, None
    waited: list[float] = []

    def done() -> bool:
        nonlocal halved_at
        if halve and halved_at is None and company.batch(batch).counts.get(ItemStatus.SENT, 0) >= number / 2:
            halved_at = company.time.now - began
            company.double.set_rates(endpoint_rate=ENDPOINT_RATE / 2, global_rate=ACCOUNT_RATE / 2)
        return company.completed_services(batch)

    if by_hand:
        company.time.begin(lambda: _make_by_hand(company, waited))
    with _without_sdk_objects():
        company.play(done, machines=WORKERS)
    billed = {item.invoice_id for item in company.items(batch) if item.status is ItemStatus.SENT}
    stands_for = [each["metadata"]["pom_invoice_id"] for each in company.in_stripe(company.account_id)]
    return Run(
        number=number,
        seconds=company.time.now - began,
        halved_at=halved_at,
        asked=company.distant.request_count,
        throttled=len(company.throttled_at()),
        lost=number - len(billed.intersection(stands_for)),
        doubled=len(stands_for) - len(set(stands_for)),
        by_hand=tuple(waited),
    )


def on_an_idle_account(latency: float) -> tuple[float, ...]:
    """Returns the durations of invoices that are created by hand on an account without other activity."""
    company, waited = _company(latency), list[float]()
    end = company.time.now + IDLE_FOR
    company.time.begin(lambda: _make_by_hand(company, waited))
    with _without_sdk_objects():
        company.play(lambda: company.time.now > end, machines=1)
    return tuple(waited)


def _without_sdk_objects() -> Any:
    """Returns a patch that builds none of the SDK's objects, which would take a third of the simulation's time.

    The code that bills reads only the response behind them.
    """

    def bare(resp: Any, **_: Any) -> Any:
        return SimpleNamespace(last_response=resp)

    return patch("stripe._api_requestor._convert_to_stripe_object", bare)


def _company(latency: float) -> Company:
    company = Company(latency=latency)
    company.customer("by_hand")
    company.invoice("before", customer_id="by_hand")  # from here on Stripe knows the customer
    company.double.set_rates(endpoint_rate=ENDPOINT_RATE, global_rate=ACCOUNT_RATE)
    company.distant.request_count = 0
    return company


def _make_by_hand(company: Company, waited: list[float]) -> None:
    """Creates and sends an invoice every few seconds, as a person in the office does."""
    while True:
        company.time.sleep(company.rng.expovariate(1 / BY_HAND_EVERY))
        asked = company.time.now
        made = company.invoice(f"by_hand_{len(waited)}", customer_id="by_hand")
        assert made.status is InvoiceStatus.PENDING
        waited.append(company.time.now - asked)


def _at_the_limit(run: Run, latency: float) -> list[Figure]:
    allowed, least = run.number / ALLOWED, floor(run.number)
    how = (
        f"virtual; {run.asked} requests, {latency * 1000:.0f} ms each; the floor: {allowed:.0f} s at {ALLOWED:.0f}/s"
        f" an endpoint, {least:.0f} s at Stripe's own 25/s an endpoint and 100/s an account"
    )
    name = f"{run.number:,} invoices in bulk, {latency * 1000:.0f} ms answers"
    return [
        no_budget(f"{name}: time", run.seconds, "s", how, ratio=run.seconds / max(allowed, least)),
        at_most(f"{name}: 429", run.throttled, 0, "", "Stripe's stated limits", is_count=True),
        at_most(f"{name}: lost or created twice", run.lost + run.doubled, 0, "", "items against invoices in Stripe",
                is_count=True),
    ]  # fmt: skip


def _halved(run: Run) -> list[Figure]:
    rest = run.seconds - (run.halved_at or 0)
    least = floor(run.number // 2, 0.5)
    how = (
        f"virtual; the second half, once Stripe's limits are halved; floor {least:.0f} s;"
        f" {run.throttled} times 429 of {run.asked} requests"
    )
    return [
        no_budget("limits halved in the middle: time of the remaining invoices", rest, "s", how, ratio=rest / least),
        at_most("limits halved in the middle: 429", run.throttled, 3 * run.asked // 100, "", "3 % of all requests",
                is_count=True),
        at_most("limits halved in the middle: lost or created twice", run.lost + run.doubled, 0, "",
                f"{run.number:,} items against invoices in Stripe", is_count=True),
    ]  # fmt: skip


def _by_hand(meanwhile: tuple[float, ...], alone: tuple[float, ...]) -> list[Figure]:
    figures = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        busy, idle = percentile(list(meanwhile), share), percentile(list(alone), share)
        how = f"virtual; {len(meanwhile)} made and sent during the 10,000; {idle * 1000:.0f} ms on an idle account"
        figures.append(at_most(f"an invoice by hand meanwhile, {name}", busy / idle, 1.5, TIMES, how))
    return figures
