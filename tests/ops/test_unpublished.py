"""`unpublished`, `republish` and `discard unpublished-changes`, on the local stack."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.tables.codec import json_of
from chalicelib.domain.customer import Customer, SyncStatus
from infra.ops.unpublished import read
from tests.contracts.examples import customer
from tests.e2e.company import Company
from tests.ops.conftest import Operator


def test_an_unpublished_change_is_listed_and_can_be_published(company: Company, operator: Operator) -> None:
    invoice = company.bill("svc_unpublished").json["id"]
    operator.sets("leave_unpublished", company.organization_id, invoice)
    [listed_change] = operator.asks("unpublished")["unpublished"]
    assert listed_change["table"] == "invoices"
    assert listed_change["keys"] == f"{company.organization_id} {invoice}"
    assert listed_change["reason"].startswith("EventBridge refuses it")
    assert listed_change["type"] == "invoice.created, invoice.sent"
    assert operator.asks("republish", "--dry-run")["wouldRepublish"] == 1
    assert operator.asks("unpublished")["waiting"] == 1, "a dry run takes nothing out of the queue"
    assert operator.asks("republish")["published"] == 1
    assert operator.asks("unpublished")["unpublished"] == []


def test_for_an_unreadable_record_the_current_version_is_published(company: Company, operator: Operator) -> None:
    invoice = company.bill("svc_broken").json["id"]
    operator.sets("leave_unpublished", company.organization_id, invoice, "packed", "document")
    [listed_change] = operator.asks("unpublished")["unpublished"]
    assert (listed_change["keys"], listed_change["type"]) == (f"{company.organization_id} {invoice}", None)
    assert operator.asks("republish")["published"] == 1
    assert operator.asks("unpublished")["unpublished"] == []


def test_a_change_that_cannot_be_published_stays_until_an_operator_discards_it(operator: Operator) -> None:
    info = {"streamArn": "arn:aws:dynamodb:us-east-1:1:table/pom-invoices/stream/2026", "batchSize": 3}
    operator.sets("bury", "unpublished-changes", json.dumps({"DDBStreamBatchInfo": info}))
    failure = operator.does("--json", "republish")
    assert failure.status == 1
    [change] = failure.json["changes"]
    assert change["published"] is False
    assert "does not say which object" in change["problem"]
    assert operator.asks("unpublished")["waiting"] == 1
    assert operator.asks("discard", "unpublished-changes", "--yes")["discarded"] == 1
    assert operator.asks("unpublished")["unpublished"] == []


def message(body: Any) -> dict[str, Any]:
    return {"Body": body if isinstance(body, str) else json.dumps(body)}


def test_records_that_have_left_the_stream_are_reported_as_lost() -> None:
    info = {"streamArn": "arn:aws:dynamodb:us-east-1:1:table/pom-invoices/stream/2026", "batchSize": 3}
    change = read(message({"DDBStreamBatchInfo": info}), "pom-")
    assert (change.table, change.change) == ("invoices", None)
    assert "3 records" in change.reason


def former(stored: Customer | None) -> dict[str, Any]:
    """Returns a message of an earlier release, which queued whole records, or records without their documents if they
    were too large.
    """
    image = {"version": {"N": "3"}}
    if stored is not None:
        image |= {"document": {"S": json_of(stored).decode()}}
    keys = {"organization_id": {"S": "org_1"}, "customer_id": {"S": "cus_1"}}
    written = {"Keys": keys, "NewImage": image, "ApproximateCreationDateTime": 1_700_000_000}
    arn = "arn:aws:dynamodb:us-east-1:1:table/pom-customers/stream/2026"
    return message({"reason": "Why.", "record": {"eventSourceARN": arn, "dynamodb": written}})


@pytest.mark.parametrize("whole", [True, False])
def test_a_message_in_the_former_form_can_still_be_published(whole: bool) -> None:
    synced_customer = replace(customer("cus_1"), sync_status=SyncStatus.SYNCED, version=3)
    found = read(former(synced_customer if whole else None), "pom-")
    assert (found.table, found.keys, found.reason) == ("customers", "org_1 cus_1", "Why.")
    assert found.change is not None
    assert found.change.version == 3
    change = found.change.change
    assert (change.difference.types if change else None) == (("customer.synced",) if whole else None)


def test_a_foreign_message_is_reported_as_unreadable_and_breaks_nothing() -> None:
    for body in ("not JSON", "[]", "null", '{"reason": 5}'):
        assert read(message(body), "pom-").keys == "unreadable"
