"""The error examples of the OpenAPI document are responses that the API really returns.

Each example's sentences are compared with the code that raises its error code. Examples with details of a request or
of a resource are also reproduced over the API.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api import blueprints
from chalicelib.api.http.errors import INVALID_SIGNATURE, USUAL_NEXT_STEP
from chalicelib.api.http.route_table import ROUTES
from chalicelib.api.openapi_document import document
from infra.template.gateway_responses import RESPONSES
from tests.api.client import ApiClient, Response
from tests.world import World

assert blueprints
ROOT = Path(__file__).parents[2]
OPENAPI = document(ROUTES)
ANYTHING = ".*"
CODE = re.compile(r"[a-z]+(_[a-z]+)+|unauthorized|unavailable|forbidden")
Sentences = tuple[str, str | None]
"""The patterns of a message and of its next step. None means the default next step of the status."""


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in OPENAPI["paths"].items():
        for operation in methods.values():
            yield path, operation


def resolved(response: dict[str, Any]) -> dict[str, Any]:
    name = response.get("$ref", "").rpartition("/")[2]
    return dict(OPENAPI["components"]["responses"][name]) if name else response


def error_examples() -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yields each example of an error, by operation and status."""
    for _, operation in operations():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                example = resolved(response)["content"]["application/json"]["example"]
                yield operation["operationId"], int(status), example["error"]


ALL = list(error_examples())


def example_of(operation: str, status: int) -> dict[str, Any]:
    [error] = [error for name, of, error in ALL if (name, of) == (operation, status)]
    return error


def pattern_of(node: ast.expr) -> str:
    """Returns a regular expression for the text that a node of the code builds. Inserted values match anything."""
    if isinstance(node, ast.Constant):
        return re.escape(str(node.value))
    if isinstance(node, ast.JoinedStr):
        return "".join(pattern_of(part) for part in node.values)
    if isinstance(node, ast.IfExp):
        return f"(?:{pattern_of(node.body)}|{pattern_of(node.orelse)})"
    return ANYTHING


def raised_sentences_by_code() -> dict[str, list[Sentences]]:
    """Returns the sentences of each place in the code that raises an error, by error code."""
    sentences_by_code: dict[str, list[Sentences]] = {}
    for source in sorted((ROOT / "chalicelib").rglob("*.py")):
        if "examples" in source.parts:
            continue
        for node in ast.walk(ast.parse(source.read_text())):
            if not isinstance(node, ast.Call):
                continue
            texts = node.args[:3]
            if getattr(node.func, "id", "") == "Problem":
                texts = texts[1:]
            code = code_of(texts[0]) if len(texts) > 1 else ""
            if not code:
                continue
            steps = [each.value for each in node.keywords if each.arg == "next_step"] or texts[2:3]
            step = pattern_of(steps[0]) if steps else None
            sentences_by_code.setdefault(code, []).append((pattern_of(texts[1]), step))
    for each in RESPONSES.values():
        sentences_by_code.setdefault(each.code, []).append((re.escape(each.message), re.escape(each.next_step)))
    return sentences_by_code


def code_of(node: ast.expr) -> str:
    """Returns the error code that an argument names, directly or by a constant; an empty text if it names none."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(node, ast.Name):
        value = node.id.lower()
    return value if isinstance(value, str) and CODE.fullmatch(value) else ""


RAISED_SENTENCES = raised_sentences_by_code()
COMPUTED_CODES = {"invalid_body", "invalid_query", "invoice_not_sendable", "oauth_denied"}
"""Codes that are not literals where they are raised. The code that reads requests generates the examples of the first
two. The tests below reproduce the others over the API.
"""


@pytest.mark.parametrize(("operation", "status", "error"), ALL, ids=[f"{name} {status}" for name, status, _ in ALL])
def test_an_error_examples_sentences_are_those_of_the_code(
    operation: str, status: int, error: dict[str, Any]
) -> None:
    for detail in error["details"]:
        if detail["code"] in COMPUTED_CODES:
            continue
        raised_sentences = RAISED_SENTENCES.get(detail["code"], [])
        assert any(
            re.fullmatch(message, detail["message"], re.DOTALL)
            and re.fullmatch(step or ANYTHING, detail["nextStep"], re.DOTALL)
            for message, step in raised_sentences
        ), (operation, status, detail["message"], detail["nextStep"])


@pytest.mark.parametrize(("operation", "status", "error"), ALL, ids=[f"{name} {status}" for name, status, _ in ALL])
def test_an_error_examples_code_and_field_exist_in_its_operation(
    operation: str, status: int, error: dict[str, Any]
) -> None:
    [(path, operation_json)] = [(path, each) for path, each in operations() if each["operationId"] == operation]
    listed_codes = resolved(operation_json["responses"][str(status)])["x-error-codes"]
    assert error["code"] in listed_codes
    for detail in error["details"]:
        if detail["field"] is None or detail["code"] in ("invalid_query", "unsupported_media_type"):
            continue  # The field is an unknown parameter or a header that no operation lists.
        assert detail["field"] in fields_of(path, operation_json), detail["field"]


def fields_of(path: str, operation: dict[str, Any]) -> set[str]:
    """Returns the fields of a request: its parameters, its body's fields, and the fields of lists in the body."""
    fields = {each["name"] for each in operation["parameters"]} | set(re.findall(r"{(\w+)}", path))
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    fields |= set(properties(content.get("schema", {})))
    for name, field in properties(content.get("schema", {})).items():
        each = next((part["items"] for part in (field, *field.get("anyOf", ())) if "items" in part), {})
        fields |= {f"{name}[0].{inner}" for inner in properties(each)}
    if operation["operationId"] in ("correctInvoice", "sendInvoice", "remindInvoice"):
        fields.add("customerId")  # These errors name a field of the invoice in the path.
    return fields


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return dict((OPENAPI["components"]["schemas"][name] if name else schema).get("properties", {}))


def test_no_error_example_has_only_the_default_sentences_of_its_status() -> None:
    next_steps = {error["nextStep"] for _, status, error in ALL if status != 500}
    assert not next_steps & (set(USUAL_NEXT_STEP.values()) - {USUAL_NEXT_STEP[502]})
    assert INVALID_SIGNATURE.next_step in next_steps


SERVICE = {"serviceId": "svc_001", "description": "Pool cleaning", "quantity": "1", "unitPrice": "75.00"}
ORDER: dict[str, Any] = {"customerId": "cust_1", "lineItems": [SERVICE]}
WRONG = {"lineItems": [{**SERVICE, "quantity": "0"}], "paymentTerms": "someday"}


def create_resource(api: ApiClient, world: World, *, send: bool = True) -> dict[str, Any]:
    world.connect()
    world.customer()
    return dict(api.post("/invoices", {**ORDER, "send": send}).json)


def billed_twice(api: ApiClient, world: World) -> Response:
    create_resource(api, world)
    return api.post("/invoices", ORDER)


def wrong_order(api: ApiClient, world: World) -> Response:
    create_resource(api, world)
    return api.post("/invoices", {**ORDER, **WRONG})


def wrong_batch(api: ApiClient, world: World) -> Response:
    create_resource(api, world)
    service = {**SERVICE, "serviceId": "svc_2", "customerId": "cust_1", "quantity": "0"}
    return api.post("/invoice-batches", {"services": [service], "paymentTerms": "someday"})


def wrong_edit(api: ApiClient, world: World) -> Response:
    return api.put(f"/invoices/{create_resource(api, world, send=False)['id']}", WRONG)


def late_edit(api: ApiClient, world: World) -> Response:
    return api.put(f"/invoices/{create_resource(api, world)['id']}", {"lineItems": [SERVICE]})


def unconfirmed(api: ApiClient, world: World) -> Response:
    return api.post(f"/invoices/{create_resource(api, world)['id']}/correct", {})


def reminded_at_once(api: ApiClient, world: World) -> Response:
    return api.post(f"/invoices/{create_resource(api, world)['id']}/remind")


def void(api: ApiClient, world: World) -> str:
    path = f"/invoices/{create_resource(api, world)['id']}"
    api.post(f"{path}/void")
    return path


def sent_when_void(api: ApiClient, world: World) -> Response:
    return api.post(f"{void(api, world)}/send")


def paid_when_void(api: ApiClient, world: World) -> Response:
    return api.post(f"{void(api, world)}/mark-paid", {"method": "cash", "amount": "75.00", "paidOn": "2027-01-15"})


def previewed_when_sent(api: ApiClient, world: World) -> Response:
    return api.get(f"/invoices/{create_resource(api, world)['id']}/preview")


def two_filters_of_customers(api: ApiClient, _: World) -> Response:
    return api.get("/customers?syncStatus=synced&name=a")


def two_filters_of_invoices(api: ApiClient, _: World) -> Response:
    return api.get("/invoices?customerId=cust_456&status=open")


def stale_save(api: ApiClient, world: World) -> Response:
    world.customer()
    return api.put("/customers/cust_1", {"firstName": "Dana"}, headers={"If-Match": '"former.tag"'})


def denied_in_stripe(api: ApiClient, _: World) -> Response:
    state = api.admin.post("/stripe/connection").json["authorizeUrl"].partition("state=")[2].partition("&")[0]
    api.get(f"/stripe/oauth/callback?state={state}&error=access_denied", token=None)
    return api.admin.post("/stripe/connection/complete", {"state": state})


def a_member_who_saves(api: ApiClient, _: World) -> Response:
    return api.acting("member").put("/customers/cust_1", {"firstName": "Dana"})


MET: list[tuple[str, int, Callable[[ApiClient, World], Response]]] = [
    ("createInvoice", 409, billed_twice),
    ("createInvoice", 422, wrong_order),
    ("createInvoiceBatch", 422, wrong_batch),
    ("editInvoice", 422, wrong_edit),
    ("editInvoice", 409, late_edit),
    ("correctInvoice", 409, unconfirmed),
    ("remindInvoice", 409, reminded_at_once),
    ("sendInvoice", 409, sent_when_void),
    ("markInvoicePaid", 409, paid_when_void),
    ("getInvoicePreview", 409, previewed_when_sent),
    ("listCustomers", 422, two_filters_of_customers),
    ("listInvoices", 422, two_filters_of_invoices),
    ("putCustomer", 412, stale_save),
    ("putCustomer", 403, a_member_who_saves),
    ("completeConnection", 422, denied_in_stripe),
]


def without_ids(detail: dict[str, Any]) -> dict[str, Any]:
    """Returns the texts of an error without numbers, ids and days, because the example's are invented."""
    made_up = re.compile(r"inv_\w+|[A-Z0-9]{8}-\d{4}|\d{1,2} [A-Z][a-z]+ \d{4}")
    texts = {name: detail[name] for name in ("code", "message", "field", "nextStep")}
    return {name: text and made_up.sub("…", text) for name, text in texts.items()}


@pytest.mark.parametrize(("operation", "status", "request_"), MET, ids=[f"{each[0]} {each[1]}" for each in MET])
def test_the_api_responds_as_the_example_says(
    api: ApiClient, world: World, operation: str, status: int, request_: Callable[[ApiClient, World], Response]
) -> None:
    response = request_(api, world)
    assert response.status == status
    example = example_of(operation, status)
    assert [without_ids(each) for each in response.error["details"]] == [
        without_ids(each) for each in example["details"]
    ]
