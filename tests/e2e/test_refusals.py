"""Refused requests: each has a stable code, the field and a next step, and leaves nothing half done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.demo.http import request
from infra.local.stack import LocalStack
from tests.e2e.company import Company, line, order, refused, send_bytes


def posted(company: Company, body: bytes, **headers: str) -> Any:
    sent = {
        "Authorization": f"Bearer {company.token('user_office', 'billing')}",
        "Content-Type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return send_bytes("POST", f"{company.stack.urls.api}/v1/invoices", body, sent)


MALFORMED: dict[str, tuple[bytes, str, str | None]] = {
    "no body": (b"", "malformed_json", None),
    "cut off": (json.dumps(order("s")).encode()[:-1], "malformed_json", None),
    "not JSON": (b"customerId=cust_1", "malformed_json", None),
    "not UTF-8": (b'{"customerId": "\xff"}', "malformed_json", None),
    "nested without end": (b"[" * 100_000, "invalid_body", None),
    "a list": (b"[]", "invalid_body", None),
    "NaN": (b'{"customerId": "cust_1", "lineItems": [], "tax": NaN}', "malformed_json", None),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_body_that_is_not_one_json_object_is_refused(company: Company, case: str) -> None:
    body, code, field = MALFORMED[case]

    with company.unchanged():
        refused(posted(company, body), 400, code, field)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in order("s").items() if key != name}


ILL_SHAPED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown field": (order("s", discount=5), "discount"),
    "unknown field in a line": (order(lineItems=[line("s", price="1")]), "lineItems[0].price"),
    "customer missing": (without("customerId"), "customerId"),
    "lines missing": (without("lineItems"), "lineItems"),
    "price missing": (order(lineItems=[line("a"), {"serviceId": "s"}]), "lineItems[1].description"),
    "customer a number": (order("s", customerId=456), "customerId"),
    "lines an object": (order(lineItems={}), "lineItems"),
    "send a text": (order("s", send="yes"), "send"),
    "price a word": (order(lineItems=[line("s", unitPrice="much")]), "lineItems[0].unitPrice"),
    "price with exponent": (order(lineItems=[line("s", unitPrice="1e3")]), "lineItems[0].unitPrice"),
    "price NaN": (order(lineItems=[line("s", unitPrice="NaN")]), "lineItems[0].unitPrice"),
    "quantity a truth": (order(lineItems=[line("s", quantity=True)]), "lineItems[0].quantity"),
    "due date not a day": (order("s", dueDate="2026-02-30"), "dueDate"),
    "currency too long": (order("s", currency="dollars"), "currency"),
    "id with a slash": (order("s", customerId="cust/1"), "customerId"),
    "description with a control character": (
        order(lineItems=[line("s", description="a\x00b")]), "lineItems[0].description",
    ),
    "memo too long": (order("s", memo="m" * 501), "memo"),
}  # fmt: skip


@pytest.mark.parametrize("case", ILL_SHAPED)
def test_the_refusal_of_an_invalid_body_names_the_field(company: Company, case: str) -> None:
    body, field = ILL_SHAPED[case]

    with company.unchanged():
        refused(company.office.call("POST", "/invoices", body), 400, "invalid_body", field)


BREAKING_RULES: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "negative price": (
        order(lineItems=[line("s", unitPrice="-75.00")]), "amount_negative", "lineItems[0].unitPrice",
    ),
    "price too precise": (
        order(lineItems=[line("s", unitPrice="75.001")]), "amount_too_precise", "lineItems[0].unitPrice",
    ),
    "yen with decimals": (
        order(currency="jpy", lineItems=[line("s", unitPrice="75.50")]),
        "amount_too_precise", "lineItems[0].unitPrice",
    ),
    "dinars with a third decimal that is not 0": (
        order(currency="kwd", lineItems=[line("s", unitPrice="1.255")]),
        "amount_too_precise", "lineItems[0].unitPrice",
    ),
    "price too large": (
        order(lineItems=[line("s", unitPrice="99999999999.00")]), "amount_too_large", "lineItems[0].unitPrice",
    ),
    "product too large": (
        order(lineItems=[line("s", unitPrice="900000.00", quantity=100_000)]), "amount_too_large", "lineItems[0]",
    ),
    "total too large": (
        order(lineItems=[line("s", unitPrice="600000.00"), line("t", unitPrice="600000.00")]),
        "amount_too_large", "lineItems",
    ),
    "quantity zero": (order(lineItems=[line("s", quantity=0)]), "quantity_invalid", "lineItems[0].quantity"),
    "quantity negative": (order(lineItems=[line("s", quantity=-1)]), "quantity_invalid", "lineItems[0].quantity"),
    "quantity too precise": (
        order(lineItems=[line("s", quantity="0.00001")]), "quantity_too_precise", "lineItems[0].quantity",
    ),
    "tax negative": (order("s", tax="-1.00"), "amount_negative", "tax"),
    "no line": (order(), "lines_missing", "lineItems"),
    "251 lines": (order(*(f"s{n}" for n in range(251))), "lines_too_many", "lineItems"),
    "250 lines and tax": (order(*(f"s{n}" for n in range(250)), tax="1.00"), "lines_too_many", "lineItems"),
    "service twice": (order("s", "s"), "service_repeated", "lineItems[1].serviceId"),
    "currencies mixed": (
        order(lineItems=[line("s"), line("t", currency="eur")]), "currency_mixed", "lineItems[1].currency",
    ),
    "line in another currency than the invoice": (
        order(currency="eur", lineItems=[line("s", currency="usd")]), "currency_mixed", "lineItems[0].currency",
    ),
    "currency unknown": (order("s", currency="xxx"), "currency_unsupported", "currency"),
    "due date past": (order("s", dueDate="2020-01-01"), "due_date_in_past", "dueDate"),
    "due date too far": (order("s", dueDate="2999-01-01"), "due_date_too_far", "dueDate"),
    "due date and terms": (
        order("s", dueDate="2999-01-01", paymentTerms="net_30"), "due_date_and_terms", "dueDate",
    ),
    "terms unknown": (order("s", paymentTerms="net_31"), "payment_terms_unknown", "paymentTerms"),
    "invoice type unknown": (order("s", invoiceType="paper"), "invoice_type_unknown", "invoiceType"),
    "payment method unknown": (
        order("s", paymentMethods=["card", "shells"]), "payment_method_unknown", "paymentMethods[1]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BREAKING_RULES)
def test_an_order_that_breaks_a_rule_creates_nothing(company: Company, case: str) -> None:
    body, code, field = BREAKING_RULES[case]

    with company.unchanged():
        refused(company.office.call("POST", "/invoices", body), 422, code, field)


def test_services_of_refused_orders_can_still_be_billed(company: Company) -> None:
    for body, code, field in BREAKING_RULES.values():
        refused(company.office.call("POST", "/invoices", body), 422, code, field)

    service = company.bill("s", "t", *(f"s{n}" for n in range(3)))

    assert service.status == 201, service.text


def test_an_order_for_an_unknown_customer_is_refused(company: Company) -> None:
    with company.unchanged():
        refused(company.bill("u", customerId="cust_nobody"), 404, "customer_not_found", "customerId")


def test_the_refusal_of_a_billed_service_names_its_invoice(company: Company) -> None:
    first = company.bill("double", key="first").json

    with company.unchanged():
        refusal = refused(company.bill("other", "double"), 409, "service_already_billed", "lineItems[1].serviceId")

    assert "double" in refusal["message"]
    assert first["number"] in refusal["message"]
    assert company.bill("other").status == 201, "the service beside it was not claimed"


def test_an_idempotency_key_cannot_be_used_for_another_order(company: Company) -> None:
    assert company.bill("k1", key="one-key").status == 201

    with company.unchanged():
        refused(company.bill("k2", key="one-key"), 409, "idempotency_key_reused", "Idempotency-Key")


@pytest.mark.parametrize("key", ["", "   ", "k" * 256, "\u00e9"])
def test_an_invalid_idempotency_key_is_refused(company: Company, key: str) -> None:
    answer = posted(company, json.dumps(order("k3")).encode(), Idempotency_Key=key)

    refused(answer, 400, "invalid_idempotency_key", "Idempotency-Key")


def test_a_customer_without_email_cannot_be_billed(company: Company) -> None:
    company.customer("cust_silent", email=None)

    with company.unchanged():
        refused(company.bill("w", customerId="cust_silent"), 422, "customer_email_missing", "customerId")


@pytest.mark.parametrize("email", ["ann", "ann@", "a b@example.com", "ann@example..com", "@example.com", "x@y@z.com"])
def test_an_invalid_email_is_refused_when_the_customer_is_saved(company: Company, email: str) -> None:
    answer = company.office.call("PUT", "/customers/cust_broken", {"email": email})

    refused(answer, 422, "email_invalid", "email")
    refused(company.office.call("GET", "/customers/cust_broken"), 404, "customer_not_found", "customerId")


def test_an_organization_that_is_not_connected_cannot_bill(newcomer: Company) -> None:
    newcomer.customer()

    refused(newcomer.bill("n"), 409, "stripe_not_connected")

    assert newcomer.holdings() == ([], [], [])


def test_a_business_that_is_not_verified_can_draft_but_not_send(stack: LocalStack) -> None:
    unverified = Company(stack, charges_enabled=False, currently_due=["external_account"]).connect()
    unverified.customer()

    invoice = unverified.member.get("/stripe/connection")
    refusal = refused(unverified.bill("v"), 422, "stripe_account_not_ready")
    draft = unverified.bill("v", send=False)

    assert invoice["status"] == "action_required"
    assert [each["field"] for each in invoice["requirements"]] == ["external_account"]
    assert "bank account" in refusal["message"]
    assert (draft.status, draft.json["status"]) == (201, "draft")
    sending = unverified.office.call("POST", f"/invoices/{draft.json['id']}/send")
    refused(sending, 422, "stripe_account_not_ready")
    assert unverified.invoice(draft.json["id"])["status"] == "draft"
    assert [each["status"] for each in unverified.in_stripe()] == ["draft"]


ADMIN_ONLY = [
    ("POST", "/stripe/connection"),
    ("POST", "/stripe/connection/complete"),
    ("DELETE", "/stripe/connection"),
    ("PUT", "/settings/invoicing"),
]
BILLING_ONLY = [
    ("POST", "/invoices"),
    ("POST", "/invoices/inv_1/send"),
    ("POST", "/invoices/inv_1/void"),
    ("POST", "/invoices/inv_1/refresh"),
    ("PUT", "/customers/cust_1"),
    ("GET", "/customers/cust_1"),
    ("GET", "/customers"),
]


@pytest.mark.parametrize(("method", "path"), [*ADMIN_ONLY, *BILLING_ONLY])
def test_a_member_cannot_call_routes_of_the_billing_role(company: Company, method: str, path: str) -> None:
    with company.unchanged():
        refused(company.member.call(method, path, {}), 403, "role_missing")


@pytest.mark.parametrize(("method", "path"), ADMIN_ONLY)
def test_the_billing_role_cannot_change_settings(company: Company, method: str, path: str) -> None:
    refused(company.office.call(method, path, {}), 403, "role_missing")
    assert company.member.get("/stripe/connection")["status"] == "connected"


def test_ids_of_another_organization_get_the_response_of_unknown_ids(company: Company, stack: LocalStack) -> None:
    other = Company(stack).connect()
    other.customer("cust_theirs")
    theirs = other.bill("theirs", customerId="cust_theirs").json["id"]
    other.all_delivered()
    before = other.invoice(theirs)

    with company.unchanged(), other.unchanged():
        for method, path in (
            ("GET", f"/invoices/{theirs}"),
            ("GET", f"/invoices/{theirs}/history"),
            ("GET", f"/invoices/{theirs}/events"),
            ("POST", f"/invoices/{theirs}/send"),
            ("POST", f"/invoices/{theirs}/void"),
            ("POST", f"/invoices/{theirs}/refresh"),
        ):
            refused(company.office.call(method, path), 404, "invoice_not_found", "invoiceId")
        refused(company.office.call("GET", "/customers/cust_theirs"), 404, "customer_not_found", "customerId")
        refused(company.bill("x", customerId="cust_theirs"), 404, "customer_not_found", "customerId")
    assert other.invoice(theirs) == before
    assert company.bill("theirs").status == 201, "services are each organization's own"


def test_a_body_that_is_too_large_is_refused(company: Company) -> None:
    body = json.dumps(order("l", memo="m" * 300_000)).encode()

    with company.unchanged():
        refused(posted(company, body), 413, "payload_too_large")
        refused(posted(company, b" " * (11 * 1024 * 1024)), 413, "payload_too_large")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "multipart/x"]
)
def test_a_body_with_another_content_type_is_refused(company: Company, kind: str) -> None:
    with company.unchanged():
        answer = posted(company, json.dumps(order("t")).encode(), Content_Type=kind)
        refused(answer, 415, "unsupported_media_type", "Content-Type")


def test_unknown_paths_get_404_and_unknown_methods_405(company: Company) -> None:
    nowhere = company.office.call("GET", "/bills")
    wrong = company.office.call("DELETE", "/invoices")

    assert nowhere.status == 404
    assert nowhere.json["error"]["nextStep"]
    refused(wrong, 405, "method_not_allowed")
    outside = request("GET", f"{company.stack.urls.api}/admin")
    assert outside.status == 404
    assert outside.json["error"]["requestId"]


@pytest.mark.parametrize(
    "query", ["first=0", "first=101", "first=many", "status=late", "colour=blue", "first=1&first=2"]
)
def test_an_invalid_query_is_refused(company: Company, query: str) -> None:
    refused(company.member.call("GET", f"/invoices?{query}"), 400, "invalid_query", query.split("=")[0])


def test_an_invalid_cursor_is_refused(company: Company) -> None:
    refused(company.member.call("GET", "/invoices?after=bm9ib2R5"), 422, "cursor_invalid", "after")


def test_an_invalid_id_in_the_path_is_refused(company: Company) -> None:
    refused(company.member.call("GET", "/invoices/inv%201"), 400, "invalid_id", "invoiceId")
