"""The order of events and the dates of responses, which vary by generators of their own."""

from __future__ import annotations

import random
from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import stripe

from infra.stripe_double import Clock, Config, InProcessClient, StripeDouble
from tests.stripe_double.conftest import Company


def company_of(seed: int = 0, **settings: Any) -> Company:
    double = StripeDouble(Config(seed=seed, **settings), clock=Clock.frozen(), transport=lambda *_: 200)
    client = stripe.StripeClient(double.config.platform_key_test, http_client=InProcessClient(double))
    return Company(double, client, double.create_account()["id"])


def date_of(response: Any) -> float:
    return parsedate_to_datetime(response.last_response.headers["date"]).timestamp()


def orders(do: Any, expected_types: set[str]) -> Counter[tuple[str, ...]]:
    """Returns how often each order of the expected events occurs, over many invoices."""
    company, count_by_order = company_of(), Counter[tuple[str, ...]]()
    for _ in range(40):
        event_count = len(company.double.events(company.account))
        do(company, company.draft(1_000))
        types = [e["type"] for e in company.double.events(company.account)[event_count:]]
        count_by_order[tuple(t for t in types if t in expected_types)] += 1
    return count_by_order


def finalize(company: Company, draft: Any) -> None:
    company.v1.invoices.finalize_invoice(draft.id, None, company.opts)


def pay(company: Company, draft: Any) -> None:
    finalize(company, draft)
    company.pay(draft)


def cash(company: Company, draft: Any) -> None:
    finalize(company, draft)
    company.v1.invoices.pay(draft.id, {"paid_out_of_band": True}, company.opts)


@pytest.mark.parametrize(
    ("do", "usual", "other"),
    [
        (finalize, "payment_intent.created invoice.finalized", "payment_intent.created invoice.finalized"),
        (cash, "invoice.paid payment_intent.canceled", "payment_intent.canceled invoice.paid"),
        (
            pay,
            "charge.succeeded payment_intent.succeeded invoice_payment.paid",
            "invoice_payment.paid charge.succeeded payment_intent.succeeded",
        ),
    ],
)
def test_events_of_one_change_mostly_come_in_the_usual_order(do: Any, usual: str, other: str) -> None:
    found = orders(do, set(usual.split()))

    assert set(found) == {tuple(usual.split()), tuple(other.split())}
    assert found[tuple(usual.split())] > 20


def test_invoice_updated_usually_comes_before_invoice_finalized() -> None:
    company, first = company_of(), Counter[str]()
    for _ in range(40):
        draft = company.draft(1_000)
        event_count = len(company.double.events(company.account))
        finalize(company, draft)
        found = [e for e in company.double.events(company.account)[event_count:] if e["type"].startswith("invoice.")]
        assert {e["data"]["object"]["status"] for e in found} == {"open"}
        first[found[0]["type"]] += 1

    assert set(first) == {"invoice.updated", "invoice.finalized"}
    assert first["invoice.updated"] > first["invoice.finalized"] * 1.5


def test_each_event_shows_the_object_as_it_was_in_either_order() -> None:
    company = company_of()
    for _ in range(20):
        cash(company, company.draft(1_000))
        pay(company, company.draft(1_000))

    for event in company.double.events(company.account):
        shown = event["data"]["object"]
        if event["type"] in ("charge.succeeded", "payment_intent.succeeded", "payment_intent.canceled"):
            assert shown["status"] == event["type"].split(".")[1]
        if event["type"] in ("invoice_payment.paid", "invoice.paid"):
            assert shown["status"] == "paid"


def test_order_and_dates_repeat_with_the_seed_and_do_not_use_the_worlds_generator() -> None:
    def run(seed: int, **settings: Any) -> tuple[list[str], list[float], float]:
        rng = random.Random(1)
        double = StripeDouble(Config(seed=seed, **settings), clock=Clock.frozen(), rng=rng)
        client = stripe.StripeClient(double.config.platform_key_test, http_client=InProcessClient(double))
        company = Company(double, client, double.create_account()["id"])
        dates = [date_of(company.customer()) for _ in range(20)]
        for _ in range(20):
            pay(company, company.draft(1_000))
        return [e["type"] for e in double.events(company.account)], dates, rng.random()

    first, again, other, undated = run(1), run(1), run(2), run(1, date_lag=False)
    assert first == again
    assert first[:2] != other[:2]
    assert first[2] == other[2] == undated[2]
    assert sorted(first[0]) == sorted(other[0])


def test_most_responses_are_dated_a_second_or_more_after_their_objects() -> None:
    company = company_of()
    late = Counter(date_of(customer) - customer.created for customer in (company.customer() for _ in range(400)))

    assert set(late) <= set(range(9))
    assert 0.16 < late[0] / 400 < 0.32
    assert late[1] + late[2] + late[3] > 230
    assert max(late) > 3


def test_dates_can_follow_the_clock_alone() -> None:
    company = company_of(date_lag=False)

    assert {date_of(company.customer()) for _ in range(20)} == {company.double.clock.seconds()}


def slow(during: Any) -> tuple[Company, list[float]]:
    """A company whose double calls a function while it sleeps."""
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        during(company)

    double = StripeDouble(Config(date_lag=False), clock=Clock.frozen(), sleep=sleep)
    client = stripe.StripeClient(double.config.platform_key_test, http_client=InProcessClient(double))
    company = Company(double, client, double.create_account()["id"])
    return company, waited


def test_a_late_response_has_the_state_of_its_execution() -> None:
    company, waited = slow(lambda c: (c.double.advance(60), c.pay(invoice)))
    invoice = company.open()
    read = company.double.clock.seconds()
    company.double.order_fault("late", method="GET", path="/v1/invoices/*", seconds=60)

    found = company.get(invoice)

    assert (found.status, date_of(found), waited) == ("open", read + 60, [60])
    assert company.get(invoice).status == "paid"


def test_a_late_list_has_the_state_of_its_execution() -> None:
    company, _ = slow(lambda c: c.open())
    company.double.order_fault("late", method="GET", path="/v1/invoices", seconds=5)

    listed = company.v1.invoices.list(None, company.opts)

    assert listed.data == []
    assert date_of(listed) == company.double.clock.seconds() + 5
    assert len(company.v1.invoices.list(None, company.opts).data) == 1


def test_a_late_request_is_executed_at_once_and_its_key_replays_before_the_response_arrives() -> None:
    replays: list[Any] = []

    def again(company: Company) -> None:
        replays.append(company.v1.customers.create({"name": "Ann"}, keyed))

    company, waited = slow(again)
    keyed: Any = {**company.opts, "idempotency_key": "same"}
    company.double.order_fault("late", method="POST", path="/v1/customers", seconds=3)

    customer = company.v1.customers.create({"name": "Ann"}, keyed)

    assert [r.id for r in replays] == [customer.id]
    assert replays[0].last_response.headers["idempotent-replayed"] == "true"
    assert date_of(customer) == customer.created + 3 == date_of(replays[0]) + 3
    assert waited == [3]


def test_a_refusal_can_be_late_too() -> None:
    company, waited = slow(lambda c: None)
    company.double.order_fault("late", seconds=2)

    with pytest.raises(stripe.InvalidRequestError):
        company.v1.customers.retrieve("cus_none", None, company.opts)

    assert waited == [2]
