"""POM's consumer of the bus deletes the data of an erased person from each of its files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.aws import embedded_aws
from infra.local.pom_consumer import EVENTS, FILES, PomConsumer
from infra.local.settings import RECEIVED_BY_POM

BOOKS = ("number", "status", "currency", "total", "paidAmount", "refundedAmount", "paidOn")


@pytest.fixture
def queue_url() -> Iterator[str]:
    with embedded_aws():
        yield str(boto3.client("sqs").create_queue(QueueName=RECEIVED_BY_POM)["QueueUrl"])


def event(change_type: str, object_id: str, version: int, object_data: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "detail": {
            "id": f"chg_{change_type}_{object_id}_{version}",
            "type": change_type,
            "organizationId": "org_1",
            "objectKind": change_type.partition(".")[0],
            "objectId": object_id,
            "version": version,
            "at": "2026-11-25T17:12:42Z",
            "previousStatus": "pending",
            "status": None if object_data is None else "paid",
            "deleted": object_data is None,
            "objectOmitted": False,
            "object": object_data,
        }
    }


def invoice(object_id: str, version: int, customer_id: str, name: str) -> dict[str, Any]:
    invoice_data = {
        "id": object_id,
        "customerId": customer_id,
        "customerName": name,
        "erasedAt": None,
        "lineItems": [{"serviceId": "svc_1", "description": f"{name}'s pool", "amount": "75.00"}],
        **dict.fromkeys(BOOKS, "75.00"),
    }
    return event("invoice.paid", object_id, version, invoice_data)


def everything(directory: Path) -> bytes:
    return b"".join((directory / name).read_bytes() for name in FILES)


@pytest.mark.parametrize("at_once", [True, False], ids=["in_one_receive", "one_by_one"])
def test_data_of_an_erased_person_is_deleted_in_pom_and_stays_deleted(
    queue_url: str, tmp_path: Path, at_once: bool
) -> None:
    pom = PomConsumer(queue_url, tmp_path)
    ann = {"id": "cust_1", "firstName": "Annabel"}
    events = [
        event("customer.synced", "cust_1", 3, ann),
        invoice("inv_1", 2, "cust_1", "Annabel"),
        invoice("inv_2", 2, "cust_2", "Bob"),
        event("customer.erased", "cust_1", 5, None),
        invoice("inv_1", 3, "cust_1", "Annabel"),
        event("customer.updated_in_stripe", "cust_1", 4, ann),
    ]
    for each in events:
        boto3.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps(each))
        if not at_once:
            assert pom.receive() == 1
    while pom.receive():
        pass
    file_contents = everything(tmp_path)
    assert b"Annabel" not in file_contents
    assert b"Bob" in file_contents
    lines = [json.loads(line) for line in (tmp_path / EVENTS).read_text().splitlines()]
    assert sorted(each["detail"]["id"] for each in lines) == sorted(each["detail"]["id"] for each in events)
    totals = [each["detail"]["object"]["total"] for each in lines if each["detail"]["objectKind"] == "invoice"]
    assert totals == ["75.00"] * 3, "the books stay"
