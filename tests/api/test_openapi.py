"""The OpenAPI document says what the API does."""

from __future__ import annotations

import ast
import csv
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from chalice.app import Chalice
from openapi_spec_validator import OpenAPIV31SpecValidator

from chalicelib.api import blueprints
from chalicelib.api.examples import EXAMPLES
from chalicelib.api.http import errors
from chalicelib.api.http.error_codes import ERROR_CODES
from chalicelib.api.http.errors import problem_of_status
from chalicelib.api.http.route_error_codes import error_codes_of
from chalicelib.api.http.route_table import ROUTES, Role
from chalicelib.api.models.errors import ErrorBody
from chalicelib.api.models.event_log import LoggedOutcome
from chalicelib.api.models.exact import decoder
from chalicelib.api.models.system import VERSION
from chalicelib.api.openapi_document import document
from chalicelib.domain.errors import IntegrationError
from chalicelib.domain.refund_order import REFUND_REASONS
from chalicelib.domain.timeline_entries import EntryKind
from infra.template.gateway_responses import RESPONSES
from tests.api.client import ApiClient
from tests.exceptions import exceptions

assert blueprints
ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "chalicelib").rglob("*.py"))
CODES = {code for codes in ERROR_CODES.values() for code in codes}
NOT_ANSWERED = {
    "event_bus_unavailable",  # the worker's that tells changes
    "invoice_not_recreatable",  # told by the operator's backfill
    "secrets_unusable",  # the canary's, as is the next
    "token_keys_unavailable",  # raised in the authorizer's Lambda, whose failures API Gateway answers itself
    "webhooks_unreachable",
}
OF_NO_ROUTE = {
    "amount_invalid",  # the shape of a body is checked first, and it takes nothing but numbers
    "customer_repeated",  # this and the next are told of an item of bulk work
    "invoice_void",
    "method_not_allowed",  # this and the next are answered where there is no route
    "not_found",
}
"""Codes that no route answers."""
COMPUTED = {
    "invalid_body",
    "invalid_query",
    "invoice_not_sendable",
    "invoice_not_voidable",
    "oauth_denied",
    "oauth_failed",
    "concurrent_change",
    "precondition_failed",
    "customer_needs_choice",
    "unauthorized",
    "stripe_resource_missing",
    "payload_too_large",
    "unsupported_media_type",
}
"""Codes that are not written as the first argument of an error where it is raised."""

FIXED = {"ChoiceNeeded", "PreconditionFailed", "StaleWrite", "Unauthorized"}
"""Errors that bring their code along."""

ERRORS = {kind.__name__ for kind in exceptions() if issubclass(kind, IntegrationError)} - FIXED
ERRORS |= {"ItemError", "Problem", "Refusal"}


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return document(ROUTES)


def operations(openapi: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def test_it_is_valid_openapi_3_1(openapi: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(openapi).validate()
    assert openapi["openapi"].startswith("3.1.")


def test_the_api_serves_it(api: ApiClient, openapi: dict[str, Any]) -> None:
    answer = api.get("/openapi.json", token=None)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == msgspec.json.decode(msgspec.json.encode(openapi))


@pytest.mark.parametrize(
    ("path", "server"),
    [
        ("/api/v1/openapi.json", "/api"),  # of a stage
        ("/pom/v1/openapi.json", "/pom"),  # under a domain with a base path
        ("/v1/openapi.json", "/"),  # under a domain of its own, and locally
    ],
)
def test_the_url_of_the_server_and_a_path_make_the_address_to_call(app: Chalice, path: str, server: str) -> None:
    answer = app(gateway_event(path, "/v1/openapi.json"), None)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["servers"] == [{"url": server}]


def gateway_event(path: str, resource: str) -> dict[str, Any]:
    """Returns a GET as API Gateway hands it to Lambda."""
    return {
        "requestContext": {"httpMethod": "GET", "resourcePath": resource, "path": path, "requestId": "r"},
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": {},
        "stageVariables": {},
        "body": None,
        "isBase64Encoded": False,
    }


def test_it_has_exactly_the_routes_that_chalice_serves(app: Chalice, openapi: dict[str, Any]) -> None:
    served = {(path, method) for path, methods in app.routes.items() for method in methods if methods}
    assert served == {(path, method) for path, method, _ in operations(openapi)}


def test_every_reference_leads_somewhere(openapi: dict[str, Any]) -> None:
    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            node = list(node.values())
        if isinstance(node, list):
            for each in node:
                yield from references(each)

    found = set(references(openapi))
    assert found
    for reference in found:
        target: Any = openapi
        for part in reference.removeprefix("#/").split("/"):
            assert part in target, reference
            target = target[part]


def test_every_operation_is_told_whole(openapi: dict[str, Any]) -> None:
    routes = {route.label: route for route in ROUTES}
    seen = set()
    for path, method, operation in operations(openapi):
        route = routes[f"{method} {path}"]
        assert operation["summary"]
        assert not set(operation["summary"]) & set("`*[]<>\n"), "a summary is plain text"
        assert operation["operationId"] not in seen
        seen.add(operation["operationId"])
        assert operation["security"] == ([] if route.role is Role.PUBLIC else [{"accessToken": []}])
        in_path = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        documented = set(operation["responses"])
        unchanged = {"304"} if method == "GET" and "200" in documented else set()
        assert documented - unchanged == {str(status) for status in (*route.responses, *error_codes_of(route))}
        assert unchanged <= documented
        for status in route.responses:
            assert "$ref" not in operation["responses"][str(status)]


def test_every_model_on_the_wire_has_an_example() -> None:
    on_the_wire = {model for route in ROUTES for model in route.responses.values() if model is not None}
    on_the_wire |= {route.takes for route in ROUTES if route.has_body}
    assert on_the_wire == set(EXAMPLES)


@pytest.mark.parametrize(("model", "example"), EXAMPLES.items(), ids=[model.__name__ for model in EXAMPLES])
def test_examples_are_of_their_model(model: type, example: Any) -> None:
    decoded = decoder(model).decode(msgspec.json.encode(example))
    fields = {field.encode_name for field in msgspec.structs.fields(model)}
    assert set(example) <= fields
    assert isinstance(decoded, model)


def test_the_example_of_a_refund_that_stripe_has_not_answered_shows_no_refund(openapi: dict[str, Any]) -> None:
    answers = openapi["paths"]["/v1/payments/{paymentId}/refunds"]["post"]["responses"]
    made, accepted = (answers[status]["content"]["application/json"]["example"] for status in ("201", "202"))
    assert (made["id"][:3], made["status"]) == ("re_", "succeeded")
    assert accepted == {**made, "id": None, "status": "requested"}


def test_the_last_page_of_an_example_ends_like_the_servers(openapi: dict[str, Any]) -> None:
    pages = {}
    for _, _, operation in operations(openapi):
        names = {each["name"] for each in operation["parameters"]}
        content = operation["responses"].get("200", {}).get("content", {})
        example = content.get("application/json", {}).get("example", {})
        if "pageInfo" in example:
            pages[operation["operationId"]] = ("after" in names, example["pageInfo"]["endCursor"] is not None)
    assert len(pages) > 5
    assert {name for name, (paged, has_cursor) in pages.items() if paged is not has_cursor} == set()


def test_a_route_that_answers_csv_too_is_documented_with_both_media_types(openapi: dict[str, Any]) -> None:
    both = {
        path
        for path, _, operation in operations(openapi)
        if "text/csv" in operation["responses"].get("200", {}).get("content", {})
    }
    assert both == {"/v1/payments", "/v1/payouts", "/v1/payouts/{payoutId}"}
    for path in both:
        answer = openapi["paths"][path]["get"]["responses"]["200"]
        assert set(answer["content"]) == {"application/json", "text/csv"}
        header, *rows = csv.reader(StringIO(answer["content"]["text/csv"]["example"]))
        assert {len(row) for row in rows} == {len(header)}
        assert "Link" in answer["headers"]


def ways(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns a schema and its alternatives: a field that may be left out is described with its value."""
    return [schema, *schema.get("anyOf", [])]


def test_every_field_of_every_schema_is_described(openapi: dict[str, Any]) -> None:
    fields = {
        f"{name}.{field}": each
        for name, schema in openapi["components"]["schemas"].items()
        for field, each in schema.get("properties", {}).items()
    }
    assert {"PageInfo.endCursor", "SaveAddress.city", "ErrorDetail.number", "NewLineItem.taxable"} <= set(fields)
    assert sorted(name for name, field in fields.items() if not str(field.get("description", "")).strip()) == []


def test_every_amount_says_which_currency_it_is_in(openapi: dict[str, Any]) -> None:
    named = re.compile(r"(?i)(amount|difference|total|balance|price|tax|gross|net|fee)$")
    amounts = {
        f"{name}.{field}": each["description"]
        for name, schema in openapi["components"]["schemas"].items()
        for field, each in schema.get("properties", {}).items()
        if named.search(field) and any(way.get("type") == "string" for way in ways(each))
    }
    assert len(amounts) > 50
    assert sorted(name for name, described in amounts.items() if "currency" not in described.lower()) == []


def test_every_schema_is_described(openapi: dict[str, Any]) -> None:
    schemas = openapi["components"]["schemas"]
    assert sorted(name for name, schema in schemas.items() if not schema.get("description")) == []


def test_every_parameter_is_described(openapi: dict[str, Any]) -> None:
    parameters = [
        (operation["operationId"], each["name"], each.get("description"))
        for *_, operation in operations(openapi)
        for each in operation["parameters"]
    ]
    assert {name for _, name, _ in parameters} > {"invoiceId", "after", "Idempotency-Key", "Stripe-Signature"}
    assert [parameter for parameter in parameters if not parameter[2]] == []


def test_no_parameter_of_a_query_can_be_null(openapi: dict[str, Any]) -> None:
    parameters = [each for *_, operation in operations(openapi) for each in operation["parameters"]]
    assert [each["name"] for each in parameters if '"null"' in msgspec.json.encode(each["schema"]).decode()] == []


def test_every_field_of_an_answer_is_always_there(openapi: dict[str, Any]) -> None:
    schemas = openapi["components"]["schemas"]
    answered = schemas_in(openapi, [operation["responses"] for *_, operation in operations(openapi)])
    assert {"HistoryEntryView", "ErrorDetail", "ImportRowView", "WebhookHealth", "InvoicingSettingsView"} <= answered
    optional = {
        f"{name}.{field}"
        for name in answered
        for field in schemas[name].get("properties", {})
        if field not in schemas[name].get("required", ())
    }
    assert optional == set()


def test_no_model_serves_both_requests_and_answers(openapi: dict[str, Any]) -> None:
    answered = schemas_in(openapi, [operation["responses"] for *_, operation in operations(openapi)])
    sent = schemas_in(openapi, [operation.get("requestBody") for *_, operation in operations(openapi)])
    both = {name for name in answered & sent if "properties" in openapi["components"]["schemas"][name]}
    assert both == set()


def test_a_field_that_may_be_left_out_of_a_request_has_no_default(openapi: dict[str, Any]) -> None:
    # openapi-typescript takes a field with a default for one that is always there. The description says the default.
    schemas = openapi["components"]["schemas"]
    defaults = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, each in schema.get("properties", {}).items()
        if "default" in each
    ]
    assert defaults == []
    assert schemas["NewInvoice"]["properties"]["send"]["description"].endswith("If it is left out: `true`.")


def schemas_in(openapi: dict[str, Any], node: Any) -> set[str]:
    """Returns the names of the schemas that a part of the document refers to, directly and by others."""
    schemas = openapi["components"]["schemas"]
    found: set[str] = set()
    ahead = names_in(node)
    while ahead:
        name = ahead.pop()
        found.add(name)
        ahead |= names_in(schemas[name]) - found
    return found


def names_in(node: Any) -> set[str]:
    return {*re.findall(r'"#/components/schemas/(\w+)"', msgspec.json.encode(node).decode())}


def test_the_kinds_of_the_timeline_and_the_error_codes_are_closed_sets(openapi: dict[str, Any]) -> None:
    schemas = openapi["components"]["schemas"]
    assert set(schemas["EntryKind"]["enum"]) == {kind.value for kind in EntryKind}
    assert set(schemas["ErrorCode"]["enum"]) == CODES
    for name in ("FirstError", "ErrorDetail", "ItemErrorView"):
        assert schemas[name]["properties"]["code"]["$ref"] == "#/components/schemas/ErrorCode"
    assert set(schemas["PaymentMethodView"]["properties"]) == {"type", "brand", "last4", "expires"}


def test_every_tag_says_what_its_routes_are_about(openapi: dict[str, Any]) -> None:
    tags = {tag["name"]: tag["description"] for tag in openapi["tags"]}
    assert "deposit" in tags["Payouts"]
    assert all(tags.values())


def words_of(openapi: dict[str, Any], schema: str, field: str = "") -> set[str]:
    """Returns the words in code quotes of the description of a schema, or of one of its fields."""
    described = openapi["components"]["schemas"][schema]
    described = described["properties"][field] if field else described
    return set(re.findall(r"`(\w+)`", described["description"]))


def test_every_status_that_can_occur_is_named(openapi: dict[str, Any]) -> None:
    refund = {"pending", "requires_action", "succeeded", "failed", "canceled"}
    dispute = {"needs_response", "under_review", "won", "lost", "prevented"}
    dispute |= {"warning_needs_response", "warning_under_review", "warning_closed"}
    dispute |= {"appeal_needs_response", "appeal_under_review"}
    assert words_of(openapi, "RefundView", "status") == refund | {"requested"}
    assert words_of(openapi, "OrderedRefundView", "status") == refund | {"requested"}
    assert words_of(openapi, "DisputeView", "status") == dispute
    assert words_of(openapi, "MovementView", "status") == refund | dispute
    assert words_of(openapi, "RefundView", "reason") == {*REFUND_REASONS, "expired_uncaptured_charge"}
    assert words_of(openapi, "LoggedOutcome") == set(LoggedOutcome)


def errors_of(openapi: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yields the label of each route with each status of 400 and above that it answers, and the answer."""
    for path, method, operation in operations(openapi):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                reference = answer.get("$ref", "").rpartition("/")[2]
                yield f"{method} {path}", status, openapi["components"]["responses"].get(reference, answer)


def test_examples_of_errors_are_of_their_model_and_have_codes_of_their_answer(openapi: dict[str, Any]) -> None:
    for _, _, response in errors_of(openapi):
        example = response["content"]["application/json"]["example"]
        first = msgspec.convert(example, ErrorBody).error
        assert {each.code for each in first.details} <= set(response["x-error-codes"])
        assert (first.code, first.message) == (first.details[0].code, first.details[0].message)
        assert all(each.next_step for each in first.details)


def test_each_operation_lists_the_codes_that_it_can_answer_and_no_others(openapi: dict[str, Any]) -> None:
    routes = {route.label: route for route in ROUTES}
    seen = 0
    for label, status, response in errors_of(openapi):
        codes = list(error_codes_of(routes[label])[int(status)])
        [whole, narrowed] = response["content"]["application/json"]["schema"]["properties"]["error"]["allOf"]
        assert whole == {"$ref": "#/components/schemas/FirstError"}
        assert response["x-error-codes"] == codes == narrowed["properties"]["code"]["enum"]
        assert all(f"`{code}`" in response["description"] for code in codes)
        seen += 1
    assert seen > 100


def test_a_route_declares_codes_that_exist_and_do_not_follow_by_themselves() -> None:
    for route in ROUTES:
        follow = {code for codes in error_codes_of(replace(route, refuses=())).values() for code in codes}
        assert set(route.refuses) <= CODES, route.label
        assert set(route.refuses) & follow == set(), route.label


def test_every_code_is_one_of_some_route(openapi: dict[str, Any]) -> None:
    listed = {code for _, _, response in errors_of(openapi) for code in response["x-error-codes"]}
    assert CODES - listed == OF_NO_ROUTE


def test_answers_have_no_floats(openapi: dict[str, Any]) -> None:
    for name, schema in openapi["components"]["schemas"].items():
        if not name.startswith("New"):
            assert '"type":"number"' not in msgspec.json.encode(schema).decode(), name


def raised_codes() -> set[str]:
    """Codes written where an error of ours is made."""
    found = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            name = getattr(node.func, "id", None) if isinstance(node, ast.Call) else None
            if name not in ERRORS or not node.args:
                continue
            argument = node.args[1] if name == "Problem" and len(node.args) > 1 else node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                found.add(argument.value)
    return found


def test_every_error_code_in_the_source_is_documented() -> None:
    assert raised_codes() - NOT_ANSWERED - CODES == set()


def test_no_documented_error_code_is_out_of_use() -> None:
    assert CODES - raised_codes() - COMPUTED - {each.code for each in RESPONSES.values()} == set()


@pytest.mark.parametrize("occasion", RESPONSES)
def test_what_api_gateway_answers_is_documented_too(occasion: str) -> None:
    response = RESPONSES[occasion]
    assert response.code in ERROR_CODES[response.status]


def test_a_code_has_one_status() -> None:
    several = Counter(code for codes in ERROR_CODES.values() for code in codes) - Counter(CODES)
    assert set(several) == {"customer_erased"}


def test_an_erased_customer_is_not_there_to_be_read_and_is_in_the_way_of_what_is_to_be_done() -> None:
    listed: dict[int, set[str]] = {}
    for route in ROUTES:
        for status, codes in error_codes_of(route).items():
            if "customer_erased" in codes:
                listed.setdefault(status, set()).add(route.label)
    assert listed[404] == {"GET /v1/customers/{customerId}"}
    assert "POST /v1/invoices" in listed[409]
    assert set(listed) == {404, 409}
    for status in (400, 404, 405, 415, 500):
        problem = problem_of_status(status)
        assert problem.code in ERROR_CODES[problem.status]
    assert errors.INVALID_SIGNATURE.code in ERROR_CODES[400]


def test_the_version_is_the_projects() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_health(api: ApiClient) -> None:
    assert api.get("/health", token=None).json == {"status": "ok", "version": VERSION}


def test_a_closed_set_has_its_values_in_the_order_that_its_description_relies_on(openapi: dict[str, Any]) -> None:
    schemas = openapi["components"]["schemas"]
    assert schemas["EntryKind"]["enum"] == [each.value for each in EntryKind]
    assert schemas["EntryKind"]["enum"] != sorted(EntryKind)
    assert schemas["InvoiceStatus"]["enum"][:3] == ["creating", "draft", "pending"]


MONEY = re.compile(r"(?i)(amount|gross|fee|net|balance|refundable|subtotal|total)$")


def test_every_amount_of_an_answer_is_an_exact_decimal(openapi: dict[str, Any]) -> None:
    seen = 0
    for name, schema in openapi["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            texts = [each for each in (described, *described.get("anyOf", ())) if each.get("type") == "string"]
            if MONEY.search(field) and texts:
                assert all("pattern" in each for each in texts), f"{name}.{field}"
                seen += 1
    assert seen > 50
