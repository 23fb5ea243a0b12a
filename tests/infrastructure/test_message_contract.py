"""Each change of the events on the bus is classified as breaking or compatible for consumers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.contract import __main__ as command
from infra.contract import api_page
from infra.contract.document import API, DOCUMENTS, EVENTS, text
from infra.contract.message_comparison import changes

Json = dict[str, Any]
Edit = Callable[[Json], object]


@pytest.fixture(scope="module")
def document() -> Json:
    return EVENTS.current()


def schema(document: Json, name: str) -> Json:
    schema_object: Json = document["components"]["schemas"][name]
    return schema_object


def message(document: Json, name: str = "invoice.paid") -> Json:
    message_object: Json = document["components"]["messages"][name]
    return message_object


def delete_key(mapping: Json, name: str) -> None:
    del mapping[name]


BREAKING: dict[str, Edit] = {
    "a message is gone": lambda it: delete_key(it["components"]["messages"], "invoice.paid"),
    "a message is no longer on the bus": lambda it: delete_key(it["channels"]["changes"]["messages"], "invoice.paid"),
    "the bus is gone": lambda it: delete_key(it["channels"], "changes"),
    "a message has another detail-type": lambda it: message(it)["payload"]["allOf"][1]["properties"].update(
        {"detail-type": {"const": "invoice.settled", "type": "string"}}
    ),
    "a message is of another kind of object": lambda it: message(it)["payload"]["allOf"].__setitem__(
        0, {"$ref": "#/components/schemas/PayoutEnvelope"}
    ),
    "a message has another encoding": lambda it: message(it).update(contentType="application/xml"),
    "the source is another one": lambda it: schema(it, "InvoiceEnvelope")["properties"]["source"].update(const="pom"),
    "a field of the envelope is gone": lambda it: delete_key(schema(it, "PayoutEnvelope")["properties"], "time"),
    "a field of a change is gone": lambda it: delete_key(schema(it, "InvoiceChange")["properties"], "version"),
    "a field of a change has another type": lambda it: schema(it, "CustomerChange")["properties"].update(
        version={"type": "string"}
    ),
    "a field of a change may be null": lambda it: schema(it, "ConnectionChange")["properties"].update(
        id={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "a field of a change may be left out": lambda it: schema(it, "PayoutChange")["required"].remove("deleted"),
    "a field of an object is gone": lambda it: delete_key(schema(it, "InvoiceView")["properties"], "balance"),
    "a status of an invoice is new": lambda it: schema(it, "InvoiceStatus")["enum"].append("lost"),
    "a schema is gone": lambda it: delete_key(it["components"]["schemas"], "BankView"),
}

ADDITIVE: dict[str, Edit] = {
    "a message is new": lambda it: it["components"]["messages"].update({"invoice.new": message(it)}),
    "a message is new on the bus": lambda it: it["channels"]["changes"]["messages"].update({"invoice.new": {}}),
    "a field of a change is new": lambda it: schema(it, "InvoiceChange")["properties"].update(
        more={"type": "string"}
    ),
    "a field of an object is new": lambda it: schema(it, "PayoutView")["properties"].update(more={"type": "string"}),
    "a type of change is new": lambda it: schema(it, "ChangeType")["enum"].append("payout.reversed"),
}


@pytest.mark.parametrize("expected_change", BREAKING)
def test_a_change_that_can_fail_a_consumer_is_breaking(document: Json, expected_change: str) -> None:
    changed_document = copy.deepcopy(document)
    BREAKING[expected_change](changed_document)
    assert any(each.breaking for each in changes(document, changed_document))


@pytest.mark.parametrize("expected_change", ADDITIVE)
def test_a_change_that_a_consumer_can_ignore_is_reported_as_compatible(document: Json, expected_change: str) -> None:
    changed_document = copy.deepcopy(document)
    ADDITIVE[expected_change](changed_document)
    found_changes = changes(document, changed_document)
    assert found_changes
    assert not [str(each) for each in found_changes if each.breaking]


def test_a_reworded_description_is_no_change_for_a_consumer(document: Json) -> None:
    changed_document = copy.deepcopy(document)
    changed_document["info"]["description"] = message(changed_document)["summary"] = schema(
        changed_document, "InvoiceChange"
    )["title"] = "Better"
    assert changes(document, changed_document) == []


def test_a_change_that_breaks_only_consumers_is_written_only_with_the_option_for_it(
    document: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = copy.deepcopy(document)
    before["components"]["messages"]["invoice.former"] = message(before)
    monkeypatch.setattr("infra.contract.document.DOCS", tmp_path)
    EVENTS.file.write_text(text(before))
    (tmp_path / api_page.NAME).write_text("| method and path |\n\n")

    assert command.main([]) == 1
    assert not API.file.exists()
    assert EVENTS.file.read_text() == text(before)
    assert "BREAKS  invoice.former: is gone" in capsys.readouterr().out
    assert command.main(["--breaking"]) == 0
    assert {each.name for each in tmp_path.iterdir()} == {api_page.NAME, *(each.name for each in DOCUMENTS)}
    assert EVENTS.file.read_text() == text(document)
