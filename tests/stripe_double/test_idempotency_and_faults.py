"""Idempotency keys, rate limits and ordered faults."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import stripe

from infra.stripe_double import DAY, Clock, Config, InProcessClient, StripeDouble


@pytest.fixture
def keyed(company: Any) -> Any:
    return {**company.opts, "idempotency_key": f"key-{company.account}"}


def raised(call: Any, *args: Any) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as caught:
        call(*args)
    return caught.value


def customers(company: Any) -> int:
    return len(company.double.ledger(company.account)["objects"].get("customer", []))


def test_a_repeated_key_replays_the_first_response(company: Any, keyed: Any) -> None:
    first = company.v1.customers.create({"name": "Ann"}, keyed)
    second = company.v1.customers.create({"name": "Ann"}, keyed)

    assert first.id == second.id
    assert customers(company) == 1
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"


def test_a_key_with_other_parameters_or_another_path_is_refused(company: Any, keyed: Any) -> None:
    customer = company.v1.customers.create({"name": "Ann"}, keyed)

    for error in (
        raised(company.v1.customers.create, {"name": "Bob"}, keyed),
        raised(company.v1.customers.update, customer.id, {"name": "Ann"}, keyed),
    ):
        assert isinstance(error, stripe.IdempotencyError)
        assert error.http_status == 400
    assert customers(company) == 1


def test_a_key_expires_after_a_day_and_then_creates_a_duplicate(company: Any, keyed: Any) -> None:
    first = company.v1.customers.create({"name": "Ann"}, keyed)
    company.double.advance(DAY - 10)
    within = company.v1.customers.create({"name": "Ann"}, keyed)
    company.double.advance(20)
    after = company.v1.customers.create({"name": "Ann"}, keyed)

    assert (within.id == first.id, after.id == first.id) == (True, False)


def test_two_accounts_may_use_the_same_key(company: Any, keyed: Any) -> None:
    other = {**keyed, "stripe_account": company.double.create_account()["id"]}

    assert (
        company.v1.customers.create({"name": "A"}, keyed).id != company.v1.customers.create({"name": "B"}, other).id
    )


def test_refused_parameters_are_not_stored_but_refused_states_are(company: Any, keyed: Any) -> None:
    raised(company.v1.customers.create, {"nmae": "Ann"}, keyed)
    assert company.v1.customers.create({"name": "Ann"}, keyed).name == "Ann"

    invoice = company.draft()
    opts = {**keyed, "idempotency_key": f"void-{company.account}"}
    raised(company.v1.invoices.void_invoice, invoice.id, None, opts)
    company.v1.invoices.add_lines(invoice.id, {"lines": [{"amount": 500}]}, company.opts)
    company.v1.invoices.finalize_invoice(invoice.id, None, company.opts)
    again = raised(company.v1.invoices.void_invoice, invoice.id, None, opts)
    assert again.headers["idempotent-replayed"] == "true"
    assert company.get(invoice).status == "open"


def test_a_500_after_execution_is_stored_and_replayed(company: Any, keyed: Any) -> None:
    company.double.order_fault("error_after", path="/v1/customers")

    first = raised(company.v1.customers.create, {"name": "Ann"}, keyed)
    second = raised(company.v1.customers.create, {"name": "Ann"}, keyed)

    assert (first.http_status, second.http_status) == (500, 500)
    assert second.headers["idempotent-replayed"] == "true"
    assert customers(company) == 1


def test_a_lost_response_is_replayed_under_its_key(company: Any, keyed: Any) -> None:
    company.double.order_fault("close_after", path="/v1/customers")

    assert isinstance(raised(company.v1.customers.create, {"name": "Ann"}, keyed), stripe.APIConnectionError)
    again = company.v1.customers.create({"name": "Ann"}, keyed)

    assert customers(company) == 1
    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_a_fault_before_execution_changes_nothing(company: Any, keyed: Any) -> None:
    company.double.order_fault("close_before")
    company.double.order_fault("error_before")

    assert isinstance(raised(company.v1.customers.create, {"name": "Ann"}, keyed), stripe.APIConnectionError)
    assert raised(company.v1.customers.create, {"name": "Ann"}, keyed).http_status == 500
    assert customers(company) == 0
    assert company.v1.customers.create({"name": "Ann"}, keyed).name == "Ann"


def test_the_sdks_own_retries_make_one_customer(company: Any, server: Any) -> None:
    client = stripe.StripeClient(
        company.double.config.platform_key_test, base_addresses={"api": server.url}, max_network_retries=2
    )
    client._requestor._client._sleep_time_seconds = lambda *_: 0.0  # type: ignore[union-attr]
    company.double.order_fault("close_after", method="POST", path="/v1/customers")

    client.v1.customers.create({"name": "Ann"}, company.opts)

    assert customers(company) == 1


def test_a_concurrent_request_with_the_same_key_is_a_409() -> None:
    arrived, release, waited = threading.Event(), threading.Event(), []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        arrived.set()
        assert release.wait(10)

    double = StripeDouble(Config(), clock=Clock.frozen(), sleep=wait)
    v1: Any = stripe.StripeClient(double.config.platform_key_test, http_client=InProcessClient(double)).v1
    account = double.create_account()["id"]
    opts = {"stripe_account": account, "idempotency_key": "same"}
    double.order_fault("delay", path="/v1/customers", seconds=3)
    slow = threading.Thread(target=v1.customers.create, args=({"name": "Ann"}, opts))
    slow.start()
    assert arrived.wait(10)

    error = raised(v1.customers.create, {"name": "Ann"}, opts)
    release.set()
    slow.join(10)

    assert (error.http_status, error.error.code, waited) == (409, "idempotency_key_in_use", [3])
    assert len(double.ledger(account)["objects"]["customer"]) == 1
    assert v1.customers.create({"name": "Ann"}, opts).last_response.headers["idempotent-replayed"] == "true"


def test_a_fault_applies_only_to_matching_requests(company: Any) -> None:
    draft = company.draft(500)
    company.double.order_fault(
        "error_before", method="POST", path="/v1/invoices/*/finalize", skip=1, account=company.account
    )

    company.v1.invoices.finalize_invoice(draft.id, None, company.opts)
    other = company.draft(500)

    assert raised(company.v1.invoices.finalize_invoice, other.id, None, company.opts).http_status == 500
    assert company.v1.invoices.finalize_invoice(other.id, None, company.opts).status == "open"


def test_lock_timeouts_and_conflicts_look_like_stripes(company: Any) -> None:
    company.double.order_fault("lock_timeout")
    company.double.order_fault("lock_timeout", status=409)
    company.double.order_fault("conflict")

    first, second, third = (raised(company.v1.customers.create, {}, company.opts) for _ in range(3))

    assert (first.http_status, first.error.code) == (429, "lock_timeout")
    assert first.headers["Stripe-Should-Retry"] == "true"
    assert "Stripe-Rate-Limited-Reason" not in first.headers
    assert (second.http_status, third.http_status) == (409, 409)


@pytest.mark.parametrize(
    ("rates", "reason"), [({"endpoint_rate": 3}, "endpoint-rate"), ({"global_rate": 3}, "global-rate")]
)
def test_a_rate_limit_refuses_requests_until_the_doubles_clock_moves(company: Any, rates: Any, reason: str) -> None:
    company.double.set_rates(**rates)
    for _ in range(3):
        company.customer()

    error = raised(company.v1.customers.create, {}, company.opts)

    assert isinstance(error, stripe.RateLimitError)
    assert error.headers["stripe-rate-limited-reason"] == reason
    company.double.advance(1)
    assert company.customer().id


def test_the_rate_limit_of_one_endpoint_does_not_limit_others(company: Any) -> None:
    company.double.set_rates(endpoint_rate=1)
    company.customer()

    assert isinstance(raised(company.v1.customers.create, {}, company.opts), stripe.RateLimitError)
    assert company.v1.customers.list(None, company.opts).data


def test_requests_are_counted_by_route(alone: Any) -> None:
    invoice = alone.open()
    alone.double.api.log.reset()

    alone.v1.invoices.send_invoice(invoice.id, None, alone.opts)
    alone.v1.invoices.send_invoice(invoice.id, None, alone.opts)
    raised(alone.v1.customers.retrieve, "search_me", None, alone.opts)

    assert alone.double.api.log.counts() == {"GET /v1/customers/{id}": 1, "POST /v1/invoices/{id}/send": 2}
    entry = alone.double.api.log.entries()[0]
    assert (entry["account"], entry["status"], entry["replayed"]) == (alone.account, 200, False)


def test_declines_and_refused_states_tell_the_sdk_not_to_retry(company: Any) -> None:
    invoice = company.open()
    declined = raised(company.v1.invoices.pay, invoice.id, {"payment_method": "pm_card_chargeDeclined"}, company.opts)
    refused = raised(company.v1.invoices.finalize_invoice, invoice.id, None, company.opts)

    assert (declined.http_status, declined.headers["Stripe-Should-Retry"]) == (402, "false")
    assert (refused.http_status, refused.headers["Stripe-Should-Retry"]) == (400, "false")


def test_other_responses_have_no_should_retry_header(company: Any) -> None:
    company.double.order_fault("error_before")
    company.double.order_fault("rate_limit")
    broken, limited = (raised(company.v1.customers.create, {}, company.opts) for _ in range(2))
    unknown = raised(company.v1.customers.create, {"nmae": "Ann"}, company.opts)
    missing = raised(company.v1.customers.retrieve, "cus_none", None, company.opts)

    assert [e.http_status for e in (broken, limited, unknown, missing)] == [500, 429, 400, 404]
    for error in (broken, limited, unknown, missing):
        assert "Stripe-Should-Retry" not in error.headers
    assert "Stripe-Should-Retry" not in company.customer().last_response.headers
