"""Eight customers imported and billed in bulk, over HTTP, queues and tables."""

from __future__ import annotations

import base64
from collections import Counter
from typing import Any

from infra.local.stack import LocalStack
from tests.e2e.company import Company, eventually, refused, send_bytes

CUSTOMERS = 8


def finished_batch(company: Company, path: str) -> Any:
    """Returns the batch or import once no item is queued."""
    return eventually(
        lambda: company.office.get(f"{path}?first=100"),
        lambda seen: seen["status"] == "completed",
        f"{path} completed",
    )


def service(number: int, name: str = "november") -> dict[str, Any]:
    service_name = {"customerId": f"cust_{number}", "serviceId": f"{name}_{number}", "description": "Weekly cleaning"}
    return {**service_name, "quantity": 4, "unitPrice": "75.00"}


def test_customers_are_imported_and_billed_once_each(stack: LocalStack) -> None:
    company = Company(stack, livemode=False).connect()
    rows = [{"id": f"cust_{n}", "firstName": "Ann", "email": f"owner{n}@example.com"} for n in range(CUSTOMERS)]
    rows[7]["email"] = "nowhere"
    imported = company.office.call("POST", "/customer-imports", {"customers": rows}, idempotency_key="move-in")
    assert imported.status == 202, imported.text
    report = finished_batch(company, f"/customer-imports/{imported.json['id']}")
    assert report["counts"] == {"queued": 0, "created": CUSTOMERS - 1, "updated": 0, "unchanged": 0, "failed": 1}
    assert report["rows"][7]["error"]["field"] == "email"

    body = {"services": [service(n, name) for name in ("october", "november") for n in range(CUSTOMERS)]}
    batch = company.office.call("POST", "/invoice-batches", body, idempotency_key="november")
    assert batch.status == 202, batch.text
    again = company.office.call("POST", "/invoice-batches", body, idempotency_key="november")
    assert (again.status, again.json["id"]) == (202, batch.json["id"])
    shown = finished_batch(company, f"/invoice-batches/{batch.json['id']}")
    assert shown["counts"] == {
        "queued": 0,
        "created": 0,
        "sent": CUSTOMERS - 1,
        "failed": 1,
        "heldBack": 0,
        "cancelled": 0,
    }
    assert shown["items"][7]["error"]["code"] == "customer_not_found"

    company.customer("cust_7", "found@example.com")
    retry_response = company.office.call("POST", f"/invoice-batches/{batch.json['id']}/retry")
    assert (retry_response.status, retry_response.json["counts"]["queued"]) == (202, 1)
    shown = finished_batch(company, f"/invoice-batches/{batch.json['id']}")
    assert shown["counts"]["sent"] == CUSTOMERS
    company.all_delivered()
    billed_services = Counter(each["customer"] for each in company.in_stripe())
    assert len(billed_services) == CUSTOMERS
    assert set(billed_services.values()) == {1}
    invoice = company.becomes(shown["items"][0]["invoiceId"], status="pending")
    assert invoice["total"] == "600.00"
    assert [each["id"] for each in company.office.get("/invoice-batches")["data"]] == [batch.json["id"]]


def in_dashboard(company: Company, stripe_id: str, change: str) -> None:
    """Changes these fields of a draft in Stripe's dashboard."""
    key = base64.b64encode(f"sk_test_{company.account_id}:".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/x-www-form-urlencoded"}
    answer = send_bytes("POST", f"{company.stack.urls.stripe}/v1/invoices/{stripe_id}", change.encode(), headers)
    assert answer.status == 200, answer.text


def mails(company: Company) -> list[Any]:
    return list(company.double("GET", f"ledger/{company.account_id}")["mails"])


def test_a_reviewed_batch_is_sent_and_each_invoice_that_was_not_sent_has_its_reason(stack: LocalStack) -> None:
    company = Company(stack, livemode=False).connect()
    rows = [{"id": f"cust_{n}", "firstName": "Ann", "email": f"owner{n}@example.com"} for n in range(CUSTOMERS)]
    imported = company.office.call("POST", "/customer-imports", {"customers": rows})
    finished_batch(company, f"/customer-imports/{imported.json['id']}")
    body = {"services": [service(n) for n in range(CUSTOMERS)], "send": False}
    batch = company.office.call("POST", "/invoice-batches", body, idempotency_key="november")
    invoice = f"/invoice-batches/{batch.json['id']}"
    made = finished_batch(company, invoice)
    assert made["counts"]["created"] == CUSTOMERS
    company.all_delivered()
    drafts = [item["invoiceId"] for item in made["items"]]

    company.office.call("POST", f"/invoices/{drafts[0]}/void")
    changed_draft = company.invoice(drafts[1])["dashboardUrl"].rsplit("/", 1)[1]
    in_dashboard(company, changed_draft, "description=Pay+at+the+gate.")
    company.office.call("PUT", "/customers/cust_2", {"firstName": "Ann"})
    with company.unchanged():
        refused(company.member.call("POST", f"{invoice}/send"), 403, "role_missing")
    send_response = company.office.call("POST", f"{invoice}/send", idempotency_key="go")
    assert send_response.status == 202, send_response.text
    report = finished_batch(company, invoice)
    assert (report["counts"]["sent"], report["counts"]["heldBack"]) == (CUSTOMERS - 3, 3)
    codes = [item["error"]["code"] for item in report["items"][:3]]
    assert codes == ["draft_deleted", "changed_in_stripe", "customer_email_missing"]
    assert len(mails(company)) == CUSTOMERS - 3
    assert company.office.call("POST", f"{invoice}/send", idempotency_key="go").json["counts"] == report["counts"]

    company.customer("cust_2", "found@example.com")
    assert company.office.call("POST", f"{invoice}/send").json["counts"]["queued"] == 3
    report = finished_batch(company, invoice)
    assert (report["counts"]["sent"], report["counts"]["heldBack"]) == (CUSTOMERS - 2, 2)
    assert len(mails(company)) == CUSTOMERS - 2


def test_an_invalid_batch_is_refused_as_a_whole_with_a_message_about_batches(company: Company) -> None:
    with company.unchanged():
        repeated = company.office.call("POST", "/invoice-batches", {"services": [service(1), service(1)]})
        refused(repeated, 422, "service_repeated", "services[1].serviceId")
        refused(
            company.office.call("POST", "/customer-imports", {"customers": []}),
            422,
            "import_size_invalid",
            "customers",
        )
        refused(company.member.call("POST", "/invoice-batches", {"services": []}), 403, "role_missing")
