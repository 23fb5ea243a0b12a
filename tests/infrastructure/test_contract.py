"""The contract is the document that was reviewed, and a change of it is seen and judged."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.contract import __main__ as command
from infra.contract import api_page
from infra.contract.comparison import changes
from infra.contract.document import API, DOCUMENTS, Document, text

Json = dict[str, Any]
Edit = Callable[[Json], object]


@pytest.fixture(scope="module")
def document() -> Json:
    return API.current()


@pytest.mark.parametrize("reviewed", DOCUMENTS, ids=lambda each: each.name)
def test_each_generated_document_equals_the_reviewed_file(reviewed: Document) -> None:
    document = reviewed.current()
    # In words first, because the texts are long.
    assert [str(each) for each in reviewed.changes(document)] == [], "`make contract` writes it anew"
    assert text(document) == reviewed.file.read_text(), "its wording has changed; `make contract` writes it anew"


def test_no_path_has_a_fixed_word_where_another_path_has_an_id(document: Json) -> None:
    # A customer with the id `import` could not be opened beside a path `/v1/customers/import`.
    paths = [path.split("/") for path in document["paths"]]
    pairs = [(a, b) for a in paths for b in paths if a < b and len(a) == len(b)]
    hidden = [
        ("/".join(a), "/".join(b)) for a, b in pairs if all(x == y or "{" in x + y for x, y in zip(a, b, strict=True))
    ]
    assert hidden == []


def schema(name: str) -> Callable[[Json], Json]:
    return lambda document: document["components"]["schemas"][name]


def operation(document: Json, path: str, method: str) -> Json:
    operation_object: Json = document["paths"][path][method]
    return operation_object


def delete_key(mapping: Json, name: str) -> None:
    del mapping[name]


BREAKING: dict[str, Edit] = {
    "a route is gone": lambda it: delete_key(it["paths"], "/v1/summary"),
    "a method is gone": lambda it: delete_key(it["paths"]["/v1/settings/invoicing"], "put"),
    "a function has another name": lambda it: operation(it, "/v1/apps", "get").update(operationId="apps"),
    "a filter is gone": lambda it: operation(it, "/v1/payments", "get").update(parameters=[]),
    "a filter is needed": lambda it: operation(it, "/v1/payments", "get")["parameters"][0].update(required=True),
    "a field of an answer is gone": lambda it: delete_key(schema("InvoiceView")(it)["properties"], "balance"),
    "a field of an answer may be absent": lambda it: schema("InvoiceView")(it)["required"].remove("balance"),
    "a field of an answer may be null": lambda it: schema("InvoiceView")(it)["properties"].update(
        balance={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "a field of an answer has another type": lambda it: schema("InvoiceView")(it)["properties"].update(
        disputed={"type": "string"}
    ),
    "a field of a request is gone": lambda it: delete_key(schema("NewInvoice")(it)["properties"], "memo"),
    "a field of a request is needed": lambda it: schema("NewInvoice")(it)["required"].append("memo"),
    "a field of a request may be shorter only": lambda it: schema("NewLineItem")(it)["properties"][
        "description"
    ].update(maxLength=1),
    "a status is new": lambda it: schema("InvoiceStatus")(it)["enum"].append("lost"),
    "a value is gone": lambda it: schema("MovementKind")(it)["enum"].remove("refund"),
    "a type is gone": lambda it: delete_key(it["components"]["schemas"], "PageInfo"),
    "a body is no longer taken": lambda it: delete_key(operation(it, "/v1/invoices", "post"), "requestBody"),
    "an answer is no longer had as CSV": lambda it: delete_key(
        operation(it, "/v1/payments", "get")["responses"]["200"]["content"], "text/csv"
    ),
    "a success has another status": lambda it: operation(it, "/v1/apps", "get").update(
        responses={"201": operation(it, "/v1/apps", "get")["responses"]["200"]}
    ),
}

ADDITIVE: dict[str, Edit] = {
    "a route is new": lambda it: it["paths"].update({"/v1/new": copy.deepcopy(it["paths"]["/v1/apps"])}),
    "a field of an answer is new": lambda it: schema("InvoiceView")(it)["properties"].update(more={"type": "string"}),
    "a field of a request is new": lambda it: schema("NewInvoice")(it)["properties"].update(more={"type": "string"}),
    "a field of a request may be longer": lambda it: schema("NewLineItem")(it)["properties"]["description"].update(
        maxLength=100_000
    ),
    "a kind is new": lambda it: schema("MovementKind")(it)["enum"].append("gift"),
    "a filter is new": lambda it: operation(it, "/v1/payments", "get")["parameters"].append(
        {"name": "more", "in": "query", "required": False, "schema": {"type": "string"}}
    ),
    "an error is new": lambda it: operation(it, "/v1/apps", "get")["responses"].update(
        {"418": {"description": "", "content": {}}}
    ),
}


@pytest.mark.parametrize("expected_change", BREAKING)
def test_a_change_that_can_fail_a_client_is_breaking(document: Json, expected_change: str) -> None:
    changed_document = copy.deepcopy(document)
    BREAKING[expected_change](changed_document)
    assert any(each.breaking for each in changes(document, changed_document))


@pytest.mark.parametrize("expected_change", ADDITIVE)
def test_a_change_that_a_client_can_ignore_is_reported_as_compatible(document: Json, expected_change: str) -> None:
    changed_document = copy.deepcopy(document)
    ADDITIVE[expected_change](changed_document)
    found_changes = changes(document, changed_document)
    assert found_changes
    assert not [str(each) for each in found_changes if each.breaking]


def test_a_reworded_description_is_no_change_for_a_client(document: Json) -> None:
    changed_document = copy.deepcopy(document)
    changed_document["info"]["description"] = schema("InvoiceView")(changed_document)["description"] = "Better."
    assert changes(document, changed_document) == []


def test_a_breaking_change_is_written_only_with_the_option_for_it(
    document: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = copy.deepcopy(document)
    before["paths"]["/v1/former"] = before["paths"]["/v1/apps"]
    monkeypatch.setattr("infra.contract.document.DOCS", tmp_path)
    API.file.write_text(text(before))
    (tmp_path / api_page.NAME).write_text("| method and path |\n\n")

    assert command.main([]) == 1
    assert {each.name for each in tmp_path.iterdir()} == {API.name, api_page.NAME}
    assert API.file.read_text() == text(before)
    assert "BREAKS  GET /v1/former: is gone" in capsys.readouterr().out
    assert command.main(["--breaking"]) == 0
    assert API.file.read_text() == text(document)
    assert command.main([]) == 0
