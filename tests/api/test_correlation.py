"""Log lines have the ids of a request from the API through the queue to the worker."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from stripe import WebhookSignature

from chalicelib import correlation, observability
from chalicelib.domain.errors import Refused
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.identifiers import CustomerId
from chalicelib.observability import worker_boundary
from chalicelib.ports.messages import InvoiceJob
from chalicelib.workers import ticks
from chalicelib.workers.sqs import work_through
from infra.template.queries import QUERIES, TRAIL
from tests.api.client import ApiClient
from tests.world import ORGANIZATION, WEBHOOK_SECRET, World

JOB = {"organizationId": "org_1", "invoiceId": "inv_1", "task": "resume", "requestId": "req-of-the-api"}


class Lines:
    """The log lines, as CloudWatch stores them."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def all(self, message: str | None = None) -> list[dict[str, Any]]:
        parsed_lines = [json.loads(line) for line in self._stream.getvalue().splitlines()]
        return [line for line in parsed_lines if message is None or line["message"] == message]

    def last(self, message: str) -> dict[str, Any]:
        return self.all(message)[-1]

    @property
    def text(self) -> str:
        return self._stream.getvalue()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    stream = io.StringIO()
    monkeypatch.setattr(observability.logger.handlers[0], "stream", stream)
    return Lines(stream)


@pytest.fixture
def invoice(world: World) -> Any:
    world.connect()
    world.customer("anna.smith", "anna@example.test")
    return world.invoice("svc_1", customer_id=CustomerId("anna.smith"))


def sqs(*bodies: str) -> Any:
    """Returns a batch of messages in the form in which SQS passes it to a Lambda."""
    records = [
        {"messageId": f"message-{number}", "body": body, "attributes": {}, "eventSource": "aws:sqs"}
        for number, body in enumerate(bodies)
    ]
    return SimpleNamespace(context=None, to_dict=lambda: {"Records": records})


def test_a_request_is_logged_with_its_organization_and_its_invoice(
    api: ApiClient, invoice: Any, lines: Lines
) -> None:
    response = api.get(f"/invoices/{invoice.id}")
    line = lines.last("request")
    assert (line["organization_id"], line["invoice_id"]) == (ORGANIZATION, invoice.id)
    assert line["request_id"]
    invoice_json = api.post("/invoices", {"customerId": "anna.smith", "lineItems": [item("svc_2")]})
    assert lines.last("request")["invoice_id"] == invoice_json.json["id"] != response.json["id"]
    api.post(f"/invoices/{invoice.id}/remind", {})
    assert lines.last("request")["invoice_id"] == invoice.id
    assert correlation.ids() == {}


def item(service: str) -> dict[str, Any]:
    return {"serviceId": service, "description": "Cleaning", "quantity": 1, "unitPrice": "75.00"}


def test_a_webhook_is_logged_with_its_event_and_the_invoice_it_belongs_to(
    api: ApiClient, world: World, invoice: Any, lines: Lines
) -> None:
    account = str(invoice.stripe_account_id)
    world.double.pay(account, str(invoice.stripe_invoice_id), "pm_card_visa")
    intent = next(
        each
        for each in world.double.events(account, version=API_VERSION)
        if each["type"] == "payment_intent.succeeded"
    )
    assert "pom_invoice_id" not in intent["data"]["object"]["metadata"]
    body = json.dumps({"account": account, **intent})
    header = WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET, world.ports.clock.now())
    api.post("/stripe/webhooks", body.encode(), token=None, headers={"Stripe-Signature": header})
    line = lines.last("request")
    ids = (line["event_id"], line["organization_id"], line["invoice_id"])
    assert ids == (intent["id"], ORGANIZATION, invoice.id)


def test_nothing_that_a_caller_invented_is_logged(api: ApiClient, invoice: Any, lines: Lines) -> None:
    for path in (
        "/invoices/anna.smith",
        "/customers/anna.smith",
        "/invoice-batches/anna.smith",
        "/invoices/inv_anna",
    ):
        api.get(path)
    assert len(lines.all("request")) == 4
    assert "anna" not in lines.text


def test_a_worker_logs_its_message_and_the_request_that_caused_it(lines: Lines) -> None:
    @worker_boundary("invoice_jobs")
    def work(job: InvoiceJob) -> None:
        observability.invoice_refused(job.organization_id, job.invoice_id, "no")

    without = {name: value for name, value in JOB.items() if name != "requestId"}
    work_through(sqs(json.dumps(JOB), json.dumps(without)), InvoiceJob, work)
    for message in ("invoice_taken_back", "work"):
        first, second = lines.all(message)
        expected_ids = {"message_id": "message-0", "organization_id": "org_1", "invoice_id": "inv_1"}
        assert expected_ids.items() <= first.items()
        assert first["request_id"] == "req-of-the-api"
        assert second["message_id"] == "message-1"
        assert "request_id" not in second
    assert correlation.ids() == {}


def test_a_message_that_cannot_be_read_is_logged_by_its_id_only(lines: Lines) -> None:
    def never(_: InvoiceJob) -> None:
        raise AssertionError

    failed_ids = work_through(sqs('{"organizationId": 7, "note": "anna@example.test"}'), InvoiceJob, never)
    assert failed_ids == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    line = lines.last("message_unreadable")
    assert (line["level"], line["message_id"]) == ("ERROR", "message-0")
    assert line["error"]["type"] == "msgspec.ValidationError"
    assert "anna" not in lines.text


def test_messages_queued_by_a_tick_name_the_tick() -> None:
    event: Any = SimpleNamespace(context=SimpleNamespace(aws_request_id="tick-1"))
    with ticks.tick(event):
        assert correlation.request_id() == "tick-1"
    assert correlation.request_id() is None


def test_ids_noted_within_a_unit_of_work_are_dropped_when_it_ends() -> None:
    correlation.note(invoice_id="inv_of_nobody")
    assert correlation.ids() == {}
    with correlation.about(request_id="req", organization_id=None) as outer:
        with correlation.about(event_id="evt_1") as inner:
            correlation.note(invoice_id="inv_1", batch_id=None)
        assert inner == {"request_id": "req", "event_id": "evt_1", "invoice_id": "inv_1"}
        assert outer == {"request_id": "req"}


def test_an_errors_log_line_has_its_ids(lines: Lines) -> None:
    @worker_boundary("invoice_jobs")
    def work(_: InvoiceJob) -> None:
        raise Refused("nothing_doing", "anna@example.test")

    work_through(sqs(json.dumps(JOB)), InvoiceJob, work)
    line = lines.last("work")
    assert (line["invoice_id"], line["error"]["code"]) == ("inv_1", "nothing_doing")
    assert "anna" not in lines.text


def test_a_log_line_has_the_x_ray_trace_id_when_there_is_one(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    observability.logger.info("without")
    monkeypatch.setenv(
        "_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    )
    observability.logger.info("with")
    assert "xray_trace_id" not in lines.last("without")
    assert lines.last("with")["xray_trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"


def test_saved_queries_use_fields_that_log_lines_have() -> None:
    follow = {query.name: query.text for query in QUERIES if query.name.startswith("follow-")}
    assert "request_id = 'REQUEST'" in follow["follow-one-request"]
    assert "invoice_id = 'INVOICE'" in follow["follow-one-invoice"]
    logged_fields = {
        "organization_id",
        "invoice_id",
        "batch_id",
        "event_id",
        "message_id",
        "request_id",
        "xray_trace_id",
    }
    assert logged_fields <= {field.strip() for field in TRAIL.split(",")}
    assert all(TRAIL in text for text in follow.values())
