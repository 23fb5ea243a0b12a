"""JSON numbers that no field accepts: out of range, infinite, or with an exponent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.api.http.route_table import Route
from tests.api.client import ApiClient
from tests.api.schema_edges import MISSING, Path, edges, with_value
from tests.api.test_limits import SCHEMAS, WITH_BODY, ids_for, office, operation, path_with_ids
from tests.world import World

__all__ = ["office"]
NUMBERS = (
    "1e400",
    "-1e400",
    "1e999999999999",
    "9" * 400,
    "-" + "9" * 5000,
    "1" + "0" * 30,
    "-0",
    "0e999",
    "0.0" + "1" * 5000,
)


def places(route: Route) -> list[tuple[Any, Path]]:
    """Returns an example body of the route, and the path of each documented value in it, including the body
    itself.
    """
    content = operation(route)["requestBody"]["content"]["application/json"]
    example = content["example"]
    documented_paths = {edge.path for edge in edges(content["schema"], example, SCHEMAS) if edge.value is not MISSING}
    readonly: set[Path] = {("updatedAt",)}
    if "customers" in example:
        readonly = {("customers", 0), *(("customers", 0, name) for name in ("id", "phone", "updatedAt", "history"))}
    return [(example, place) for place in sorted(documented_paths | readonly | {()}, key=str)]


@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: route.label)
def test_no_number_in_a_body_causes_a_5xx_response(office: ApiClient, world: World, route: Route) -> None:
    path = path_with_ids(route, **ids_for(route, "usd", world))
    for example, place in places(route):
        for number in NUMBERS:
            body = json.dumps(with_value(example, place, "NUMBER")).replace('"NUMBER"', number)
            response = office.call(route.method, path, body.encode())
            assert response.status < 500, (place, number[:20], response.text)


@pytest.mark.parametrize(
    "written", ["100", "1E+2", "1e2", "100.0", "1.00e2", "1000e-1", "100.000000000000000000", "10e001"]
)
def test_equal_amounts_in_different_json_notations_are_equal(office: ApiClient, written: str) -> None:
    line = '{"serviceId":"svc_1","description":"Cleaning","quantity":%s,"unitPrice":%s}'
    body = '{"customerId":"cust_456","send":false,"lineItems":[%s]}' % (line % (written, written))
    headers = {"Idempotency-Key": "key"}
    response = office.post("/invoices", body.encode(), headers=headers)
    assert (response.status, response.json["total"]) == (201, "10000.00")
    plain = office.post("/invoices", body.replace(written, "100").encode(), headers=headers)
    assert plain.json["id"] == response.json["id"], "both bodies are one request"


@pytest.mark.parametrize("written", ["75.001", "75.000000000000000000001", "7.5001e1", "-1e-5"])
def test_an_amount_is_never_rounded(office: ApiClient, written: str) -> None:
    line = '{"serviceId":"svc_1","description":"Cleaning","quantity":1,"unitPrice":%s}'
    body = '{"customerId":"cust_456","send":false,"lineItems":[%s]}' % (line % written)
    response = office.post("/invoices", body.encode())
    assert response.status in (400, 422)
    assert response.error["field"] == "lineItems[0].unitPrice"
