"""An invoice's timeline and payments over HTTP. Of a card only brand, last four digits and expiry are returned."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.client import ApiClient, invoice_json
from tests.api.settled_money import NOT_READ, NOT_SETTLED
from tests.world import World

DAY = 86400
VISA = {"type": "card", "brand": "visa", "last4": "4242", "expires": "2034-12"}
DECLINED = "pm_card_visa_chargeDeclinedInsufficientFunds"
DASHBOARD = "https://dashboard.stripe.com"


@pytest.fixture
def invoice_id(world: World, account: str) -> str:
    """An invoice of 75.00 that was sent a day ago."""
    invoice = world.invoice()
    world.deliver()
    world.advance(DAY)
    return invoice.id


def kinds_and_sources(api: ApiClient, invoice_id: str) -> list[tuple[str, str]]:
    """Returns the kinds of the timeline's entries with their sources."""
    return [(entry["kind"], entry["source"]) for entry in invoice_json(api, invoice_id)["history"]]


def pay_and_deliver(world: World, invoice: Any, method: str = "pm_card_visa", **more: Any) -> str:
    """Pays an invoice, delivers all webhooks about the payment, and returns the payment intent's id."""
    account, stripe_id = invoice["dashboardUrl"].split("/")[3], invoice["dashboardUrl"].rsplit("/", 1)[1]
    intent = str(world.double.pay(account, stripe_id, method, **more)["payment_intent"])
    world.deliver()
    return intent


def charge_of(world: World, account: str) -> str:
    return str(next(each["id"] for each in world.in_stripe(account, "charge") if each["status"] == "succeeded"))


def test_the_timeline_has_one_entry_for_each_event(api: ApiClient, world: World, invoice_id: str) -> None:
    invoice = invoice_json(api, invoice_id)
    pay_and_deliver(world, invoice, DECLINED)
    world.advance(3600)
    intent = pay_and_deliver(world, invoice)

    history = invoice_json(api, invoice_id)["history"]

    assert kinds_and_sources(api, invoice_id) == [
        ("created", "pom"), ("sent", "pom"), ("payment_failed", "stripe"), ("paid", "stripe"),
    ]  # fmt: skip
    created_entry, sent_entry, failed_entry, paid_entry = history
    assert applicable_fields(created_entry) == {
        "at": "2027-01-15T08:00:00Z",
        "kind": "created",
        "source": "pom",
        "actor": "user_office",
    }
    assert (sent_entry["to"], sent_entry["actor"]) == ("ann@example.test", "user_office")
    assert (failed_entry["at"], failed_entry["reason"]) == ("2027-01-16T08:00:00Z", "insufficient_funds")
    assert failed_entry["method"] == {**VISA, "last4": "9995"}
    assert applicable_fields(paid_entry) == {
        "at": "2027-01-16T09:00:00Z",
        "kind": "paid",
        "source": "stripe",
        "amount": "75.00",
        "currency": "usd",
        "method": VISA,
        "paymentId": intent,
        "stripeId": paid_entry["stripeId"],
        "dashboardUrl": f"{invoice['dashboardUrl'].rsplit('/', 2)[0]}/payments/{paid_entry['stripeId']}",
    }


def applicable_fields(entry: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of an entry that are not null."""
    return {name: value for name, value in entry.items() if value is not None}


def test_each_entry_of_a_payment_has_the_payments_id(
    api: ApiClient, world: World, account: str, invoice_id: str
) -> None:
    pay_and_deliver(world, invoice_json(api, invoice_id), DECLINED)
    intent = pay_and_deliver(world, invoice_json(api, invoice_id))
    options: Any = {"stripe_account": account}
    world.client.v1.refunds.create({"payment_intent": intent, "amount": 2000}, options)
    world.double.open_dispute(account, charge_of(world, account), amount=1000)
    world.deliver()
    invoice = invoice_json(api, invoice_id)
    assert [payment["id"] for payment in invoice["payments"]] == [intent]
    payment_ids_by_kind = {entry["kind"]: entry.get("paymentId") for entry in invoice["history"]}
    about = dict.fromkeys(("payment_failed", "paid", "refunded", "dispute_opened"), intent)
    assert payment_ids_by_kind == {"created": None, "sent": None, **about}


def test_the_separate_history_equals_the_details_history(api: ApiClient, world: World, invoice_id: str) -> None:
    pay_and_deliver(world, invoice_json(api, invoice_id))
    response = api.get(f"/invoices/{invoice_id}/history").json
    assert response["data"] == invoice_json(api, invoice_id)["history"]
    assert response["pageInfo"] == {"endCursor": None, "hasNextPage": False}


def test_the_timeline_is_the_same_for_repeated_and_reordered_webhooks(
    api: ApiClient, world: World, invoice_id: str
) -> None:
    world.double.set_delivery(duplicate=1.0, reorder=1.0)
    pay_and_deliver(world, invoice_json(api, invoice_id))
    assert kinds_and_sources(api, invoice_id) == [("created", "pom"), ("sent", "pom"), ("paid", "stripe")]


def test_a_payment_has_its_card_and_its_receipt(api: ApiClient, world: World, invoice_id: str) -> None:
    invoice = invoice_json(api, invoice_id)
    assert invoice["payments"] == []
    intent = pay_and_deliver(world, invoice)
    [payment] = invoice_json(api, invoice_id)["payments"]
    assert payment == {
        **NOT_READ,
        "id": intent,
        "status": "succeeded",
        "at": "2027-01-16T08:00:00Z",
        "amount": "75.00",
        "currency": "usd",
        "method": VISA,
        "receiptUrl": payment["receiptUrl"],
        "dashboardUrl": f"{invoice['dashboardUrl'].rsplit('/', 2)[0]}/payments/{intent}",
        "failure": None,
        "outside": None,
        "refundable": "75.00",
        "refunds": [],
        "disputes": [],
    }
    assert payment["receiptUrl"].startswith("http")


def test_a_failed_payment_has_the_reason_and_next_step_of_the_invoice(
    api: ApiClient, world: World, invoice_id: str
) -> None:
    pay_and_deliver(world, invoice_json(api, invoice_id), DECLINED)
    invoice = invoice_json(api, invoice_id)
    [payment] = invoice["payments"]
    assert (payment["status"], payment["refundable"]) == ("failed", "0.00")
    assert payment["failure"] == invoice["failure"]
    assert payment["failure"]["reason"] == "insufficient_funds"
    assert payment["failure"]["nextStep"]


def test_each_partial_payment_is_a_payment_of_its_own(api: ApiClient, world: World, invoice_id: str) -> None:
    invoice = invoice_json(api, invoice_id)
    pay_and_deliver(world, invoice, amount=2500)
    world.advance(60)
    pay_and_deliver(world, invoice, "pm_card_mastercard")
    world.sweep()
    payments = invoice_json(api, invoice_id)["payments"]
    assert [(each["amount"], each["method"]["brand"]) for each in payments] == [
        ("25.00", "visa"),
        ("50.00", "mastercard"),
    ]
    assert kinds_and_sources(api, invoice_id)[-2:] == [("partly_paid", "stripe"), ("paid", "stripe")]


def test_a_partial_payment_is_listed_as_paid_before_the_sweep_adds_its_card(
    api: ApiClient, world: World, invoice_id: str
) -> None:
    """POM learns of the partial payment when it is paid. Earlier events of it led to no invoice of POM."""
    intent = pay_and_deliver(world, invoice_json(api, invoice_id), amount=2500)
    before = invoice_json(api, invoice_id)
    [payment] = before["payments"]
    assert (payment["id"], payment["amount"], payment["method"]) == (intent, before["paidAmount"], None)
    assert kinds_and_sources(api, invoice_id)[-1] == ("partly_paid", "stripe")
    [row] = api.get("/payments").json["data"]
    assert (row["id"], row["receivedAmount"]) == (intent, "25.00")

    world.advance(60)
    world.sweep()

    [payment] = invoice_json(api, invoice_id)["payments"]
    assert (payment["id"], payment["method"]) == (intent, VISA)
    assert [kind for kind, _ in kinds_and_sources(api, invoice_id)].count("partly_paid") == 1
    [row] = api.get("/payments").json["data"]
    assert (row["id"], row["method"]["last4"]) == (intent, "4242")


def test_an_invoice_paid_by_bank_debit_is_pending_until_the_debit_succeeds(
    api: ApiClient, world: World, account: str
) -> None:
    invoice = world.invoice(payment_methods=("us_bank_account",))
    world.deliver()
    intent = pay_and_deliver(world, invoice_json(api, invoice.id), "000123456789")
    [payment] = invoice_json(api, invoice.id)["payments"]
    assert (payment["id"], payment["status"], payment["refundable"]) == (intent, "pending", "0.00")
    assert kinds_and_sources(api, invoice.id)[-1] == ("payment_under_way", "stripe")

    world.advance(DAY)
    world.double.settle_debit(account, intent)
    world.deliver()

    [payment] = invoice_json(api, invoice.id)["payments"]
    assert (payment["status"], payment["at"]) == ("succeeded", "2027-01-16T08:00:00Z")
    assert payment["method"]["type"] == "us_bank_account"
    assert kinds_and_sources(api, invoice.id)[-2:] == [("payment_under_way", "stripe"), ("paid", "stripe")]


def test_a_returned_bank_debit_failed_on_the_day_of_its_return(api: ApiClient, world: World, account: str) -> None:
    debit_invoice = world.invoice(payment_methods=("us_bank_account",))
    world.deliver()
    intent = pay_and_deliver(world, invoice_json(api, debit_invoice.id), "000123456789")
    world.advance(DAY)
    world.double.settle_debit(account, intent, fail="insufficient_funds")
    world.deliver()
    invoice = invoice_json(api, debit_invoice.id)
    [payment] = invoice["payments"]
    assert invoice["failure"] == payment["failure"]
    assert invoice["failure"]["at"] == "2027-01-16T08:00:00Z"


def test_a_refund_made_in_stripe_lowers_the_refundable_amount(api: ApiClient, world: World, invoice_id: str) -> None:
    invoice = invoice_json(api, invoice_id)
    intent = pay_and_deliver(world, invoice)
    options: Any = {"stripe_account": invoice["dashboardUrl"].split("/")[3]}
    stripe_refund = world.client.v1.refunds.create(
        {"payment_intent": intent, "amount": 2000, "reason": "duplicate"}, options
    )
    world.deliver()

    [payment] = invoice_json(api, invoice_id)["payments"]

    assert (payment["status"], payment["refundable"]) == ("succeeded", "55.00")
    assert payment["refunds"] == [
        {
            **NOT_SETTLED,
            "id": stripe_refund.id,
            "status": "succeeded",
            "at": "2027-01-16T08:00:00Z",
            "amount": "20.00",
            "reason": "duplicate",
            "failureReason": None,
            "source": "stripe",
            "actor": None,
        }
    ]
    refunded_entry = invoice_json(api, invoice_id)["history"][-1]
    assert (refunded_entry["kind"], refunded_entry["amount"], refunded_entry["method"]) == ("refunded", "20.00", VISA)


def test_a_dispute_has_its_evidence_deadline_and_its_outcome(
    api: ApiClient, world: World, account: str, invoice_id: str
) -> None:
    pay_and_deliver(world, invoice_json(api, invoice_id))
    dispute_id = world.double.open_dispute(account, charge_of(world, account), amount=1000)["id"]
    world.deliver()
    [dispute] = invoice_json(api, invoice_id)["payments"][0]["disputes"]
    assert dispute == {
        **NOT_SETTLED,
        "id": dispute_id,
        "status": "needs_response",
        "at": "2027-01-16T08:00:00Z",
        "amount": "10.00",
        "currency": "usd",
        "reason": "fraudulent",
        "evidenceDueBy": dispute["evidenceDueBy"],
        "dashboardUrl": f"{DASHBOARD}/{account}/test/disputes/{dispute_id}",
    }
    opened_entry = invoice_json(api, invoice_id)["history"][-1]
    assert (opened_entry["kind"], opened_entry["dueBy"]) == ("dispute_opened", dispute["evidenceDueBy"])
    world.advance(DAY)
    world.double.move_dispute(account, dispute_id, "lost")
    world.deliver()
    assert kinds_and_sources(api, invoice_id)[-2:] == [("dispute_opened", "stripe"), ("dispute_lost", "stripe")]
    assert invoice_json(api, invoice_id)["payments"][0]["disputes"][0]["status"] == "lost"


def test_a_payment_recorded_by_hand_has_the_user_and_the_day(api: ApiClient, invoice_id: str) -> None:
    body = {"method": "check", "reference": "No. 1042", "paidOn": "2027-01-15"}
    assert api.post(f"/invoices/{invoice_id}/mark-paid", body).status == 200
    [payment] = invoice_json(api, invoice_id)["payments"]
    assert payment["outside"] == {
        "paidOn": "2027-01-15",
        "reference": "No. 1042",
        "recordedBy": "user_office",
        "recordedAt": "2027-01-16T08:00:00Z",
    }
    assert (payment["method"]["type"], payment["refundable"], payment["receiptUrl"]) == ("check", "0.00", None)
    marked_entry = invoice_json(api, invoice_id)["history"][-1]
    assert (marked_entry["kind"], marked_entry["source"], marked_entry["actor"]) == (
        "marked_paid",
        "pom",
        "user_office",
    )
    assert (marked_entry["amount"], marked_entry["method"]["type"], marked_entry["reason"]) == (
        "75.00",
        "check",
        "check No. 1042",
    )


def test_no_response_has_more_of_a_card_than_brand_last_four_and_expiry(
    api: ApiClient, world: World, account: str, invoice_id: str
) -> None:
    pay_and_deliver(world, invoice_json(api, invoice_id))
    charge = next(each for each in world.in_stripe(account, "charge") if each["status"] == "succeeded")
    fingerprint = charge["payment_method_details"]["card"]["fingerprint"]
    responses = [
        api.get(path).text for path in (f"/invoices/{invoice_id}", f"/invoices/{invoice_id}/events", "/payments")
    ]
    assert all(fingerprint not in text and charge["payment_method"] not in text for text in responses)
    [payment] = invoice_json(api, invoice_id)["payments"]
    assert set(payment["method"]) == {"type", "brand", "last4", "expires"}
