"""Verifying a connection on the whole stack: test invoice, webhook setup, abandoned connects, check list."""

from __future__ import annotations

import threading

from infra.demo.http import Response, request
from infra.local.stack import LocalStack
from tests.e2e.company import Company, connected_in_stripe, eventually, refused
from tests.e2e.passing_time import abandon


def test_a_test_invoice_verifies_the_connection_and_leaves_nothing_behind(company: Company) -> None:
    before = company.holdings()[0], company.member.get("/summary")

    answer = company.admin.call("POST", "/stripe/connection/test")

    assert answer.status == 200, answer.text
    assert answer.json["ok"], answer.text
    assert [each["step"] for each in answer.json["steps"]][-1] == "clean_up"
    company.all_delivered()
    assert (company.holdings()[0], company.member.get("/summary")) == before
    tests = [each for each in company.in_stripe() if "pom_connection_test" in each["metadata"]]
    assert [each["status"] for each in tests] == ["void"]
    assert company.member.get("/stripe/connection")["lastTestedAt"]
    refused(company.office.call("POST", "/stripe/connection/test"), 403, "role_missing")


def test_a_member_reads_the_steps_of_a_connection_test_while_it_runs(company: Company) -> None:
    company.fault("delay", "POST", "/v1/invoices/*/finalize", seconds=2)
    answers: list[Response] = []
    testing = threading.Thread(target=lambda: answers.append(company.admin.call("POST", "/stripe/connection/test")))

    testing.start()
    first_report = eventually(
        lambda: company.member.get("/stripe/connection/test"),
        lambda seen: seen["ok"] is None and len(seen["steps"]) == 3,
        "the drafted test invoice",
    )
    testing.join()

    assert (first_report["finishedAt"], first_report["steps"][-1]["step"]) == (None, "draft")
    assert answers[0].json["ok"], answers[0].text
    assert answers[0].json["steps"][:3] == first_report["steps"]
    final_report = company.member.get("/stripe/connection/test")
    assert (final_report["ok"], final_report["steps"]) == (True, answers[0].json["steps"])
    assert final_report["finishedAt"] > final_report["startedAt"] == first_report["startedAt"]


def test_the_connection_test_of_an_account_that_may_not_take_payments_fails_with_a_next_step(
    stack: LocalStack,
) -> None:
    company = Company(stack, charges_enabled=False).connect()

    answer = company.admin.call("POST", "/stripe/connection/test")

    assert (answer.status, answer.json["ok"]) == (200, False)
    assert "business verification" in answer.json["steps"][0]["nextStep"]


def test_the_schedule_checks_the_webhook_endpoint(company: Company) -> None:
    company.stack.fire("resume_stuck")

    webhook = company.member.get("/stripe/connection")["webhook"]

    assert webhook["healthy"] is True, webhook
    assert webhook["checkedAt"]


def test_an_access_that_nobody_completed_is_revoked(stack: LocalStack) -> None:
    newcomer = Company(stack)
    url, state = newcomer.begin()
    request("GET", newcomer.owner.decides(url, "grant").headers["Location"])
    stack.fire("resume_stuck")
    assert connected_in_stripe(newcomer), "it can still be completed"
    abandon(stack, state)

    stack.fire("resume_stuck")

    assert not connected_in_stripe(newcomer)
    assert stack.fire("resume_stuck")["abandoned"] == 0
    newcomer.connect()
    assert newcomer.member.get("/stripe/connection")["status"] == "connected"


def test_a_refresh_compares_the_account_immediately(company: Company) -> None:
    answer = company.office.call("POST", "/stripe/connection/refresh")

    assert answer.status == 202, answer.text
    connection = eventually(
        lambda: company.member.get("/stripe/connection"),
        lambda seen: seen["lastSync"] is not None and seen["lastSync"]["at"] >= answer.json["askedAt"],
        "the comparison",
    )
    assert connection["lagSeconds"] < 60


def test_the_check_list_counts_customers_without_an_address(stack: LocalStack) -> None:
    company = Company(stack).connect()
    company.customer("cust_without", email=None)

    items = eventually(
        lambda: {each["id"]: each for each in company.member.get("/stripe/connection/checklist")["data"]},
        lambda seen: "cust_without" in seen["customer_emails"]["detail"],
        "the index",
    )

    assert "cust_without" in items["customer_emails"]["detail"]
    assert items["connected"]["done"] is True


def test_a_customer_can_be_sent_to_stripe_again(company: Company) -> None:
    again = company.office.call("POST", "/customers/cust_1/sync")

    assert (again.status, again.json["syncStatus"]) == (202, "pending")
    eventually(
        lambda: company.office.get("/customers/cust_1"), lambda seen: seen["syncStatus"] == "synced", "the sync"
    )
