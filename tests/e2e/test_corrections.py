"""An issued invoice is corrected over HTTP: its draft copy is previewed and sent."""

from __future__ import annotations

from infra.demo.http import request
from tests.e2e.company import Company, refused
from tests.e2e.passing_time import end_pause

VOID = "/v1/invoices/*/void"


def test_an_issued_invoice_is_corrected_previewed_and_sent_once(company: Company) -> None:
    issued = company.bill("correct_1", "correct_2").json
    refused(
        company.office.call("POST", f"/invoices/{issued['id']}/correct", {}), 409, "confirmation_missing", "confirmed"
    )

    copy = company.office.call("POST", f"/invoices/{issued['id']}/correct", {"confirmed": True})

    assert (copy.status, copy.json["status"], copy.json["total"]) == (201, "draft", issued["total"])
    company.becomes(issued["id"], status="void", correctedByInvoiceId=copy.json["id"])
    preview = company.office.get(f"/invoices/{copy.json['id']}/preview")
    assert (preview["total"], preview["warnings"]) == (issued["total"], [])
    sent = company.office.call("POST", f"/invoices/{copy.json['id']}/send")
    assert (sent.status, sent.json["status"]) == (200, "pending")
    refused(company.office.call("GET", f"/invoices/{copy.json['id']}/preview"), 409, "invoice_not_draft")


def test_a_browser_gets_the_preview_as_a_page(company: Company) -> None:
    draft = company.bill("page_1", send=False).json
    headers = {"Authorization": f"Bearer {company.token('user_member')}", "Accept": "text/html"}

    page = request("GET", f"{company.stack.urls.api}/v1/invoices/{draft['id']}/preview", headers=headers)

    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "DRAFT" in page.text


def test_a_correction_that_stripe_failed_resumes_automatically(company: Company) -> None:
    issued = company.bill("slow_1").json
    company.fault("error_before", "POST", VOID, count=3)

    copy = company.office.call("POST", f"/invoices/{issued['id']}/correct", {"confirmed": True})

    assert (copy.status, copy.json["status"]) == (202, "creating")
    company.clear_faults()
    end_pause(company.stack, company.organization_id, copy.json["id"])
    company.stack.fire("resume_stuck")
    company.becomes(copy.json["id"], status="draft", correctsInvoiceId=issued["id"])
    company.becomes(issued["id"], status="void")
