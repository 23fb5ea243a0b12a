"""`backfill` at the command line: it restores lost records, and prints how to resume after an interruption."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from infra.local.stack import LocalStack
from tests.e2e.company import Company, refused
from tests.ops.conftest import Operator
from tests.ops.test_commands import invoice_with_lost_events, stripe_id

QUICK = ("--since", "1d", "--rate", "20")


@pytest.fixture
def company(stack: LocalStack) -> Company:
    new_company = Company(stack).connect()
    new_company.customer()
    stack.wait_until_idle()
    return new_company


def counts(document: Any) -> dict[str, int]:
    [organization] = document["organizations"]
    return {name: count for name, count in organization.items() if name != "organization" and count}


def test_a_lost_record_comes_back_and_a_missed_payment_is_found(company: Company, operator: Operator) -> None:
    mine = company.organization_id
    lost_invoice, behind = company.bill("svc_lost").json, company.bill("svc_behind").json
    company.all_delivered()
    invoice_with_lost_events(company, behind)
    operator.sets("lose", mine, lost_invoice["id"])
    assert company.member.call("GET", f"/invoices/{lost_invoice['id']}").status == 404

    would = operator.asks("backfill", mine, *QUICK, "--dry-run")
    assert counts(would) == {"invoices": 2, "updated": 1, "recreated": 1}
    assert company.member.call("GET", f"/invoices/{lost_invoice['id']}").status == 404
    assert company.invoice(behind["id"])["status"] == "pending"

    backfilled = operator.asks("backfill", mine, *QUICK)
    assert counts(backfilled) == counts(would)
    assert {(each["invoice"], each["did"]) for each in backfilled["invoices"]} == {
        (lost_invoice["id"], "recreated"),
        (behind["id"], "updated"),
    }
    assert company.invoice(lost_invoice["id"])["status"] == "pending"
    assert company.invoice(behind["id"])["status"] == "paid"
    refused(company.bill("svc_lost"), 409, "service_already_billed", "lineItems[0].serviceId")
    again = operator.asks("backfill", "--all", *QUICK)
    assert {"organization": mine, "invoices": 2, "unchanged": 2} in [
        {name: value for name, value in each.items() if value} for each in again["organizations"]
    ]


def test_records_that_cannot_be_created_again_are_named_and_fail_the_command(
    company: Company, operator: Operator
) -> None:
    lost_invoice = company.bill("svc_twice").json
    company.all_delivered()
    operator.sets("lose", company.organization_id, lost_invoice["id"])
    again = company.bill("svc_twice").json
    result = operator.does("--json", "backfill", company.organization_id, *QUICK)
    assert result.status == 1
    assert f"svc_twice is on the invoice {again['number']} already" in result.err
    assert counts(result.json) == {"invoices": 2, "unchanged": 1, "not_recreated": 1}


def test_after_a_failure_of_stripe_the_command_prints_how_to_resume(company: Company, operator: Operator) -> None:
    first, second = company.bill("svc_first").json, company.bill("svc_second").json
    company.all_delivered()
    invoice_with_lost_events(company, first)
    invoice_with_lost_events(company, second)
    stripe_ids = [stripe_id(company, first), stripe_id(company, second)]
    order = [each["id"] for each in company.in_stripe() if each["id"] in stripe_ids]
    company.fault("error_before", "GET", f"/v1/invoices/{order[1]}", count=20)
    result = operator.does("--json", "backfill", company.organization_id, *QUICK)
    company.clear_faults()
    assert result.status == 1
    assert counts(result.json) == {"invoices": 2, "updated": 1}
    [failure] = result.json["failures"]
    assert "1 of 2 are done" in failure
    words = shlex.split(failure.partition("continue with: ./ops ")[2])
    assert words[-2:] == ["--after", order[0]]
    assert counts(operator.asks(*words)) == {"invoices": 1, "updated": 1}
    assert {company.invoice(each["id"])["status"] for each in (first, second)} == {"paid"}


def test_wrong_usage_is_refused_with_an_explanation(company: Company, operator: Operator) -> None:
    mine = company.organization_id
    assert operator.does("backfill", mine).status == 2
    assert operator.does("backfill", *QUICK).status == 2
    assert operator.does("backfill", "--all", *QUICK, "--after", "in_1").status == 2
    unknown = operator.does("backfill", mine, *QUICK, "--after", "in_1")
    assert (unknown.status, "in_1 is not one of the 0 invoices" in unknown.err) == (2, True)
    assert operator.does("backfill", "org_nobody", *QUICK).status == 1
