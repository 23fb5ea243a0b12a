"""Stripe's webhooks: a webhook that Stripe did not sign for POM changes nothing, and any order leads to the same
invoice.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.demo.http import Response
from tests.e2e.company import Company, refused, send_bytes
from tests.e2e.passing_time import sweeps_fall_due


@pytest.fixture
def bills(company: Company) -> Iterator[Company]:
    """Returns the company, with normal deliveries before and after the test."""
    orderly = {"drop": 0, "duplicate": 0, "reorder": 0, "delay": 0, "lose": [], "lose_rate": 0, "paused": False,
               "never_generate": [], "squeeze": False}  # fmt: skip
    company.double("POST", "delivery", **orderly)
    yield company
    company.double("POST", "delivery", **orderly)


def header(body: bytes, secret: str, at: int) -> str:
    return f"t={at},v1={hmac.digest(secret.encode(), b'%d.' % at + body, hashlib.sha256).hex()}"


def post_webhook(company: Company, body: bytes, signature: str | None) -> Response:
    headers = {"Content-Type": "application/json"} | (
        {"Stripe-Signature": signature} if signature is not None else {}
    )
    return send_bytes("POST", company.stack.urls.webhooks, body, headers)


def forged_payment(company: Company, invoice_id: str, stripe_invoice: Any, **changes: Any) -> bytes:
    """Returns an event that would mark the invoice as paid."""
    paid = {**stripe_invoice, "status": "paid", "amount_paid": stripe_invoice["total"], "amount_remaining": 0}
    event = {
        "id": f"evt_forged_{time.time_ns()}",
        "object": "event",
        "type": "invoice.paid",
        "created": int(time.time()),
        "livemode": False,
        "account": company.account_id,
        "api_version": "2026-10-28.endive",
        "data": {"object": paid},
    }
    return json.dumps({**event, **changes}).encode()


def test_only_a_webhook_that_stripe_signed_for_this_endpoint_changes_an_invoice(company: Company) -> None:
    invoice_id = company.bill("forged").json["id"]
    company.all_delivered()
    before = company.invoice(invoice_id)
    body = forged_payment(
        company, invoice_id, next(each for each in company.in_stripe() if each["number"] == before["number"])
    )
    secret, now = company.stack.secret.webhook_secrets[0], int(time.time())
    good = header(body, secret, now)

    for bad in (
        None,
        "",
        "t=1",
        good.replace("v1=", "v0="),
        good.replace("t=", "at="),
        good[:-1],
        f"t={now},v1={'0' * 64}",
        header(body, "whsec_other", now),
        header(body, secret, now - 301),
        header(body, secret, now + 310),
        header(body + b" ", secret, now),
        header(body, "", now),
        f"t={now + 1}," + good.split(",")[1],
    ):
        refused(post_webhook(company, body, bad), 400, "invalid_signature")
    refused(post_webhook(company, body.replace(b"invoice.paid", b"invoice.sent"), good), 400, "invalid_signature")
    refused(post_webhook(company, b"", good), 400, "invalid_signature")
    assert company.invoice(invoice_id) == before

    assert post_webhook(company, body, good).json == {"received": True}
    assert company.invoice(invoice_id)["status"] == "paid", "the same event counts when it is signed"


def test_a_signed_event_of_another_account_or_mode_changes_nothing(company: Company) -> None:
    invoice_id = company.bill("foreign").json["id"]
    company.all_delivered()
    before = company.invoice(invoice_id)
    ours = next(each for each in company.in_stripe() if each["number"] == before["number"])
    secret = company.stack.secret.webhook_secrets[0]

    for changes in (
        {"account": "acct_somebody_else"},
        {"account": None},
        {"livemode": True},
        {"type": "invoice.unheard_of"},
        {"data": {"object": {**ours, "status": "paid", "id": "in_of_somebody_else", "metadata": {}}}},
        {"data": {"object": {**ours, "status": "paid", "id": "in_a_copy"}}},
    ):
        body = forged_payment(company, invoice_id, ours, **changes)
        assert post_webhook(company, body, header(body, secret, int(time.time()))).status == 200
    assert company.invoice(invoice_id) == before


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'{"id": "evt_1"}', b'{"id": 1, "type": 2}', b"\xff\xfe"])
def test_a_signed_body_that_is_no_event_is_acknowledged_and_ignored(company: Company, body: bytes) -> None:
    signature = header(body, company.stack.secret.webhook_secrets[0], int(time.time()))

    assert post_webhook(company, body, signature).status == 200


def test_a_webhook_that_is_too_large_is_refused_with_413(company: Company) -> None:
    body = b'{"id": "' + b"x" * 6 * 1024 * 1024 + b'"}'

    refused(post_webhook(company, body, header(body, "x", int(time.time()))), 413, "payload_too_large")


def paid_and_partly_refunded_invoice(company: Company, service: str) -> Any:
    """Bills an invoice. One card is declined, another one pays, and a part is refunded. Returns the invoice once POM
    has all of it.
    """
    invoice_id = company.bill(service).json["id"]
    number = company.invoice(invoice_id)["number"]
    ours = next(each for each in company.in_stripe() if each["number"] == number)
    pay = f"invoices/{company.account_id}/{ours['id']}/pay"
    company.double("POST", pay, method="pm_card_chargeDeclinedInsufficientFunds")
    company.double("POST", pay, method="pm_card_visa")
    charge = next(each for each in company.in_stripe("charge") if each["paid"] and each["amount_refunded"] == 0)
    company.owner.does("POST", "/refunds", charge=charge["id"], amount="2500")
    company.becomes(invoice_id, status="paid", refundedAmount="25.00")
    company.all_delivered()
    return company.invoice(invoice_id)


FACTS = ("status", "total", "paidAmount", "refundedAmount", "balance", "partiallyRefunded", "disputed", "failure")

POLICIES: dict[str, dict[str, Any]] = {
    "as they come": {},
    "each twice": {"duplicate": 1.0},
    "any order": {"reorder": 1.0},
    "late": {"delay": 0.5, "delay_seconds": 1.5},
    "twice, late, in any order, within one second": {
        "duplicate": 1.0, "reorder": 1.0, "delay": 0.5, "delay_seconds": 1.5, "squeeze": True,
    },
}  # fmt: skip


@pytest.mark.parametrize("policy", POLICIES)
def test_webhooks_in_any_order_lead_to_the_same_invoice(bills: Company, policy: str) -> None:
    bills.double("POST", "delivery", **POLICIES[policy])

    invoice = paid_and_partly_refunded_invoice(bills, f"svc {policy}".replace(" ", "_").replace(",", ""))

    assert {name: invoice[name] for name in FACTS} == {
        "status": "paid",
        "total": "75.00",
        "paidAmount": "75.00",
        "refundedAmount": "25.00",
        "balance": "0.00",
        "partiallyRefunded": True,
        "disputed": False,
        "failure": None,
    }
    delivery = [entry["kind"] for entry in invoice["history"]]
    assert sorted(delivery) == ["created", "paid", "payment_failed", "refunded", "sent"]
    assert delivery[:2] == ["created", "sent"]


def test_the_sweep_recovers_lost_and_never_generated_events(bills: Company) -> None:
    invoice_id = bills.bill("swept").json["id"]
    bills.all_delivered()
    number = bills.invoice(invoice_id)["number"]
    ours = next(each for each in bills.in_stripe() if each["number"] == number)
    bills.double("POST", "delivery", lose=["*"], never_generate=["charge.*"])
    bills.double("POST", f"invoices/{bills.account_id}/{ours['id']}/pay", method="pm_card_visa")
    assert bills.invoice(invoice_id)["status"] == "pending"

    sweeps_fall_due(bills.stack)
    bills.stack.fire("plan_reconciliation")
    bills.becomes(invoice_id, status="paid")
    bills.stack.wait_until_idle()
    recovered = bills.invoice(invoice_id)
    sweeps_fall_due(bills.stack)
    bills.stack.fire("plan_reconciliation")
    bills.stack.wait_until_idle()

    assert recovered["paidAmount"] == "75.00"
    log = bills.member.get(f"/invoices/{invoice_id}/events?first=100")["data"]
    assert {event["source"] for event in log if event["outcome"] == "recovered"} == {"sweep"}
    assert bills.invoice(invoice_id) == recovered, "the second sweep found nothing to do"
