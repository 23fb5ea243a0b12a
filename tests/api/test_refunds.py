"""Refunds over HTTP: what is answered, what the key is for, and that every refusal says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.api.examples import RESPONSES
from tests.api.client import Answer, ApiClient
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

    def refunds(self, body: Any = None, key: str | None = "once", payment_id: str | None = None) -> Answer:
        headers = {} if key is None else {"Idempotency-Key": key}
        path = f"/payments/{payment_id or self.payment_id}/refunds"
        return self.api.admin.post(path, {} if body is None else body, headers=headers)

    def seen(self) -> dict[str, Any]:
        return dict(self.api.get(f"/invoices/{self.invoice.id}").json)


@pytest.fixture
def office(api: ApiClient, world: World) -> Office:
    return Office(api, world)


def test_a_refund_is_answered_with_its_fields(office: Office) -> None:
    answer = office.refunds({"amount": "20.00", "reason": "requested_by_customer"})
    assert answer.status == 201
    [made] = office.world.in_stripe(office.account, "refund")
    assert answer.json == {
        "id": made["id"],
        "status": "succeeded",
        "amount": "20.00",
        "currency": "usd",
        "reason": "requested_by_customer",
        "paymentId": office.payment_id,
        "invoiceId": office.invoice.id,
    }


def test_the_office_sees_partially_refunded_and_then_refunded(office: Office) -> None:
    office.refunds({"amount": 20}, key="part")
    assert (office.seen()["status"], office.seen()["partiallyRefunded"]) == ("paid", True)
    rest = office.refunds(key="rest")
    assert rest.json["amount"] == "55.00"
    assert (office.seen()["status"], office.seen()["partiallyRefunded"]) == ("refunded", False)
    assert office.seen()["refundedAmount"] == "75.00"


def test_without_a_key_nothing_is_refunded_and_the_refusal_says_why(office: Office) -> None:
    answer = office.refunds(key=None)
    assert (answer.status, answer.code, answer.error["field"]) == (400, "idempotency_key_missing", "Idempotency-Key")
    assert "pay twice" in answer.error["message"]
    assert "UUID" in answer.error["nextStep"]
    assert office.world.in_stripe(office.account, "refund") == []


def test_a_missing_key_is_told_together_with_what_is_wrong_in_the_body(office: Office) -> None:
    answer = office.refunds({"amount": "much"}, key=None)
    assert [each["field"] for each in answer.error["details"]] == ["amount", "Idempotency-Key"]


def test_a_double_click_refunds_once(office: Office) -> None:
    first, second = office.refunds({"amount": "25.00"}), office.refunds({"amount": 25})
    assert (first.status, second.status) == (201, 201)
    assert first.json == second.json
    assert len(office.world.in_stripe(office.account, "refund")) == 1


def test_the_same_key_with_another_body_is_a_conflict(office: Office) -> None:
    office.refunds({"amount": "25.00"})
    answer = office.refunds({"amount": "30.00"})
    assert (answer.status, answer.code, answer.error["field"]) == (409, "idempotency_key_reused", "Idempotency-Key")
    assert answer.error["nextStep"]


def assert_shown_as_requested(office: Office) -> None:
    """Everybody in the office sees the order, and how much can still be refunded."""
    shown = office.seen()
    [payment] = shown["payments"]
    [requested] = payment["refunds"]
    assert (requested["id"], requested["status"], requested["amount"]) == (None, "requested", "25.00")
    assert payment["refundable"] == "50.00"
    assert [entry["kind"] for entry in shown["history"]][-1] == "refund_requested"
    assert "A refund of 25.00 USD was ordered" in shown["explanation"]


def test_a_refund_without_stripes_answer_is_202_and_a_repetition_tells_what_became_of_it(office: Office) -> None:
    office.world.double.order_fault("close_after", method="POST", path="/v1/refunds", count=4)
    answer = office.refunds({"amount": "25.00"})
    assert answer.status == 202
    assert answer.json == {
        **RESPONSES["refund_payment", 202]["not answered yet"],
        "amount": "25.00",
        "reason": None,
        "paymentId": office.payment_id,
        "invoiceId": office.invoice.id,
    }
    assert (answer.json["id"], answer.json["status"]) == (None, "requested")
    assert_shown_as_requested(office)
    office.world.double.clear_faults()
    office.world.advance(121)
    office.world.resume()
    again = office.refunds({"amount": "25.00"})
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
def test_what_cannot_be_refunded_is_refused_with_a_field_and_a_next_step(
    office: Office, body: Any, status: int, code: str, field: str
) -> None:
    answer = office.refunds(body)
    assert (answer.status, answer.code, answer.error["field"]) == (status, code, field)
    assert answer.error["nextStep"]
    assert office.world.in_stripe(office.account, "refund") == []


def test_a_wrong_amount_and_a_wrong_reason_are_told_together(office: Office) -> None:
    answer = office.refunds({"amount": "1.234", "reason": "unhappy"})
    assert [each["code"] for each in answer.error["details"]] == ["amount_too_precise", "refund_reason_unknown"]


def test_a_refund_of_an_unknown_payment_is_refused_as_not_found(office: Office) -> None:
    answer = office.refunds(payment_id="pi_unknown")
    assert (answer.status, answer.code, answer.error["field"]) == (404, "payment_not_found", "paymentId")
    assert answer.error["nextStep"]


def test_only_an_admin_refunds(office: Office) -> None:
    path = f"/payments/{office.payment_id}/refunds"
    answer = office.api.acting("billing").post(path, {}, headers={"Idempotency-Key": "once"})
    assert (answer.status, answer.code) == (403, "role_missing")
    assert office.world.in_stripe(office.account, "refund") == []
