"""The error examples of the OpenAPI document are answers that the API really gives.

Each example's sentences are held against the place in the code that raises its code. Those that tell something of the
request, or of the thing, are met again on the API.
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
from tests.api.client import Answer, ApiClient
from tests.world import World

assert blueprints
ROOT = Path(__file__).parents[2]
OPENAPI = document(ROUTES)
ANYTHING = ".*"
CODE = re.compile(r"[a-z]+(_[a-z]+)+|unauthorized|unavailable|forbidden")
Sentences = tuple[str, str | None]
"""The patterns of a message and of its next step. None: the usual next step of the status."""


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in OPENAPI["paths"].items():
        for operation in methods.values():
            yield path, operation


def resolved(answer: dict[str, Any]) -> dict[str, Any]:
    name = answer.get("$ref", "").rpartition("/")[2]
    return dict(OPENAPI["components"]["responses"][name]) if name else answer


def error_examples() -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yields each example of an error, by operation and status."""
    for _, operation in operations():
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                example = resolved(answer)["content"]["application/json"]["example"]
                yield operation["operationId"], int(status), example["error"]


ALL = list(error_examples())


def example_of(operation: str, status: int) -> dict[str, Any]:
    [error] = [error for name, of, error in ALL if (name, of) == (operation, status)]
    return error


def pattern_of(node: ast.expr) -> str:
    """Returns what a text in the code can be. What is put into it can be anything."""
    if isinstance(node, ast.Constant):
        return re.escape(str(node.value))
    if isinstance(node, ast.JoinedStr):
        return "".join(pattern_of(part) for part in node.values)
    if isinstance(node, ast.IfExp):
        return f"(?:{pattern_of(node.body)}|{pattern_of(node.orelse)})"
    return ANYTHING


def raised() -> dict[str, list[Sentences]]:
    """Returns what is said wherever an error of a code is made, by code."""
    found: dict[str, list[Sentences]] = {}
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
            found.setdefault(code, []).append((pattern_of(texts[1]), step))
    for each in RESPONSES.values():
        found.setdefault(each.code, []).append((re.escape(each.message), re.escape(each.next_step)))
    return found


def code_of(node: ast.expr) -> str:
    """Returns the code that this argument is; an empty text if it is none. A constant is named as its code is."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(node, ast.Name):
        value = node.id.lower()
    return value if isinstance(value, str) and CODE.fullmatch(value) else ""


RAISED = raised()
COMPUTED = {"invalid_body", "invalid_query", "invoice_not_sendable", "oauth_denied"}
"""Codes that are not written out where they are raised. Examples of the first two are made by the code that reads
requests. The others are met on the API below.
"""


@pytest.mark.parametrize(("operation", "status", "error"), ALL, ids=[f"{name} {status}" for name, status, _ in ALL])
def test_the_sentences_of_an_error_example_are_those_of_the_code(
    operation: str, status: int, error: dict[str, Any]
) -> None:
    for detail in error["details"]:
        if detail["code"] in COMPUTED:
            continue
        known = RAISED.get(detail["code"], [])
        assert any(
            re.fullmatch(message, detail["message"], re.DOTALL)
            and re.fullmatch(step or ANYTHING, detail["nextStep"], re.DOTALL)
            for message, step in known
        ), (operation, status, detail["message"], detail["nextStep"])


@pytest.mark.parametrize(("operation", "status", "error"), ALL, ids=[f"{name} {status}" for name, status, _ in ALL])
def test_an_error_example_has_a_code_that_its_answer_lists_and_a_field_that_its_request_has(
    operation: str, status: int, error: dict[str, Any]
) -> None:
    [(path, described)] = [(path, each) for path, each in operations() if each["operationId"] == operation]
    listed = resolved(described["responses"][str(status)])["x-error-codes"]
    assert error["code"] in listed
    for detail in error["details"]:
        if detail["field"] is None or detail["code"] in ("invalid_query", "unsupported_media_type"):
            continue  # an unknown parameter, and a header that every request has
        assert detail["field"] in fields_of(path, described), detail["field"]


def fields_of(path: str, operation: dict[str, Any]) -> set[str]:
    """Returns what a request can have: parameters, and the fields of its body, one level into its lists."""
    fields = {each["name"] for each in operation["parameters"]} | set(re.findall(r"{(\w+)}", path))
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    fields |= set(properties(content.get("schema", {})))
    for name, field in properties(content.get("schema", {})).items():
        each = next((part["items"] for part in (field, *field.get("anyOf", ())) if "items" in part), {})
        fields |= {f"{name}[0].{inner}" for inner in properties(each)}
    if operation["operationId"] in ("correctInvoice", "sendInvoice", "remindInvoice"):
        fields.add("customerId")  # of the invoice, which is in the path
    return fields


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return dict((OPENAPI["components"]["schemas"][name] if name else schema).get("properties", {}))


def test_no_error_example_shows_only_what_the_status_usually_says() -> None:
    shown = {error["nextStep"] for _, status, error in ALL if status != 500}
    assert not shown & (set(USUAL_NEXT_STEP.values()) - {USUAL_NEXT_STEP[502]})
    assert INVALID_SIGNATURE.next_step in shown


SERVICE = {"serviceId": "svc_001", "description": "Pool cleaning", "quantity": "1", "unitPrice": "75.00"}
ORDER: dict[str, Any] = {"customerId": "cust_1", "lineItems": [SERVICE]}
WRONG = {"lineItems": [{**SERVICE, "quantity": "0"}], "paymentTerms": "someday"}


def made(api: ApiClient, world: World, *, send: bool = True) -> dict[str, Any]:
    world.connect()
    world.customer()
    return dict(api.post("/invoices", {**ORDER, "send": send}).json)


def billed_twice(api: ApiClient, world: World) -> Answer:
    made(api, world)
    return api.post("/invoices", ORDER)


def wrong_order(api: ApiClient, world: World) -> Answer:
    made(api, world)
    return api.post("/invoices", {**ORDER, **WRONG})


def wrong_batch(api: ApiClient, world: World) -> Answer:
    made(api, world)
    service = {**SERVICE, "serviceId": "svc_2", "customerId": "cust_1", "quantity": "0"}
    return api.post("/invoice-batches", {"services": [service], "paymentTerms": "someday"})


def wrong_edit(api: ApiClient, world: World) -> Answer:
    return api.put(f"/invoices/{made(api, world, send=False)['id']}", WRONG)


def late_edit(api: ApiClient, world: World) -> Answer:
    return api.put(f"/invoices/{made(api, world)['id']}", {"lineItems": [SERVICE]})


def unconfirmed(api: ApiClient, world: World) -> Answer:
    return api.post(f"/invoices/{made(api, world)['id']}/correct", {})


def reminded_at_once(api: ApiClient, world: World) -> Answer:
    return api.post(f"/invoices/{made(api, world)['id']}/remind")


def void(api: ApiClient, world: World) -> str:
    path = f"/invoices/{made(api, world)['id']}"
    api.post(f"{path}/void")
    return path


def sent_when_void(api: ApiClient, world: World) -> Answer:
    return api.post(f"{void(api, world)}/send")


def paid_when_void(api: ApiClient, world: World) -> Answer:
    return api.post(f"{void(api, world)}/mark-paid", {"method": "cash", "amount": "75.00", "paidOn": "2027-01-15"})


def previewed_when_sent(api: ApiClient, world: World) -> Answer:
    return api.get(f"/invoices/{made(api, world)['id']}/preview")


def two_filters_of_customers(api: ApiClient, _: World) -> Answer:
    return api.get("/customers?syncStatus=synced&name=a")


def two_filters_of_invoices(api: ApiClient, _: World) -> Answer:
    return api.get("/invoices?customerId=cust_456&status=open")


def stale_save(api: ApiClient, world: World) -> Answer:
    world.customer()
    return api.put("/customers/cust_1", {"firstName": "Dana"}, headers={"If-Match": '"former.tag"'})


def denied_in_stripe(api: ApiClient, _: World) -> Answer:
    state = api.admin.post("/stripe/connection").json["authorizeUrl"].partition("state=")[2].partition("&")[0]
    api.get(f"/stripe/oauth/callback?state={state}&error=access_denied", token=None)
    return api.admin.post("/stripe/connection/complete", {"state": state})


def a_member_who_saves(api: ApiClient, _: World) -> Answer:
    return api.acting("member").put("/customers/cust_1", {"firstName": "Dana"})


MET: list[tuple[str, int, Callable[[ApiClient, World], Answer]]] = [
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
    """Returns the texts of an error without numbers, ids and days, which are made up in the example."""
    made_up = re.compile(r"inv_\w+|[A-Z0-9]{8}-\d{4}|\d{1,2} [A-Z][a-z]+ \d{4}")
    told = {name: detail[name] for name in ("code", "message", "field", "nextStep")}
    return {name: text and made_up.sub("…", text) for name, text in told.items()}


@pytest.mark.parametrize(("operation", "status", "request_"), MET, ids=[f"{each[0]} {each[1]}" for each in MET])
def test_the_api_answers_as_the_example_says(
    api: ApiClient, world: World, operation: str, status: int, request_: Callable[[ApiClient, World], Answer]
) -> None:
    answer = request_(api, world)
    assert answer.status == status
    example = example_of(operation, status)
    assert [without_ids(each) for each in answer.error["details"]] == [
        without_ids(each) for each in example["details"]
    ]
