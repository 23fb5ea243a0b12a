"""The OpenAPI document describes what the API does."""

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
NOT_RETURNED = {
    "event_bus_unavailable",  # raised in the worker that publishes changes
    "invoice_not_recreatable",  # raised by the operator's backfill command
    "secrets_unusable",  # raised in the canary, as is webhooks_unreachable
    "token_keys_unavailable",  # raised in the authorizer; API Gateway responds itself
    "webhooks_unreachable",
}
OF_NO_ROUTE = {
    "amount_invalid",  # the schema of the body is checked first, and accepts only numbers
    "customer_repeated",  # this and the next are errors of an item of bulk work
    "invoice_void",
    "method_not_allowed",  # this and the next are returned where no route matches
    "not_found",
}
"""Codes that no route returns."""
COMPUTED_CODES = {
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
"""Codes that are not the first argument of the error that is raised."""

ERRORS_WITH_FIXED_CODES = {"ChoiceNeeded", "PreconditionFailed", "StaleWrite", "Unauthorized"}
"""Errors that have a code of their own."""

ERRORS = {kind.__name__ for kind in exceptions() if issubclass(kind, IntegrationError)} - ERRORS_WITH_FIXED_CODES
ERRORS |= {"ItemError", "Problem", "Refusal"}


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return document(ROUTES)


def operations(openapi: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def test_the_document_is_valid_openapi_3_1(openapi: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(openapi).validate()
    assert openapi["openapi"].startswith("3.1.")


def test_the_api_serves_the_document(api: ApiClient, openapi: dict[str, Any]) -> None:
    response = api.get("/openapi.json", token=None)
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json == msgspec.json.decode(msgspec.json.encode(openapi))


@pytest.mark.parametrize(
    ("path", "server"),
    [
        ("/api/v1/openapi.json", "/api"),  # the URL of a stage
        ("/pom/v1/openapi.json", "/pom"),  # a custom domain with a base path
        ("/v1/openapi.json", "/"),  # a custom domain of its own, and the local stack
    ],
)
def test_the_server_url_and_a_path_make_the_address_to_call(app: Chalice, path: str, server: str) -> None:
    response = app(gateway_event(path, "/v1/openapi.json"), None)
    assert response["statusCode"] == 200
    assert json.loads(response["body"])["servers"] == [{"url": server}]


def gateway_event(path: str, resource: str) -> dict[str, Any]:
    """Returns a GET request in the form in which API Gateway passes it to Lambda."""
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


def test_the_document_has_exactly_the_routes_that_chalice_serves(app: Chalice, openapi: dict[str, Any]) -> None:
    served_routes = {(path, method) for path, methods in app.routes.items() for method in methods if methods}
    assert served_routes == {(path, method) for path, method, _ in operations(openapi)}


def test_every_reference_resolves(openapi: dict[str, Any]) -> None:
    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            node = list(node.values())
        if isinstance(node, list):
            for each in node:
                yield from references(each)

    paths_of_references = set(references(openapi))
    assert paths_of_references
    for reference in paths_of_references:
        target: Any = openapi
        for part in reference.removeprefix("#/").split("/"):
            assert part in target, reference
            target = target[part]


def test_every_operation_is_documented_completely(openapi: dict[str, Any]) -> None:
    routes = {route.label: route for route in ROUTES}
    operation_ids = set()
    for path, method, operation in operations(openapi):
        route = routes[f"{method} {path}"]
        assert operation["summary"]
        assert not set(operation["summary"]) & set("`*[]<>\n"), "a summary is plain text"
        assert operation["operationId"] not in operation_ids
        operation_ids.add(operation["operationId"])
        assert operation["security"] == ([] if route.role is Role.PUBLIC else [{"accessToken": []}])
        in_path = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        documented_statuses = set(operation["responses"])
        not_modified = {"304"} if method == "GET" and "200" in documented_statuses else set()
        assert documented_statuses - not_modified == {
            str(status) for status in (*route.responses, *error_codes_of(route))
        }
        assert not_modified <= documented_statuses
        for status in route.responses:
            assert "$ref" not in operation["responses"][str(status)]


def test_every_model_on_the_wire_has_an_example() -> None:
    on_the_wire = {model for route in ROUTES for model in route.responses.values() if model is not None}
    on_the_wire |= {route.takes for route in ROUTES if route.has_body}
    assert on_the_wire == set(EXAMPLES)


@pytest.mark.parametrize(("model", "example"), EXAMPLES.items(), ids=[model.__name__ for model in EXAMPLES])
def test_examples_match_their_model(model: type, example: Any) -> None:
    instance = decoder(model).decode(msgspec.json.encode(example))
    fields = {field.encode_name for field in msgspec.structs.fields(model)}
    assert set(example) <= fields
    assert isinstance(instance, model)


def test_the_example_of_a_refund_pending_at_stripe_has_no_refund(openapi: dict[str, Any]) -> None:
    responses = openapi["paths"]["/v1/payments/{paymentId}/refunds"]["post"]["responses"]
    created_example, accepted_example = (
        responses[status]["content"]["application/json"]["example"] for status in ("201", "202")
    )
    assert (created_example["id"][:3], created_example["status"]) == ("re_", "succeeded")
    assert accepted_example == {**created_example, "id": None, "status": "requested"}


def test_an_example_page_has_a_cursor_exactly_if_its_route_accepts_one(openapi: dict[str, Any]) -> None:
    pages = {}
    for _, _, operation in operations(openapi):
        names = {each["name"] for each in operation["parameters"]}
        content = operation["responses"].get("200", {}).get("content", {})
        example = content.get("application/json", {}).get("example", {})
        if "pageInfo" in example:
            pages[operation["operationId"]] = ("after" in names, example["pageInfo"]["endCursor"] is not None)
    assert len(pages) > 5
    assert {name for name, (accepts_cursor, has_cursor) in pages.items() if accepts_cursor is not has_cursor} == set()


def test_a_route_that_answers_csv_too_is_documented_with_both_media_types(openapi: dict[str, Any]) -> None:
    both = {
        path
        for path, _, operation in operations(openapi)
        if "text/csv" in operation["responses"].get("200", {}).get("content", {})
    }
    assert both == {"/v1/payments", "/v1/payouts", "/v1/payouts/{payoutId}"}
    for path in both:
        response = openapi["paths"][path]["get"]["responses"]["200"]
        assert set(response["content"]) == {"application/json", "text/csv"}
        header, *rows = csv.reader(StringIO(response["content"]["text/csv"]["example"]))
        assert {len(row) for row in rows} == {len(header)}
        assert "Link" in response["headers"]


def alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns a schema and its alternatives, because an optional field's alternatives have the descriptions."""
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
    amount_name = re.compile(r"(?i)(amount|difference|total|balance|price|tax|gross|net|fee)$")
    amounts = {
        f"{name}.{field}": each["description"]
        for name, schema in openapi["components"]["schemas"].items()
        for field, each in schema.get("properties", {}).items()
        if amount_name.search(field) and any(way.get("type") == "string" for way in alternatives(each))
    }
    assert len(amounts) > 50
    assert sorted(name for name, description in amounts.items() if "currency" not in description.lower()) == []


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


def test_every_field_of_a_response_is_required(openapi: dict[str, Any]) -> None:
    schemas = openapi["components"]["schemas"]
    response_schemas = schemas_in(openapi, [operation["responses"] for *_, operation in operations(openapi)])
    assert {
        "HistoryEntryView",
        "ErrorDetail",
        "ImportRowView",
        "WebhookHealth",
        "InvoicingSettingsView",
    } <= response_schemas
    optional = {
        f"{name}.{field}"
        for name in response_schemas
        for field in schemas[name].get("properties", {})
        if field not in schemas[name].get("required", ())
    }
    assert optional == set()


def test_no_model_is_used_for_both_requests_and_responses(openapi: dict[str, Any]) -> None:
    response_schemas = schemas_in(openapi, [operation["responses"] for *_, operation in operations(openapi)])
    request_schemas = schemas_in(openapi, [operation.get("requestBody") for *_, operation in operations(openapi)])
    both = {
        name for name in response_schemas & request_schemas if "properties" in openapi["components"]["schemas"][name]
    }
    assert both == set()


def test_an_optional_field_of_a_request_has_no_default(openapi: dict[str, Any]) -> None:
    # openapi-typescript treats a field with a default as required, so the description names the default instead.
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
    """Returns the names of the schemas to which a part of the document refers, directly and through other schemas."""
    schemas = openapi["components"]["schemas"]
    names: set[str] = set()
    ahead = names_in(node)
    while ahead:
        name = ahead.pop()
        names.add(name)
        ahead |= names_in(schemas[name]) - names
    return names


def names_in(node: Any) -> set[str]:
    return {*re.findall(r'"#/components/schemas/(\w+)"', msgspec.json.encode(node).decode())}


def test_the_kinds_of_the_timeline_and_the_error_codes_are_closed_sets(openapi: dict[str, Any]) -> None:
    schemas = openapi["components"]["schemas"]
    assert set(schemas["EntryKind"]["enum"]) == {kind.value for kind in EntryKind}
    assert set(schemas["ErrorCode"]["enum"]) == CODES
    for name in ("FirstError", "ErrorDetail", "ItemErrorView"):
        assert schemas[name]["properties"]["code"]["$ref"] == "#/components/schemas/ErrorCode"
    assert set(schemas["PaymentMethodView"]["properties"]) == {"type", "brand", "last4", "expires"}


def test_every_tag_has_a_description(openapi: dict[str, Any]) -> None:
    tags = {tag["name"]: tag["description"] for tag in openapi["tags"]}
    assert "deposit" in tags["Payouts"]
    assert all(tags.values())


def words_of(openapi: dict[str, Any], schema: str, field: str = "") -> set[str]:
    """Returns the words in code quotes of the description of a schema, or of one of its fields."""
    schema_json = openapi["components"]["schemas"][schema]
    schema_json = schema_json["properties"][field] if field else schema_json
    return set(re.findall(r"`(\w+)`", schema_json["description"]))


def test_every_possible_status_is_documented(openapi: dict[str, Any]) -> None:
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
    """Yields the label, the status and the response of each error response of each route."""
    for path, method, operation in operations(openapi):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                reference = response.get("$ref", "").rpartition("/")[2]
                yield f"{method} {path}", status, openapi["components"]["responses"].get(reference, response)


def test_examples_of_errors_match_their_model_and_have_a_code_of_their_response(openapi: dict[str, Any]) -> None:
    for _, _, response in errors_of(openapi):
        example = response["content"]["application/json"]["example"]
        first = msgspec.convert(example, ErrorBody).error
        assert {each.code for each in first.details} <= set(response["x-error-codes"])
        assert (first.code, first.message) == (first.details[0].code, first.details[0].message)
        assert all(each.next_step for each in first.details)


def test_each_operation_lists_exactly_the_codes_that_it_can_return(openapi: dict[str, Any]) -> None:
    routes = {route.label: route for route in ROUTES}
    responses_checked = 0
    for label, status, response in errors_of(openapi):
        codes = list(error_codes_of(routes[label])[int(status)])
        [general, specific] = response["content"]["application/json"]["schema"]["properties"]["error"]["allOf"]
        assert general == {"$ref": "#/components/schemas/FirstError"}
        assert response["x-error-codes"] == codes == specific["properties"]["code"]["enum"]
        assert all(f"`{code}`" in response["description"] for code in codes)
        responses_checked += 1
    assert responses_checked > 100


def test_a_route_declares_existing_codes_that_are_not_implied() -> None:
    for route in ROUTES:
        follow = {code for codes in error_codes_of(replace(route, refuses=())).values() for code in codes}
        assert set(route.refuses) <= CODES, route.label
        assert set(route.refuses) & follow == set(), route.label


def test_every_code_belongs_to_a_route(openapi: dict[str, Any]) -> None:
    listed_codes = {code for _, _, response in errors_of(openapi) for code in response["x-error-codes"]}
    assert CODES - listed_codes == OF_NO_ROUTE


def test_responses_have_no_floats(openapi: dict[str, Any]) -> None:
    for name, schema in openapi["components"]["schemas"].items():
        if not name.startswith("New"):
            assert '"type":"number"' not in msgspec.json.encode(schema).decode(), name


def raised_codes() -> set[str]:
    """Returns the error codes that the code raises by a literal."""
    codes = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            name = getattr(node.func, "id", None) if isinstance(node, ast.Call) else None
            if name not in ERRORS or not node.args:
                continue
            argument = node.args[1] if name == "Problem" and len(node.args) > 1 else node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                codes.add(argument.value)
    return codes


def test_every_error_code_in_the_source_is_documented() -> None:
    assert raised_codes() - NOT_RETURNED - CODES == set()


def test_every_documented_error_code_is_raised() -> None:
    assert CODES - raised_codes() - COMPUTED_CODES - {each.code for each in RESPONSES.values()} == set()


@pytest.mark.parametrize("occasion", RESPONSES)
def test_responses_of_api_gateway_itself_are_documented(occasion: str) -> None:
    response = RESPONSES[occasion]
    assert response.code in ERROR_CODES[response.status]


def test_a_code_has_one_status() -> None:
    several = Counter(code for codes in ERROR_CODES.values() for code in codes) - Counter(CODES)
    assert set(several) == {"customer_erased"}


def test_an_erased_customer_is_404_when_read_and_409_when_changed() -> None:
    listed_codes: dict[int, set[str]] = {}
    for route in ROUTES:
        for status, codes in error_codes_of(route).items():
            if "customer_erased" in codes:
                listed_codes.setdefault(status, set()).add(route.label)
    assert listed_codes[404] == {"GET /v1/customers/{customerId}"}
    assert "POST /v1/invoices" in listed_codes[409]
    assert set(listed_codes) == {404, 409}
    for status in (400, 404, 405, 415, 500):
        problem = problem_of_status(status)
        assert problem.code in ERROR_CODES[problem.status]
    assert errors.INVALID_SIGNATURE.code in ERROR_CODES[400]


def test_the_documents_version_is_the_projects() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_health(api: ApiClient) -> None:
    assert api.get("/health", token=None).json == {"status": "ok", "version": VERSION}


def test_a_closed_sets_values_are_in_the_order_of_its_description(openapi: dict[str, Any]) -> None:
    schemas = openapi["components"]["schemas"]
    assert schemas["EntryKind"]["enum"] == [each.value for each in EntryKind]
    assert schemas["EntryKind"]["enum"] != sorted(EntryKind)
    assert schemas["InvoiceStatus"]["enum"][:3] == ["creating", "draft", "pending"]


MONEY = re.compile(r"(?i)(amount|gross|fee|net|balance|refundable|subtotal|total)$")


def test_an_amount_in_a_response_is_an_exact_decimal(openapi: dict[str, Any]) -> None:
    amounts_checked = 0
    for name, schema in openapi["components"]["schemas"].items():
        for field, field_schema in schema.get("properties", {}).items():
            texts = [each for each in (field_schema, *field_schema.get("anyOf", ())) if each.get("type") == "string"]
            if MONEY.search(field) and texts:
                assert all("pattern" in each for each in texts), f"{name}.{field}"
                amounts_checked += 1
    assert amounts_checked > 50
