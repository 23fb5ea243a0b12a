"""The response to Lambda for a batch of a stream, and the log lines about the batch."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from typing import Any

import pytest

from chalicelib import bootstrap, observability
from chalicelib.adapters.tables.invoice_items import invoice_values
from chalicelib.adapters.tables.stream import change_reader
from chalicelib.adapters.tables.writes import attributes
from chalicelib.domain.errors import DeploymentFault, Retryable
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import invoice_write
from chalicelib.ports.changes import Refusal
from chalicelib.usecases.publishing.publish_changes import PATIENCE
from chalicelib.workers.publish_changes import publish_changes
from tests.api.conftest import CONFIG
from tests.contracts.examples import ORG, customer, in_status, invoice
from tests.world import World

SOURCE = f"arn:aws:dynamodb:us-east-1:000000000000:table/{CONFIG.table_prefix}invoices/stream/2026"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    test_world = World()
    test_world.ports.customers.save(customer())
    monkeypatch.setattr(bootstrap, "ports", lambda: test_world.ports)
    monkeypatch.setattr(bootstrap, "config", lambda: CONFIG)
    monkeypatch.setattr(bootstrap, "change_reader", lambda: change_reader(CONFIG.table_prefix))
    return test_world


class Lines:
    """The log lines, as CloudWatch stores them."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def last(self, message: str) -> dict[str, Any]:
        """Returns the last line with this message."""
        lines: list[dict[str, Any]] = [json.loads(line) for line in self.text.splitlines()]
        return [each for each in lines if each["message"] == message][-1]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    stream = io.StringIO()
    monkeypatch.setattr(observability.logger.handlers[0], "stream", stream)
    return Lines(stream)


def image(invoice: Invoice) -> dict[str, Any]:
    """Returns the item of an invoice as it is in a stream record."""
    write = invoice_write(invoice)
    item = attributes(invoice_values(write.invoice, write.stored()))
    return {name: {"B": b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()}


def record(world: World, number: int, *, ago: int = 1, damaged: bool = False) -> dict[str, Any]:
    """Returns the stream record of an invoice that was paid."""
    pending = in_status(invoice(str(number)), InvoiceStatus.PENDING)
    new = image(in_status(invoice(str(number)), InvoiceStatus.PAID))
    if damaged:
        new["packed"] = {"B": "AAAA"}
    return {
        "eventID": str(number),
        "eventName": "MODIFY",
        "eventSourceARN": SOURCE,
        "dynamodb": {
            "Keys": {name: new[name] for name in ("organization_id", "invoice_id")},
            "OldImage": image(pending),
            "NewImage": new,
            "SequenceNumber": f"10000000000000000000{number}",
            "ApproximateCreationDateTime": float(world.ports.clock.now() - ago),
        },
    }


def worker_response(*records: dict[str, Any]) -> Any:
    """Returns the worker's response to Lambda for a batch of records."""
    return publish_changes(json.loads(json.dumps({"Records": records})), None)


def sequence_number(number: int) -> str:
    return f"10000000000000000000{number}"


def published_ids(world: World) -> list[str]:
    return [json.loads(each.detail)["objectId"] for each in world.ports.bus.events]


def test_a_published_batch_has_no_failures(world: World) -> None:
    assert worker_response(record(world, 1), record(world, 2)) == {"batchItemFailures": []}
    assert published_ids(world) == ["inv_1", "inv_2"]
    assert [each.change.object_id for each in world.ports.changes.after(ORG, None, 9).entries] == ["inv_1", "inv_2"]
    event = json.loads(world.ports.bus.events[0].detail)
    assert (event["type"], event["object"]["customerName"]) == ("invoice.paid", "Ann")


def test_a_damaged_record_is_queued_and_the_batch_has_no_failures(world: World, lines: Lines) -> None:
    damaged_record = record(world, 2, damaged=True)
    assert worker_response(record(world, 1), damaged_record, record(world, 3)) == {"batchItemFailures": []}
    assert published_ids(world) == ["inv_1", "inv_3"]
    assert [body for body, *_ in world.ports.unpublished.kept] == [damaged_record]
    line = lines.last("changes_published")
    assert (line["level"], line["published"], line["unpublished"], line["repeats"]) == ("ERROR", 2, 1, False)


def test_an_unavailable_bus_makes_lambda_repeat_from_the_first_record(world: World) -> None:
    world.ports.bus.failure = Retryable("event_bus_unavailable", "The event bus does not respond at the moment.")
    assert worker_response(record(world, 1), record(world, 2)) == {
        "batchItemFailures": [{"itemIdentifier": sequence_number(1)}]
    }
    assert world.ports.unpublished.kept == []


def test_the_reason_for_repeating_a_batch_is_logged_with_its_code(world: World, lines: Lines) -> None:
    world.ports.bus.failure = Retryable("event_bus_unavailable", "The event bus does not respond at the moment.")
    worker_response(record(world, 1))
    line = lines.last("changes_published")
    assert (line["level"], line["published"], line["repeats"]) == ("ERROR", 0, True)
    assert line["error"]["code"] == "event_bus_unavailable"


def test_a_throttled_event_makes_lambda_repeat_from_its_record(world: World, lines: Lines) -> None:
    worker_response(record(world, 2))
    throttled_id = world.ports.bus.events[0].id
    world.ports.bus.events.clear()
    world.ports.bus.refusals[throttled_id] = Refusal("ThrottlingException", "Rate exceeded.", transient=True)
    response = worker_response(record(world, 1), record(world, 2), record(world, 3))
    assert response == {"batchItemFailures": [{"itemIdentifier": sequence_number(2)}]}
    line = lines.last("changes_published")
    assert (line["level"], line["published"], line["repeats"]) == ("ERROR", 1, True)
    assert line["error"]["code"] == "ThrottlingException"
    assert "Rate exceeded" not in lines.text


def test_a_missing_permission_is_logged_with_the_code_of_aws_and_without_its_message(
    world: World, lines: Lines
) -> None:
    world.ports.bus.failure = DeploymentFault("InvalidSignatureException", "x-amz-security-token: secret")
    assert worker_response(record(world, 1)) == {"batchItemFailures": [{"itemIdentifier": sequence_number(1)}]}
    line = lines.last("changes_published")
    assert (line["level"], line["error"]["code"]) == ("ERROR", "InvalidSignatureException")
    assert "secret" not in lines.text


def test_half_a_day_after_it_was_written_a_failed_record_is_queued(world: World) -> None:
    world.ports.bus.failure = Retryable("event_bus_unavailable", "The event bus does not respond at the moment.")
    assert worker_response(record(world, 1, ago=PATIENCE + 1)) == {"batchItemFailures": []}
    assert len(world.ports.unpublished.kept) == 1


def test_no_personal_data_of_a_batch_is_logged(world: World, lines: Lines) -> None:
    worker_response(record(world, 1), record(world, 2, damaged=True))
    assert lines.last("changes_published")["published"] == 1
    assert "Ann" not in lines.text
