"""Refunds over HTTP: the response, the idempotency key, and a next step in every refusal."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.api.examples import RESPONSES
from tests.api.client import ApiClient, Response
from tests.world import World


class Office:
    """An admin of a connected company, whose customer has paid an invoice of 75.00 by card."""

    def __init__(self, api: ApiClient, world: World) -> None:
        self.world, self.api = world, api
        self.account = world.connect()
        world.customer()
        self.invoice = world.invoice()
        stripe_id = str(self.invoice.stripe_invoice_id)
        self.payment_id = str(world.double.pay(self.account, stripe_id, "pm_card_visa")["payment_intent"])
        world.deliver()

    def post_refund(self, body: Any = None, key: str | None = "once", payment_id: str | None = None) -> Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        path = f"/payments/{payment_id or self.payment_id}/refunds"
        return self.api.admin.post(path, {} if body is None else body, headers=headers)

    def invoice_json(self) -> dict[str, Any]:
        return dict(self.api.get(f"/invoices/{self.invoice.id}").json)


@pytest.fixture
def office(api: ApiClient, world: World) -> Office:
    return Office(api, world)


def test_a_refund_is_returned_with_its_fields(office: Office) -> None:
    response = office.post_refund({"amount": "20.00", "reason": "requested_by_customer"})
    assert response.status == 201
    [stripe_refund] = office.world.in_stripe(office.account, "refund")
    assert response.json == {
        "id": stripe_refund["id"],
        "status": "succeeded",
        "amount": "20.00",
        "currency": "usd",
        "reason": "requested_by_customer",
        "paymentId": office.payment_id,
        "invoiceId": office.invoice.id,
    }


def test_an_invoice_becomes_partially_refunded_and_then_refunded(office: Office) -> None:
    office.post_refund({"amount": 20}, key="part")
    assert (office.invoice_json()["status"], office.invoice_json()["partiallyRefunded"]) == ("paid", True)
    remainder = office.post_refund(key="rest")
    assert remainder.json["amount"] == "55.00"
    assert (office.invoice_json()["status"], office.invoice_json()["partiallyRefunded"]) == ("refunded", False)
    assert office.invoice_json()["refundedAmount"] == "75.00"


def test_a_refund_without_an_idempotency_key_is_refused_with_the_reason(office: Office) -> None:
    response = office.post_refund(key=None)
    assert (response.status, response.code, response.error["field"]) == (
        400,
        "idempotency_key_missing",
        "Idempotency-Key",
    )
    assert "pay twice" in response.error["message"]
    assert "UUID" in response.error["nextStep"]
    assert office.world.in_stripe(office.account, "refund") == []


def test_a_missing_key_is_reported_together_with_errors_in_the_body(office: Office) -> None:
    response = office.post_refund({"amount": "much"}, key=None)
    assert [each["field"] for each in response.error["details"]] == ["amount", "Idempotency-Key"]


def test_a_double_click_refunds_once(office: Office) -> None:
    first, second = office.post_refund({"amount": "25.00"}), office.post_refund({"amount": 25})
    assert (first.status, second.status) == (201, 201)
    assert first.json == second.json
    assert len(office.world.in_stripe(office.account, "refund")) == 1


def test_the_same_key_with_another_body_is_a_conflict(office: Office) -> None:
    office.post_refund({"amount": "25.00"})
    response = office.post_refund({"amount": "30.00"})
    assert (response.status, response.code, response.error["field"]) == (
        409,
        "idempotency_key_reused",
        "Idempotency-Key",
    )
    assert response.error["nextStep"]


def assert_listed_as_requested(office: Office) -> None:
    """Fails unless the invoice lists the requested refund and the amount that can still be refunded."""
    invoice_json = office.invoice_json()
    [payment] = invoice_json["payments"]
    [refund] = payment["refunds"]
    assert (refund["id"], refund["status"], refund["amount"]) == (None, "requested", "25.00")
    assert payment["refundable"] == "50.00"
    assert [entry["kind"] for entry in invoice_json["history"]][-1] == "refund_requested"
    assert "A refund of 25.00 USD was ordered" in invoice_json["explanation"]


def test_a_refund_that_stripe_has_not_confirmed_is_202_and_a_repeat_returns_its_outcome(office: Office) -> None:
    office.world.double.order_fault("close_after", method="POST", path="/v1/refunds", count=4)
    response = office.post_refund({"amount": "25.00"})
    assert response.status == 202
    assert response.json == {
        **RESPONSES["refund_payment", 202]["not answered yet"],
        "amount": "25.00",
        "reason": None,
        "paymentId": office.payment_id,
        "invoiceId": office.invoice.id,
    }
    assert (response.json["id"], response.json["status"]) == (None, "requested")
    assert_listed_as_requested(office)
    office.world.double.clear_faults()
    office.world.advance(121)
    office.world.resume()
    again = office.post_refund({"amount": "25.00"})
    assert (again.status, again.json["status"]) == (201, "succeeded")
    assert len(office.world.in_stripe(office.account, "refund")) == 1


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"amount": "75.01"}, 422, "refund_exceeds_payment", "amount"),
        ({"amount": "0"}, 422, "amount_zero", "amount"),
        ({"amount": "1.234"}, 422, "amount_too_precise", "amount"),
        ({"reason": "unhappy"}, 422, "refund_reason_unknown", "reason"),
        ({"sum": "1.00"}, 400, "invalid_body", "sum"),
    ],
)
def test_a_refused_refund_names_the_field_and_a_next_step(
    office: Office, body: Any, status: int, code: str, field: str
) -> None:
    response = office.post_refund(body)
    assert (response.status, response.code, response.error["field"]) == (status, code, field)
    assert response.error["nextStep"]
    assert office.world.in_stripe(office.account, "refund") == []


def test_a_wrong_amount_and_a_wrong_reason_are_reported_together(office: Office) -> None:
    response = office.post_refund({"amount": "1.234", "reason": "unhappy"})
    assert [each["code"] for each in response.error["details"]] == ["amount_too_precise", "refund_reason_unknown"]


def test_a_refund_of_an_unknown_payment_is_refused_as_not_found(office: Office) -> None:
    response = office.post_refund(payment_id="pi_unknown")
    assert (response.status, response.code, response.error["field"]) == (404, "payment_not_found", "paymentId")
    assert response.error["nextStep"]


def test_only_an_admin_refunds(office: Office) -> None:
    path = f"/payments/{office.payment_id}/refunds"
    response = office.api.acting("billing").post(path, {}, headers={"Idempotency-Key": "once"})
    assert (response.status, response.code) == (403, "role_missing")
    assert office.world.in_stripe(office.account, "refund") == []
