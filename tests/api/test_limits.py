"""The limits in the OpenAPI document are those of the code. Every limit is tested, and none is repeated here."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from chalicelib.api import blueprints
from chalicelib.api.http.route_table import ROUTES, Route
from chalicelib.api.models.new_invoices import DraftOrder, NewInvoice
from chalicelib.api.openapi_document import document
from tests.api.client import ApiClient, Response
from tests.api.schema_edges import MISSING, Edge, Json, Path, edges, with_value
from tests.world import World, line

assert blueprints
DOCUMENT = document(ROUTES)
SCHEMAS: Json = DOCUMENT["components"]["schemas"]
CURRENCIES = ("usd", "jpy")
"""Limits of amounts depend on the currency. The schema has the widest limit."""

NOT_LIMITS = {
    "amount_not_what_remains",
    "currency_mixed",
    "currency_unsupported",
    "deductions_too_large",
    "payment_method_currency",
    "refund_exceeds_payment",
    "cursor_invalid",
    "state_unknown",
    "stripe_customer_unknown",
    "time_zone_unknown",
}
"""Codes of well-formed values that are refused because of other fields, stored data or Stripe."""


def operation(route: Route) -> Json:
    operation_json: Json = DOCUMENT["paths"][route.path][route.method.lower()]
    return operation_json


WITH_BODY = [route for route in ROUTES if route.has_body]
WITH_PARAMETERS = [route for route in ROUTES if operation(route)["parameters"] and not route.raw_body]


@pytest.fixture
def office(api: ApiClient, world: World) -> ApiClient:
    """Returns an admin's client of a connected company. Orders create drafts, so that no email is sent."""
    world.connect()
    for customer_id in ("cust_456", "cust_457"):
        world.customer(customer_id)
    return api.admin


def refused_fields(response: Response) -> set[str]:
    """Returns the fields that a 400 or 422 names because of a limit."""
    details = response.error["details"] if response.status in (400, 422) else []
    return {each["field"] or "" for each in details if each["code"] not in NOT_LIMITS}


def bodies(route: Route, example: Json, edge: Edge) -> list[Json]:
    """Returns the example with the edge's value inserted, once for each currency that may matter."""
    if edge.value is MISSING:
        parent: Path = edge.path[:-1]
        inner: Any = example
        for step in parent:
            inner = inner[step]
        return [with_value(example, parent, {name: each for name, each in inner.items() if name != edge.path[-1]})]
    if not route.path.startswith(("/v1/invoice", "/v1/payments")):
        return [with_value(example, edge.path, edge.value)]
    bodies = []
    for currency in CURRENCIES:
        body: Json = {name: value for name, value in example.items() if name not in ("currency", "tax")}
        lines = "services" if "services" in body else "lineItems"
        if lines in body:
            body[lines] = [{**line, "unitPrice": "75", "quantity": "1", "currency": currency} for line in body[lines]]
            body |= {"currency": currency} if route.takes is NewInvoice else {}
        if edge.path[0] == "lineItems":
            body.pop("deductions")  # because each deduction names one of the lines
        if edge.path == ("deductions",):
            body["lineItems"] = body["lineItems"][:1]
        if edge.path[0] in ("dueDate", "paymentTerms"):
            body = {name: value for name, value in body.items() if name not in ("dueDate", "paymentTerms")}
        if edge.path[-1] == "currency":
            body[lines] = [{name: each for name, each in line.items() if name != "currency"} for line in body[lines]]
            body.pop("currency", None)
        bodies.append(with_value(body, edge.path, edge.value))
    return bodies


@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: route.label)
def test_a_body_is_accepted_up_to_each_documented_limit_and_no_further(
    office: ApiClient, world: World, route: Route
) -> None:
    content = operation(route)["requestBody"]["content"]["application/json"]
    edges_of_body = list(edges(content["schema"], content["example"], SCHEMAS))
    assert {edge.accepted for edge in edges_of_body} == {True, False}
    wrong = []
    for edge in edges_of_body:
        tries = zip(bodies(route, content["example"], edge), CURRENCIES, strict=False)
        responses = [
            office.call(
                route.method,
                path_with_ids(route, **ids_for(route, currency, world)),
                body,
                headers=headers_for(route),
            )
            for body, currency in tries
        ]
        assert all(response.status < 500 and "regex" not in response.text for response in responses), edge
        fields = edge.fields | ({"lineItems"} if edge.field == "deductions" else set())  # deductions become lines too
        refusals = [bool(fields & refused_fields(response)) for response in responses]
        if edge.accepted is all(refusals):
            wrong.append(f"{edge.field}: {str(edge.value)[:50]!r} valid={edge.accepted}: {responses[0].text[:150]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("route", WITH_PARAMETERS, ids=lambda route: route.label)
def test_parameters_are_accepted_up_to_each_documented_limit_and_no_further(office: ApiClient, route: Route) -> None:
    wrong = []
    for parameter in operation(route)["parameters"]:
        for edge in edges(parameter["schema"], None, SCHEMAS, (parameter["name"],)):
            if parameter["in"] == "path" and edge.value == "":
                continue  # An empty id makes another path.
            response = with_parameter(office, route, parameter, edge.value)
            assert response.status < 500, edge
            assert "regex" not in response.text, edge
            if edge.accepted is (response.status == 400 and edge.fields & refused_fields(response) != set()):
                wrong.append(f"{edge.field}: {str(edge.value)[:50]!r} valid={edge.accepted}: {response.text[:200]}")
    assert not wrong, "\n".join(wrong)


def with_parameter(office: ApiClient, route: Route, parameter: Json, value: Any) -> Response:
    example = operation(route).get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if parameter["in"] == "header":
        return office.call(route.method, path_with_ids(route), example, headers={parameter["name"]: text})
    if parameter["in"] == "path":
        path = path_with_ids(route, **{parameter["name"]: quote(text, safe="")})
        return office.call(route.method, path, example, headers=headers_for(route))
    return office.call(route.method, f"{path_with_ids(route)}?{urlencode({parameter['name']: text})}", example)


def ids_for(route: Route, currency: str, world: World) -> dict[str, str]:
    """Returns the ids of a new invoice for each attempt, because an attempt may settle or void the invoice.

    The invoice is a draft if the route edits drafts, and is paid if the route is about a payment. Otherwise it is
    sent.
    """
    if "{invoiceId}" not in route.path and "{paymentId}" not in route.path:
        return {}
    world.customer()
    lines = (line(f"svc_{world.ports.clock.nonce()}", "7500"),)
    invoice = world.invoice(line_items=lines, currency=currency, send=route.takes is not DraftOrder)
    if "{invoiceId}" in route.path:
        return {"invoiceId": invoice.id}
    payment_id = world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id), "pm_card_visa")
    return {"paymentId": str(payment_id["payment_intent"])}


def headers_for(route: Route) -> dict[str, str]:
    return {"Idempotency-Key": "once"} if route.requires_idempotency_key else {}


def path_with_ids(route: Route, **ids: str) -> str:
    """Returns the route's path without its prefix, with ids inserted."""
    path = route.path.removeprefix("/v1")
    for name in ("customerId", "invoiceId", "batchId", "importId", "paymentId", "payoutId"):
        path = path.replace(f"{{{name}}}", ids.get(name, "cust_456"))
    return path
