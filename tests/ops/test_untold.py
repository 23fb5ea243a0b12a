"""`untold`, `tell-again` and `discard untold-changes`, on the local stack."""

from __future__ import annotations

import json
from typing import Any

from infra.ops.untold import read
from tests.e2e.company import Company
from tests.ops.conftest import Operator


def test_an_untold_change_is_listed_told_and_then_gone(company: Company, operator: Operator) -> None:
    invoice = company.bill("svc_untold").json["id"]
    operator.sets("leave_untold", company.organization_id, invoice)
    [listed] = operator.asks("untold")["untold"]
    assert listed["table"] == "invoices"
    assert listed["keys"] == f"{company.organization_id} {invoice}"
    assert listed["reason"].startswith("EventBridge refuses it")
    assert listed["complete"] is True
    assert operator.asks("tell-again", "--dry-run")["wouldTell"] == 1
    assert operator.asks("untold")["waiting"] == 1, "a dry run takes nothing out of the queue"
    assert operator.asks("tell-again")["told"] == 1
    assert operator.asks("untold")["untold"] == []


def test_a_change_that_cannot_be_told_again_stays_until_somebody_discards_it(
    company: Company, operator: Operator
) -> None:
    invoice = company.bill("svc_broken").json["id"]
    operator.sets("leave_untold", company.organization_id, invoice, "packed", "document")
    failed = operator.does("--json", "tell-again")
    assert failed.status == 1
    [change] = failed.json["changes"]
    assert change["told"] is False
    assert "cannot read the record" in change["problem"]
    assert operator.asks("untold")["waiting"] == 1, "it is not queued a second time"
    assert operator.asks("discard", "untold-changes", "--yes")["discarded"] == 1
    assert operator.asks("untold")["untold"] == []


def message(body: Any) -> dict[str, Any]:
    return {"Body": body if isinstance(body, str) else json.dumps(body)}


def test_records_that_left_the_stream_are_told_as_lost() -> None:
    info = {"streamArn": "arn:aws:dynamodb:us-east-1:1:table/pom-invoices/stream/2026", "batchSize": 3}
    found = read(message({"DDBStreamBatchInfo": info}), "pom-")
    assert (found.table, found.record) == ("invoices", None)
    assert "3 records" in found.reason


def test_a_message_without_the_stored_versions_cannot_be_told() -> None:
    arn = "arn:aws:dynamodb:us-east-1:1:table/pom-customers/stream/2026"
    record = {"eventSourceARN": arn, "dynamodb": {"Keys": {"customer_id": {"S": "cus_1"}}}}
    found = read(message({"reason": "Too large.", "record": record, "imagesOmitted": True}), "pom-")
    assert (found.table, found.keys, found.reason, found.record) == ("customers", "cus_1", "Too large.", None)


def test_a_message_of_somebody_else_is_unreadable_and_breaks_nothing() -> None:
    for body in ("not JSON", "[]", "null", '{"reason": 5}'):
        assert read(message(body), "pom-").keys == "unreadable"
