"""Creating invoices over HTTP: large ones, repeated requests, and requests during failures of Stripe."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from infra.demo.http import Response
from tests.e2e.company import Company, eventually, order, refused
from tests.e2e.passing_time import end_pause

LINES = "/v1/invoices/*/add_lines"


@pytest.fixture(autouse=True)
def no_faults(company: Company) -> Iterator[None]:
    """Removes all faults before and after each test."""
    yield
    company.clear_faults()


def of_invoice(company: Company, invoice: Any) -> list[Any]:
    """Returns the Stripe invoices that have this invoice's id in their metadata."""
    return [each for each in company.in_stripe() if each["metadata"].get("pom_invoice_id") == invoice["id"]]


def test_an_invoice_can_have_250_lines(company: Company) -> None:
    before = len(company.calls())

    created = company.bill(*(f"many_{n}" for n in range(250)))

    assert created.status == 201, created.text
    assert (created.json["status"], created.json["total"], len(created.json["lineItems"])) == (
        "pending",
        "18750.00",
        250,
    )
    [invoice] = of_invoice(company, created.json)
    assert (invoice["total"], len(invoice["lines"]["data"])) == (1_875_000, 250)
    assert len(company.calls()) - before <= 6
    refused(company.bill("many_249"), 409, "service_already_billed", "lineItems[0].serviceId")


@pytest.mark.parametrize(
    ("currency", "price", "total", "minor"),
    [("jpy", "7500", "7500", 7500), ("kwd", "1.25", "1.250", 1250), ("eur", 10.1, "10.10", 1010)],
)
def test_amounts_have_the_decimals_of_their_currency(
    company: Company, currency: str, price: Any, total: str, minor: int
) -> None:
    line = {"serviceId": f"in_{currency}", "description": "Cleaning", "quantity": "1", "unitPrice": price}

    created = company.office.call("POST", "/invoices", order(currency=currency, lineItems=[line]))

    assert (created.status, created.json["total"]) == (201, total)
    assert [each["total"] for each in of_invoice(company, created.json)] == [minor]


def test_the_same_idempotency_key_and_order_return_the_same_invoice(company: Company) -> None:
    first = company.bill("again", key="again")
    company.all_delivered()
    calls, writes = len(company.calls()), company.invoice(first.json["id"])["updatedAt"]

    answers = [company.bill("again", key="again") for _ in range(3)]
    rewritten = company.office.call(
        "POST", "/invoices", {**order("again"), "send": True, "invoiceType": "stripe"}, idempotency_key="again"
    )

    assert {answer.json["id"] for answer in (*answers, rewritten)} == {first.json["id"]}
    assert {answer.status for answer in answers} == {201}
    assert len(company.calls()) == calls
    assert company.invoice(first.json["id"])["updatedAt"] == writes


def test_simultaneous_requests_with_one_key_create_one_invoice(company: Company) -> None:
    answers: list[Response] = []
    with_key = [threading.Thread(target=lambda: answers.append(company.bill("race", key="race"))) for _ in range(6)]
    for thread in with_key:
        thread.start()
    for thread in with_key:
        thread.join()

    assert {answer.status for answer in answers} <= {201, 202, 409}
    assert all(answer.json["error"]["code"] == "concurrent_change" for answer in answers if answer.status == 409)
    created = {answer.json["id"] for answer in answers if answer.status < 300}
    assert len(created) == 1
    invoice = company.becomes(created.pop(), status="pending")
    assert len(of_invoice(company, invoice)) == 1


def test_simultaneous_orders_for_one_service_bill_it_once(company: Company) -> None:
    answers: list[Response] = []
    threads = [threading.Thread(target=lambda: answers.append(company.bill("wanted"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    outcomes = Counter(answer.status for answer in answers)
    assert outcomes[201] == 1, outcomes
    assert set(outcomes) == {201, 409}
    service = [each for each in company.in_stripe() for line in each["lines"]["data"]
              if line["metadata"].get("pom_service_id") == "wanted"]  # fmt: skip
    assert len(service) == 1


@pytest.mark.parametrize("kind", ["close_before", "close_after", "conflict"])
def test_a_single_failure_of_stripe_does_not_fail_the_request(company: Company, kind: str) -> None:
    company.fault(kind, "POST", "/v1/invoices")

    created = company.bill(f"once_{kind}")

    assert (created.status, created.json["status"]) == (201, "pending")
    assert len(of_invoice(company, created.json)) == 1


FAILING = {
    "failing before the draft": ("error_before", "/v1/invoices", {"stored": True}),
    "failing after the draft": ("error_after", "/v1/invoices", {}),
    "failing with the lines": ("error_before", LINES, {"stored": True}),
    "failing after it sent": ("error_after", "/v1/invoices/*/send", {}),
    "silent when it sends": ("close_before", "/v1/invoices/*/send", {}),
    "throttling": ("rate_limit", "/v1/invoices", {}),
    "busy with the customer": ("lock_timeout", LINES, {}),
}


@pytest.mark.parametrize("how", FAILING)
def test_the_invoice_is_finished_when_stripe_is_available_again(company: Company, how: str) -> None:
    kind, path, services = FAILING[how]
    service = how.replace(" ", "_")
    company.fault(kind, "POST", path, count=3, **services)

    response = company.bill(service, key=service)
    company.clear_faults()

    assert response.status == 202
    assert response.json["status"] in ("creating", "pending"), "its webhook may be quicker than we are"
    again = company.bill(service, key=service)
    assert (again.status, again.json["id"]) == (202, response.json["id"])
    refused(company.bill(service), 409, "service_already_billed", "lineItems[0].serviceId")
    if response.json["status"] == "creating" and path != "/v1/invoices/*/send":
        refused(company.office.call("POST", f"/invoices/{response.json['id']}/void"), 409, "invoice_creating")

    end_pause(company.stack, company.organization_id, response.json["id"])
    company.stack.fire("resume_stuck")
    invoice = company.becomes(response.json["id"], status="pending")

    assert [each["status"] for each in of_invoice(company, invoice)] == ["open"]
    assert [each["total"] for each in of_invoice(company, invoice)] == [7500]
    mails = company.double("GET", f"mails/{company.account_id}")
    assert sum(invoice["number"] in mail["subject"] for mail in mails) == 1
    eventually(lambda: company.bill(service, key=service).status, lambda status: status == 201, "the end of the work")


def test_an_order_that_stripe_refuses_is_cancelled_completely(company: Company) -> None:
    twins = [company.owner.does("POST", "/customers", email="twin@example.com")["id"] for _ in range(2)]
    company.customer("cust_twin", email="twin@example.com")
    company.stack.wait_until_idle()

    with company.unchanged():
        refused(company.bill("twin", customerId="cust_twin"), 422, "customer_needs_choice", "customerId")

    assert company.office.get("/customers/cust_twin")["syncStatus"] == "needs_choice"
    chosen = {"email": "twin@example.com", "stripeCustomerId": twins[1]}
    assert company.office.call("PUT", "/customers/cust_twin", chosen).status == 200
    service = company.bill("twin", customerId="cust_twin")
    assert service.status == 201, "its service is free again"
    assert [each["customer"] for each in of_invoice(company, service.json)] == [twins[1]]


def test_an_amount_below_what_stripe_collects_is_refused(company: Company) -> None:
    """Stripe would move it to the customer's balance and call the invoice paid."""
    penny = {"serviceId": "penny", "description": "Almost free", "quantity": 1, "unitPrice": "0.01"}

    created = company.office.call("POST", "/invoices", order(lineItems=[penny]))

    refused(created, 422, "amount_below_minimum", "lineItems")
