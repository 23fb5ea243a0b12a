"""Refusals by the API layer itself: each is a 4xx with a stable code, a next step, and a field where one is at
fault.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from chalice.app import Chalice

from chalicelib.api.models.invoice_query import ListedStatus
from tests.api.client import ApiClient, Response
from tests.world import World

LINE: dict[str, Any] = {"serviceId": "svc_1", "description": "Cleaning", "quantity": 1, "unitPrice": "75.00"}
INVOICE: dict[str, Any] = {"customerId": "cust_1", "lineItems": [LINE]}


def with_line(**changes: Any) -> dict[str, Any]:
    return {**INVOICE, "lineItems": [LINE, {**LINE, "serviceId": "svc_2", **changes}]}


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


FIELDS_OF_THE_FIRST_ERROR = ("code", "message", "field", "nextStep")


def assert_refused_with(response: Response, status: int, code: str, field: str | None = None) -> None:
    assert (response.status, response.code, response.error.get("field")) == (status, code, field)
    assert response.error["message"]
    assert response.error["nextStep"]
    assert response.error["requestId"]
    assert response.headers["content-type"] == "application/json"
    assert set(response.json) == {"error"}
    assert set(response.error) == {"code", "message", "field", "requestId", "nextStep", "details", "moreDetails"}
    first = response.error["details"][0]
    assert set(first) == {"code", "message", "field", "nextStep", "invoiceId", "number"}
    assert {name: first[name] for name in FIELDS_OF_THE_FIRST_ERROR} == {
        name: response.error[name] for name in FIELDS_OF_THE_FIRST_ERROR
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], None),
        ("text", None),
        (1, None),
        ({}, "customerId"),
        (without(INVOICE, "lineItems"), "lineItems"),
        ({**INVOICE, "surprise": 1}, "surprise"),
        ({**INVOICE, "customerId": 456}, "customerId"),
        ({**INVOICE, "customerId": None}, "customerId"),
        ({**INVOICE, "customerId": "service#1"}, "customerId"),
        ({**INVOICE, "customerId": "cust_1\n"}, "customerId"),
        ({**INVOICE, "customerId": ""}, "customerId"),
        ({**INVOICE, "lineItems": {}}, "lineItems"),
        ({**INVOICE, "lineItems": [1]}, "lineItems[0]"),
        ({**INVOICE, "send": "yes"}, "send"),
        ({**INVOICE, "send": 1}, "send"),
        ({**INVOICE, "dueDate": "tomorrow"}, "dueDate"),
        ({**INVOICE, "dueDate": "2026-02-30"}, "dueDate"),
        ({**INVOICE, "dueDate": 20261223}, "dueDate"),
        ({**INVOICE, "currency": "dollars"}, "currency"),
        ({**INVOICE, "memo": "x" * 501}, "memo"),
        ({**INVOICE, "memo": "a\x00b"}, "memo"),
        ({**INVOICE, "paymentMethods": "card"}, "paymentMethods"),
        ({**INVOICE, "paymentMethods": [1]}, "paymentMethods[0]"),
        ({**INVOICE, "tax": "9,00"}, "tax"),
        (with_line(surprise=True), "lineItems[1].surprise"),
        ({**INVOICE, "lineItems": [without(LINE, "unitPrice")]}, "lineItems[0].unitPrice"),
        (with_line(serviceId="request#1"), "lineItems[1].serviceId"),
        (with_line(description=""), "lineItems[1].description"),
        (with_line(description="a\nb"), "lineItems[1].description"),
        (with_line(quantity="one"), "lineItems[1].quantity"),
        (with_line(quantity=None), "lineItems[1].quantity"),
        (with_line(quantity=True), "lineItems[1].quantity"),
        (with_line(unitPrice="NaN"), "lineItems[1].unitPrice"),
        (with_line(unitPrice="Infinity"), "lineItems[1].unitPrice"),
        (with_line(unitPrice="1e3"), "lineItems[1].unitPrice"),
        (with_line(unitPrice="1_000"), "lineItems[1].unitPrice"),
        (with_line(unitPrice=" 75"), "lineItems[1].unitPrice"),
        (with_line(unitPrice="\u0667\u0665"), "lineItems[1].unitPrice"),
        (with_line(unitPrice=[75]), "lineItems[1].unitPrice"),
        (with_line(unitPrice={"amount": 75}), "lineItems[1].unitPrice"),
        (with_line(unitPrice=10**30), "lineItems[1].unitPrice"),
        (with_line(unitPrice="9" * 5000), "lineItems[1].unitPrice"),
        (with_line(taxable=None), "lineItems[1].taxable"),
    ],
)
def test_the_refusal_of_an_invalid_body_names_the_field(api: ApiClient, body: Any, field: str | None) -> None:
    assert_refused_with(api.post("/invoices", body), 400, "invalid_body", field)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'customerId': 1}",
        b"\xff\xfe",
        b'{"customerId": "\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"memo": "\\ud800"}',
        b'{"customerId": "cust_1", "lineItems": []} trailing',
        b'{"customerId": "cust_1", "lineItems": [{"unitPrice": NaN}]}',
        b'{"customerId": "cust_1", "lineItems": [{"unitPrice": 01}]}',
    ],
)
def test_a_body_that_is_not_json_is_malformed(api: ApiClient, body: bytes) -> None:
    assert_refused_with(api.post("/invoices", body), 400, "malformed_json")


@pytest.mark.parametrize("number", [b"1e400", b"1E+9999999999", b"-1e-5000", b"1" * 5000, b"[" * 50000])
def test_numbers_and_depths_that_break_parsers_are_refused(api: ApiClient, number: bytes) -> None:
    body = b'{"customerId": "cust_1", "lineItems": [{"serviceId": "s", "description": "d", "quantity": ' + number
    response = api.post("/invoices", body + b', "unitPrice": 1}]}')
    assert response.status == 400
    assert response.code in {"invalid_body", "malformed_json"}


def test_an_unknown_field_with_a_misleading_name_is_quoted_only_in_part(api: ApiClient) -> None:
    name = "x` - at `$.customerId`" + "y" * 500
    response = api.post("/invoices", {**INVOICE, name: 1})
    assert (response.status, response.code) == (400, "invalid_body")
    assert response.error["field"] == name[:100]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "text/plain, application/json",
        "application/json; charset=latin-1",
        "",
    ],
)
def test_another_media_type_is_refused(api: ApiClient, content_type: str) -> None:
    response = api.post("/invoices", INVOICE, headers={"Content-Type": content_type})
    assert_refused_with(response, 415, "unsupported_media_type", "Content-Type")


@pytest.mark.parametrize("content_type", ["application/json; charset=UTF-8", "Application/JSON"])
def test_every_spelling_of_the_json_media_type_is_accepted(api: ApiClient, content_type: str) -> None:
    response = api.post("/invoices", {}, headers={"Content-Type": content_type})
    assert response.code == "invalid_body"


def test_a_body_over_256_kib_is_too_large(api: ApiClient) -> None:
    limit = 256 * 1024
    assert_refused_with(api.post("/invoices", b" " * (limit + 1)), 413, "payload_too_large")
    assert api.post("/invoices", b" " * limit).code == "malformed_json"


def test_the_size_of_an_unexpected_body_is_checked_too(api: ApiClient) -> None:
    assert api.post("/invoices/inv_1/void", b" " * (256 * 1024 + 1)).status == 413


@pytest.mark.parametrize("key", ["", " ", "   ", "x" * 256, "naïve", "tab\there", "new\nline"])
def test_an_idempotency_key_is_printable_ascii_and_not_blank(api: ApiClient, key: str) -> None:
    response = api.post("/invoices", INVOICE, headers={"Idempotency-Key": key})
    assert_refused_with(response, 400, "invalid_idempotency_key", "Idempotency-Key")


@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/invoice-batches", "/v1/customer-imports"])
def test_an_idempotency_key_header_sent_twice_is_refused(app: Chalice, world: World, path: str) -> None:
    world.connect()
    values = {"Content-Type": ["application/json"], "Idempotency-Key": ["one", "two"]}
    event = {
        "requestContext": {
            "httpMethod": "POST",
            "resourcePath": path,
            "authorizer": {"organizationId": "org_blue", "userId": "user_1", "roles": "billing"},
        },
        "headers": {name: each[-1] for name, each in values.items()},
        "multiValueHeaders": values,
        "pathParameters": None,
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "body": json.dumps(INVOICE),
        "isBase64Encoded": False,
    }
    error = json.loads(app(event, None)["body"])["error"]
    assert "Idempotency-Key" in {each.get("field") for each in error["details"]}


@pytest.mark.parametrize("body", [b"", b" \n", b"{}"])
def test_an_empty_body_is_accepted_where_no_body_is_expected(api: ApiClient, body: bytes) -> None:
    assert api.post("/invoices/inv_1/void", body).code == "invoice_not_found"


@pytest.mark.parametrize("body", [b"[]", b"null", b"text", b'{"reason": "duplicate"}'])
def test_a_body_is_refused_where_none_is_expected(api: ApiClient, body: bytes) -> None:
    for response in (api.post("/invoices/inv_1/void", body), api.call("GET", "/invoices", body)):
        assert response.status == 400


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("first=0", "first"),
        ("first=101", "first"),
        ("first=ten", "first"),
        ("first=", "first"),
        ("after=", "after"),
        ("status=happy", "status"),
        ("overdue=maybe", "overdue"),
        ("customerId=a%23b", "customerId"),
        ("createdFrom=yesterday", "createdFrom"),
        ("createdFrom=2026-02-30", "createdFrom"),
        ("createdTo=2026-11-01T00:00:00", "createdTo"),
        ("createdTo=9999-12-31", "createdTo"),
        ("page=2", "page"),
        ("first=1&first=2", "first"),
        ("first=1e1", "first"),
        ("first=5.0", "first"),
        ("first=%2B5", "first"),
        ("overdue=1", "overdue"),
        ("overdue=TRUE", "overdue"),
        ("totals=0", "totals"),
        ("status=null", "status"),
        ("status=NULL", "status"),
    ],
)
def test_a_wrong_query_names_the_parameter(api: ApiClient, query: str, field: str) -> None:
    assert_refused_with(api.get(f"/invoices?{query}"), 400, "invalid_query", field)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/invoices?overdue=yes", "Expected true or false."),
        ("/payments?kind=fee", "Expected payment, refund or dispute."),
        ("/invoices?number=1&number=2", "This parameter is given twice."),
        ("/invoices?sort=number", "This parameter is unknown."),
    ],
)
def test_a_parameters_error_lists_the_allowed_values(api: ApiClient, path: str, message: str) -> None:
    assert api.get(path).error["message"] == message


def test_a_closed_sets_error_lists_its_values(api: ApiClient) -> None:
    message = api.get("/invoices?status=late").error["message"]
    assert message == f"Expected {', '.join(list(ListedStatus)[:-1])} or {list(ListedStatus)[-1]}."
    deduction = {"kind": "gift", "description": "Welcome", "amount": "5.00"}
    refusal = api.post("/invoices", {**INVOICE, "deductions": [deduction]})
    assert refusal.error["field"] == "deductions[0].kind"
    assert refusal.error["message"] == "Expected discount or credit."


@pytest.mark.parametrize("path", ["/invoices", "/payments"])
def test_a_cursor_that_pom_never_issued_is_refused(api: ApiClient, path: str) -> None:
    response = api.get(f"{path}?after=bm90b3Vycw")
    assert (response.status, response.code) == (422, "cursor_invalid")


@pytest.mark.parametrize("customer_id", ["a%23b", "a%2Fb", "%00", "x" * 129, "caf%C3%A9", "a%20b", "%0A"])
def test_a_path_accepts_only_ids(api: ApiClient, customer_id: str) -> None:
    assert_refused_with(api.put(f"/customers/{customer_id}", {}), 400, "invalid_id", "customerId")


def test_an_unsupported_method_is_refused(api: ApiClient) -> None:
    response = api.call("PATCH", "/invoices", {})
    assert_refused_with(response, 405, "method_not_allowed")
    assert "POST" in response.headers["allow"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reminders": {"enabled": "yes"}}, "reminders.enabled"),
        ({"reminders": {"daysBeforeDue": ["3"]}}, "reminders.daysBeforeDue[0]"),
        ({"reminders": {"daily": True}}, "reminders.daily"),
        ({"paymentWindow": 1.5}, "paymentWindow"),
        ({"timeZone": 5}, "timeZone"),
        ({"version": 3}, "version"),
    ],
)
def test_settings_of_the_wrong_shape_name_the_field(api: ApiClient, body: Any, field: str) -> None:
    assert_refused_with(api.admin.put("/settings/invoicing", body), 400, "invalid_body", field)


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"email": "not an address"}, 422, "email_invalid", "email"),
        ({"email": 5}, 400, "invalid_body", "email"),
        ({"address": {"zip": "1"}}, 400, "invalid_body", "address.zip"),
        ({"stripeCustomerId": "acct_1"}, 400, "invalid_body", "stripeCustomerId"),
        ({"firstName": "x" * 257}, 400, "invalid_body", "firstName"),
    ],
)
def test_customers_of_the_wrong_shape_name_the_field(
    api: ApiClient, body: Any, status: int, code: str, field: str
) -> None:
    assert_refused_with(api.put("/customers/cust_1", body), status, code, field)


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"lineItems": []}, 422, "lines_missing", "lineItems"),
        (
            {"lineItems": [{**LINE, "serviceId": f"svc_{n}"} for n in range(251)]},
            422,
            "lines_too_many",
            "lineItems",
        ),
        ({"lineItems": [{**LINE, "unitPrice": "-1"}]}, 422, "amount_negative", "lineItems[0].unitPrice"),
        ({"lineItems": [{**LINE, "unitPrice": 75.001}]}, 422, "amount_too_precise", "lineItems[0].unitPrice"),
        ({"lineItems": [{**LINE, "quantity": 0}]}, 422, "quantity_invalid", "lineItems[0].quantity"),
        ({"lineItems": [{**LINE, "currency": "EUR"}]}, 422, "currency_mixed", "lineItems[0].currency"),
        ({"currency": "xxx"}, 422, "currency_unsupported", "currency"),
        ({"dueDate": "2020-01-01"}, 422, "due_date_in_past", "dueDate"),
        ({"customerId": "cust_unknown"}, 404, "customer_not_found", "customerId"),
        ({"invoiceType": "paper"}, 422, "invoice_type_unknown", "invoiceType"),
        ({"paymentTerms": "someday"}, 422, "payment_terms_unknown", "paymentTerms"),
    ],
)
def test_a_request_that_breaks_a_rule_names_its_field(
    api: ApiClient, world: World, changes: dict[str, Any], status: int, code: str, field: str
) -> None:
    world.connect()
    world.customer()
    response = api.post("/invoices", {**INVOICE, **changes})
    assert (response.status, response.code, response.error.get("field")) == (status, code, field)


def test_an_organization_that_is_not_connected_cannot_invoice(api: ApiClient, world: World) -> None:
    world.customer()
    assert_refused_with(api.post("/invoices", INVOICE), 409, "stripe_not_connected")


def test_a_customer_without_email_cannot_be_invoiced(api: ApiClient, world: World) -> None:
    world.connect()
    world.customer(email=None)
    assert_refused_with(api.post("/invoices", INVOICE), 422, "customer_email_missing", "customerId")


def test_a_service_that_is_already_billed_names_its_invoice(api: ApiClient, world: World) -> None:
    world.connect()
    world.customer()
    first = api.post("/invoices", INVOICE)
    again = api.post("/invoices", INVOICE)
    assert (first.status, again.status, again.code) == (201, 409, "service_already_billed")
    [detail] = again.error["details"]
    assert (detail["invoiceId"], detail["number"]) == (first.json["id"], first.json["number"])
    assert first.json["number"] in again.error["message"]


def test_ids_of_another_organization_are_not_found(api: ApiClient, world: World) -> None:
    world.connect()
    world.customer()
    invoice_id = api.post("/invoices", INVOICE).json["id"]
    other_organization = api.acting("admin", organization="org_green")
    for method, path in (
        ("GET", f"/invoices/{invoice_id}"),
        ("GET", f"/invoices/{invoice_id}/history"),
        ("GET", f"/invoices/{invoice_id}/events"),
        ("POST", f"/invoices/{invoice_id}/send"),
        ("POST", f"/invoices/{invoice_id}/void"),
        ("POST", f"/invoices/{invoice_id}/refresh"),
        ("GET", "/customers/cust_1"),
    ):
        assert other_organization.call(method, path).status == 404, path
    assert other_organization.get("/invoices").json["data"] == []
    assert other_organization.get("/payments").json["data"] == []
    assert other_organization.get("/customers").json["data"] == []
