"""Each route of the OpenAPI document, called without a token, with invalid input, and with another organization's
ids.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from infra.demo.http import Response, request
from infra.local.stack import LocalStack
from tests.e2e.company import Company, refused, send_bytes
from tests.e2e.one_of_each import one_of_each, path_with_ids

METHODS = ("get", "put", "post", "delete", "patch")
NOT_FOUND = {
    "{invoiceId}": "invoice_not_found",
    "{customerId}": "customer_not_found",
    "{paymentId}": "payment_not_found",
    "{payoutId}": "payout_not_found",
    "{batchId}": "batch_not_found",
    "{importId}": "batch_not_found",
}
"""The error code for an id of another organization, by path parameter."""


@pytest.fixture(scope="module")
def routes(stack: LocalStack) -> dict[str, dict[str, Any]]:
    """Returns the operations of /v1/openapi.json, by path and method."""
    paths = request("GET", f"{stack.urls.api}/v1/openapi.json").json["paths"]
    return {
        path: {method.upper(): operation for method, operation in item.items() if method in METHODS}
        for path, item in paths.items()
    }


@pytest.fixture(scope="module")
def theirs(stack: LocalStack) -> dict[str, str]:
    """Ids of another organization, by the place they take in a path."""
    return one_of_each(Company(stack, settlement_days=0, async_capture=False).connect())


def send(company: Company, method: str, path: str, body: bytes | None = None, role: str | None = "admin") -> Response:
    headers = {"Authorization": f"Bearer {company.token('user_walker', role)}"} if role else {}
    headers["Idempotency-Key"] = uuid4().hex
    if body is not None:
        headers["Content-Type"] = "application/json"
    return send_bytes(method, f"{company.stack.urls.api}{path}", body or b"", headers)


def required(operation: Any) -> str:
    """Returns the query string with the first value of each parameter that a request must have."""
    values = {"inStripe": "keep"}
    needed = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query" and each["required"]]
    return f"?{'&'.join(f'{name}={values[name]}' for name in needed)}" if needed else ""


def public(operation: Any) -> bool:
    return operation.get("security") == []


def test_every_private_route_refuses_a_request_without_a_token(
    company: Company, routes: Any, theirs: dict[str, str]
) -> None:
    closed = 0
    for path, operations in routes.items():
        for method, operation in operations.items():
            if not public(operation):
                closed += 1
                refused(send(company, method, path_with_ids(path, theirs), b"{}", role=None), 401, "unauthorized")
    assert closed > 15


def test_every_route_refuses_unknown_fields_and_parameters_with_400(
    company: Company, routes: Any, theirs: dict[str, str]
) -> None:
    with company.unchanged():
        for path, operations in routes.items():
            for method, operation in operations.items():
                if "requestBody" in operation and not public(operation):
                    target = path_with_ids(path, theirs)
                    refused(send(company, method, target, b"{"), 400, "malformed_json")
                    refused(send(company, method, target, b'{"nonsense": 1}'), 400, "invalid_body", "nonsense")
                if method == "GET" and not public(operation):
                    answer = send(company, method, f"{path_with_ids(path, theirs)}?nonsense=1")
                    refused(answer, 400, "invalid_query", "nonsense")


def test_a_method_that_a_path_does_not_have_gets_405(company: Company, routes: Any, theirs: dict[str, str]) -> None:
    for path, operations in routes.items():
        for method in {"GET", "POST", "PUT", "DELETE"} - operations.keys():
            refused(send(company, method, path_with_ids(path, theirs), b"{}"), 405, "method_not_allowed")


def test_an_id_of_another_organization_gets_404(company: Company, routes: Any, theirs: dict[str, str]) -> None:
    bodies = {"mark-paid": b'{"method": "cash"}', "refunds": b"{}"}
    tried = 0
    with company.unchanged():
        for path, operations in routes.items():
            for place, code in NOT_FOUND.items():
                if place not in path:
                    continue
                for method in operations.keys() - {"PUT"}:
                    tried += 1
                    body = bodies.get(path.rsplit("/", 1)[1], b"")
                    answer = send(
                        company, method, f"{path_with_ids(path, theirs)}{required(operations[method])}", body
                    )
                    if "requestBody" in operations[method] and answer.status == 400:
                        continue  # says what is wrong with the body before it looks for the id
                    refused(answer, 404, code, place.strip("{}"))
                    assert theirs[place] not in answer.text
    assert tried >= 8


def test_no_body_makes_any_route_return_500(company: Company, routes: Any, theirs: dict[str, str]) -> None:
    bodies = (b"", b"null", b"[]", b'""', b"0", b'{"a":' * 500, b"\x00", b'{"customerId": null, "lineItems": null}')
    for path, operations in routes.items():
        for method in operations:
            if (method, path) in {("DELETE", "/v1/stripe/connection"), ("POST", "/v1/stripe/connection/test")}:
                continue
            for body in bodies:
                answer = send(company, method, path_with_ids(path, theirs), body)
                assert answer.status < 500, (method, path, body, answer.text)
