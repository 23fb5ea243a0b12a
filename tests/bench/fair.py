"""The load at which one organization starves another: of the API, of Lambda's executions, and of the workers.

The durations of requests and jobs come from the real handlers, over the embedded DynamoDB and the Stripe double.
`fair_edge` plays the loads in virtual time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.pacing import LANES
from chalicelib.functions import API_HANDLER, QUEUE_TRIGGERS
from infra.deploy.concurrency import DEFAULT_QUOTA, needed_executions
from infra.template.api import RATE
from tests.backends import aws_with_resources, table_backend
from tests.bench.bill import duration
from tests.bench.fair_edge import Edge, least_load, longest_wait, refused_share
from tests.bench.figures import Figure, at_least, at_most, no_budget
from tests.bench.stories_stage import Stage, running

NEW_ACCOUNT = 10
LANE_RATE = RATE / 4
SHARE = 0.25
"""The share of the capacity that one organization could use, under a limit within the function."""
SAVED = 5000
"""The number of customers that a company saves one by one, as fast as the API accepts them."""


@dataclass(frozen=True)
class Durations:
    """The duration of an execution in seconds, by kind of work."""

    page: float
    create: float
    customer_sync: float
    balance_jobs: float


def measure() -> list[Figure]:
    """Returns the figures of the API, and then those of the workers."""
    durations_by_work = durations()
    return [*_of_the_api(durations_by_work), *_of_the_workers(durations_by_work)]


def durations() -> Durations:
    """Returns the durations of the real handlers' requests and jobs, rounded to hundredths of a second."""
    with aws_with_resources(), running(table_backend()) as stage:
        for number in range(25):
            _ok(stage.office.put(f"/customers/cust_{number}", _person(number)))
        stage.settle()
        synced = _longest(stage, "customer_sync")
        made = [_ok(stage.office.post("/invoices", _order(number), headers={"Idempotency-Key": f"{number}"}))
                for number in range(25)]  # fmt: skip
        created = _longest(stage, API_HANDLER)
        stage.settle()
        stage.double.pay(stage.account_id, made[0]["dashboardUrl"].rsplit("/", 1)[1], "pm_card_visa")
        stage.settle()
        stage.advance(5)
        stage.settle()
        booked = _longest(stage, "balance_jobs")
        _ok(stage.office.get("/invoices?first=25"))
        return Durations(_longest(stage, API_HANDLER), created, synced, booked)


def _of_the_api(durations_by_work: Durations) -> Iterator[Figure]:
    stage, new = Edge(DEFAULT_QUOTA), Edge(NEW_ACCOUNT)
    for name, seconds in (
        ("a page of 25 invoices", durations_by_work.page),
        ("create and send", durations_by_work.create),
    ):
        how = f"{seconds:.2f} s each; a quota of {DEFAULT_QUOTA} executions; {RATE} a second for each method"
        least = least_load(stage, seconds)
        yield at_least(f"{name}: load at which another organization's requests are refused", least, 90, "/s", how)
        yield no_budget("  the same with prod's quota", least_load(Edge(needed_executions()), seconds), "/s",
                        f"a quota of {needed_executions()} executions")  # fmt: skip
        yield no_budget("  the same in a new account", least_load(new, seconds), "/s",
                        f"a quota of {NEW_ACCOUNT} executions")  # fmt: skip
    seconds = durations_by_work.page
    for load in (2 * RATE, 5 * RATE):
        share = 100 * refused_share(stage, load, seconds)
        yield no_budget(
            f"at {load} pages a second of one organization: refused requests of another",
            share,
            "%",
            "of two a second",
        )
        shared = 100 * refused_share(Edge(DEFAULT_QUOTA, share=SHARE), load, seconds)
        yield no_budget("  with shares in the function", shared, "%", "API Gateway refuses them first")
        lanes = 100 * refused_share(Edge(DEFAULT_QUOTA, lane_rate=LANE_RATE), load, seconds)
        yield at_most("  with keys of a usage plan, in two lanes", lanes, 1, "%", f"{LANE_RATE:g} a second for a key")
    together = -(-DEFAULT_QUOTA // round(RATE * durations_by_work.create))
    yield no_budget("methods that one organization must exhaust to take all executions", together, "",
                    f"each {RATE} times a second for {durations_by_work.create:.2f} s")  # fmt: skip


def _of_the_workers(durations_by_work: Durations) -> Iterator[Figure]:
    for worker, seconds in (
        ("customer_sync", durations_by_work.customer_sync),
        ("balance_jobs", durations_by_work.balance_jobs),
    ):
        workers = QUEUE_TRIGGERS[worker].concurrency
        how = f"{workers} workers at once, {seconds:.2f} s each"
        yield no_budget(
            f"{worker}: load at which another organization's work begins to wait", workers / seconds, "/s", how
        )
        waits = longest_wait(workers, seconds, SAVED, RATE)
        yield no_budget(f"  longest wait of another organization, {SAVED} jobs at {RATE} a second", waits, "s", how)
    bulk = QUEUE_TRIGGERS["batch_jobs"].concurrency
    yield at_least("companies in bulk at the same time, each at its own pace", bulk // LANES, 4, "",
                   f"{bulk} workers, {LANES} lanes a company; a fifth has all go at four fifths")  # fmt: skip


def _longest(stage: Stage, function: str) -> float:
    """Returns the duration of the function's longest invocation since the last call, in seconds."""
    longest = max(duration(each) for each in stage.invocations if each.function == function and not each.webhook)
    stage.invocations.clear()
    return max(0.01, round(longest, 2))


def _person(number: int) -> dict[str, Any]:
    return {"firstName": "Ann", "lastName": "Lee", "email": f"{number}@example.test"}


def _order(number: int) -> dict[str, Any]:
    line = {"serviceId": f"svc_{number}", "description": "Weekly cleaning", "quantity": 1, "unitPrice": "75.00"}
    return {"customerId": f"cust_{number}", "invoiceType": "stripe", "lineItems": [line]}


def _ok(answer: Any) -> Any:
    assert answer.status < 300, answer.text
    return answer.json
