"""A draft is edited on the local stack, with the AWS permissions of the deployed functions."""

from __future__ import annotations

from infra.local.stack import LocalStack
from tests.e2e.company import Company, line


def test_a_service_removed_from_a_draft_can_be_billed_on_another_invoice(stack: LocalStack) -> None:
    company = Company(stack).connect()
    customer = company.customer("cust_edit")
    draft = company.bill("svc_edit_1", customerId=customer, send=False).json["id"]
    order = {
        "lineItems": [{**line("svc_edit_2"), "serviceDate": "2026-11-21"}],
        "deductions": [{"kind": "discount", "description": "Summer rebate", "amount": "5.00"}],
    }
    edited = company.office.call("PUT", f"/invoices/{draft}", order)
    assert (edited.status, edited.json["status"], edited.json["totalDifference"]) == (200, "draft", "0.00")
    assert [each["serviceId"] for each in edited.json["lineItems"]] == ["svc_edit_2"]
    assert company.bill("svc_edit_1", customerId=customer).status == 201
    assert company.bill("svc_edit_2", customerId=customer).json["error"]["code"] == "service_already_billed"
    sent = company.office.call("POST", f"/invoices/{draft}/send")
    assert (sent.status, sent.json["status"], sent.json["total"]) == (200, "pending", edited.json["total"])
