"""The id of a request is in every log line of its work, in the API and in the workers."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.company import Company, header


def log_lines(company: Company, part: str, **wanted: str | None) -> list[dict[str, Any]]:
    """Returns the log lines of a part of the stack that contain these ids."""
    text = (company.stack.state_dir / "logs" / f"{part}.log").read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith('{"level"')]
    return [line for line in lines if all(line.get(name) == value for name, value in wanted.items())]


def test_the_log_lines_of_queued_work_have_the_id_of_the_request_that_queued_it(company: Company) -> None:
    body = {"firstName": "Walter", "lastName": "Followed", "email": "walter@example.com"}
    response = company.office.call("PUT", "/customers/cust_followed", body)
    company.stack.wait_until_idle()
    request_id = header(response, "x-amzn-RequestId")
    [request_lines] = log_lines(company, "api", request_id=request_id)
    [worker_lines] = log_lines(company, "workers", request_id=request_id)
    assert request_lines["route"] == "PUT /v1/customers/{customerId}"
    assert (worker_lines["worker"], worker_lines["outcome"]) == ("customer_sync", "ok")
    assert worker_lines["message_id"]
    assert request_lines["organization_id"] == worker_lines["organization_id"] == company.organization_id
    assert "Followed" not in json.dumps([request_lines, worker_lines])


def test_the_log_lines_of_the_creating_request_and_of_the_payments_webhooks_have_the_invoice_id(
    company: Company,
) -> None:
    invoice = company.bill("svc_followed").json
    company.all_delivered()
    [request_lines] = log_lines(company, "api", invoice_id=invoice["id"], route="POST /v1/invoices")
    assert request_lines["status"] == 201
    webhook_lines = log_lines(company, "api", invoice_id=invoice["id"], route="POST /v1/stripe/webhooks")
    assert webhook_lines
    assert all(line["event_id"].startswith("evt_") for line in webhook_lines)
    assert {line["organization_id"] for line in webhook_lines} == {company.organization_id}
