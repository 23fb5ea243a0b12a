"""The roles that may call each route of the route table."""

from __future__ import annotations

from typing import Any

import pytest
from chalice.app import Chalice

from chalicelib.api import blueprints
from chalicelib.api.authorizer import token_authorizer
from chalicelib.api.http.route_table import ROUTES, Role, Route
from tests.api.client import ApiClient

assert blueprints
PRIVATE = [route for route in ROUTES if route.role is not Role.PUBLIC]
LABELS = [route.label for route in PRIVATE]
EXPECTED = {
    "GET /v1/apps": Role.MEMBER,
    "POST /v1/stripe/connection": Role.ADMIN,
    "GET /v1/stripe/connection": Role.MEMBER,
    "DELETE /v1/stripe/connection": Role.ADMIN,
    "GET /v1/stripe/connection/history": Role.MEMBER,
    "POST /v1/stripe/connection/complete": Role.ADMIN,
    "POST /v1/stripe/connection/test": Role.ADMIN,
    "GET /v1/stripe/connection/test": Role.MEMBER,
    "POST /v1/stripe/connection/refresh": Role.BILLING,
    "GET /v1/stripe/connection/checklist": Role.MEMBER,
    "GET /v1/settings/invoicing": Role.MEMBER,
    "PUT /v1/settings/invoicing": Role.ADMIN,
    "GET /v1/settings/invoicing/history": Role.MEMBER,
    "PUT /v1/customers/{customerId}": Role.BILLING,
    "GET /v1/customers/{customerId}": Role.BILLING,
    "GET /v1/customers/{customerId}/history": Role.BILLING,
    "DELETE /v1/customers/{customerId}": Role.ADMIN,
    "GET /v1/customers/{customerId}/erasure": Role.ADMIN,
    "POST /v1/customers/{customerId}/sync": Role.BILLING,
    "GET /v1/customers/{customerId}/export": Role.ADMIN,
    "GET /v1/customers": Role.BILLING,
    "POST /v1/customer-imports": Role.BILLING,
    "GET /v1/customer-imports/{importId}": Role.BILLING,
    "POST /v1/invoice-batches": Role.BILLING,
    "GET /v1/invoice-batches": Role.BILLING,
    "GET /v1/invoice-batches/{batchId}": Role.BILLING,
    "POST /v1/invoice-batches/{batchId}/retry": Role.BILLING,
    "POST /v1/invoice-batches/{batchId}/send": Role.BILLING,
    "POST /v1/invoice-batches/{batchId}/cancel": Role.BILLING,
    "POST /v1/invoices": Role.BILLING,
    "GET /v1/invoices": Role.MEMBER,
    "GET /v1/invoices/{invoiceId}": Role.MEMBER,
    "GET /v1/invoices/{invoiceId}/history": Role.MEMBER,
    "GET /v1/invoices/{invoiceId}/events": Role.MEMBER,
    "PUT /v1/invoices/{invoiceId}": Role.BILLING,
    "POST /v1/invoices/{invoiceId}/send": Role.BILLING,
    "POST /v1/invoices/{invoiceId}/void": Role.BILLING,
    "POST /v1/invoices/{invoiceId}/correct": Role.BILLING,
    "GET /v1/invoices/{invoiceId}/preview": Role.MEMBER,
    "POST /v1/invoices/{invoiceId}/refresh": Role.BILLING,
    "POST /v1/invoices/{invoiceId}/remind": Role.BILLING,
    "POST /v1/invoices/{invoiceId}/mark-paid": Role.BILLING,
    "GET /v1/payments": Role.MEMBER,
    "GET /v1/payouts": Role.MEMBER,
    "GET /v1/payouts/{payoutId}": Role.MEMBER,
    "GET /v1/balance": Role.MEMBER,
    "POST /v1/payments/{paymentId}/refunds": Role.ADMIN,
    "GET /v1/summary": Role.MEMBER,
    "GET /v1/attention": Role.MEMBER,
    "GET /v1/changes": Role.BILLING,
    "GET /v1/stripe/oauth/callback": Role.PUBLIC,
    "POST /v1/stripe/webhooks": Role.PUBLIC,
    "GET /v1/health": Role.PUBLIC,
    "GET /v1/openapi.json": Role.PUBLIC,
    "GET /v1/asyncapi.json": Role.PUBLIC,
}
MAY = {
    Role.ADMIN: {("admin",)},
    Role.BILLING: {("admin",), ("billing",)},
    Role.MEMBER: {("admin",), ("billing",), ("member",), ("unheard_of",), ()},
}
PATH = {
    "customerId": "cust_1",
    "invoiceId": "inv_1",
    "batchId": "bat_1",
    "importId": "bat_2",
    "paymentId": "pi_1",
    "payoutId": "po_1",
}
CALLERS: list[tuple[str, ...]] = [("admin",), ("billing",), ("member",), ("unheard_of",), ()]


def path_of(route: Route) -> str:
    return route.path.removeprefix("/v1").format(**PATH)


def test_every_route_has_the_role_that_the_contract_states() -> None:
    assert {route.label: route.role for route in ROUTES} == EXPECTED


def test_exactly_the_private_routes_require_the_authorizer(app: Chalice) -> None:
    for route in ROUTES:
        entry = app.routes[route.path][route.method]
        assert (entry.authorizer is token_authorizer) is (route.role is not Role.PUBLIC), route.label


@pytest.mark.parametrize("route", PRIVATE, ids=LABELS)
def test_a_private_route_refuses_a_request_without_a_token(api: ApiClient, route: Route) -> None:
    assert api.call(route.method, path_of(route), token=None).status == 401


@pytest.mark.parametrize("route", PRIVATE, ids=LABELS)
def test_a_request_without_an_authorizers_context_is_refused_by_the_code_too(
    app: Chalice, world: Any, route: Route
) -> None:
    """A wrongly configured gateway must not open the API."""
    for context in (
        None, {}, {"organizationId": "org_blue"}, {"userId": "u"}, {"organizationId": "", "userId": ""},
        {"organizationId": "org_\ud800", "userId": "u"}, {"organizationId": "org_blue", "userId": "u\x00"},
    ):  # fmt: skip
        event = {
            "requestContext": {"httpMethod": route.method, "resourcePath": route.path, "authorizer": context},
            "headers": {},
            "pathParameters": PATH,
            "multiValueQueryStringParameters": None,
            "stageVariables": None,
            "body": None,
        }
        response = app(event, None)
        assert response["statusCode"] == 401, context
        assert '"code":"unauthorized"' in response["body"]
        assert response["headers"]["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("roles", CALLERS, ids="+".join)
@pytest.mark.parametrize("route", PRIVATE, ids=LABELS)
def test_a_role_grants_its_routes_and_no_others(api: ApiClient, route: Route, roles: tuple[str, ...]) -> None:
    body = {} if route.method in {"POST", "PUT"} else None
    response = api.acting(*roles).call(route.method, path_of(route), body)
    if roles in MAY[route.role]:
        assert response.status not in {401, 403}
    else:
        assert (response.status, response.code) == (403, "role_missing")
        assert response.error["nextStep"]


def test_a_role_is_a_whole_word(api: ApiClient) -> None:
    for role in ("administrator", "xadmin", "ADMIN", "office admin", " admin", "admin billing"):
        assert api.acting(role).delete("/stripe/connection").status == 403, role
