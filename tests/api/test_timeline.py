"""An invoice's timeline and its payments over HTTP: what happened, how it was paid, and nothing more of a card."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.client import ApiClient
from tests.api.settled_money import NOT_READ, NOT_SETTLED
from tests.world import World

DAY = 86400
VISA = {"type": "card", "brand": "visa", "last4": "4242", "expires": "2034-12"}
DECLINED = "pm_card_visa_chargeDeclinedInsufficientFunds"
DASHBOARD = "https://dashboard.stripe.com"


@pytest.fixture
def account(world: World) -> str:
    account = world.connect()
    world.customer()
    return account


@pytest.fixture
def invoice_id(world: World, account: str) -> str:
    """An invoice of 75.00 that was sent a day ago."""
    made = world.invoice()
    world.deliver()
    world.advance(DAY)
    return made.id


def shown(api: ApiClient, invoice_id: str) -> Any:
    return api.get(f"/invoices/{invoice_id}").json


def told(api: ApiClient, invoice_id: str) -> list[tuple[str, str]]:
    """The timeline's kinds with their sources."""
    return [(entry["kind"], entry["source"]) for entry in shown(api, invoice_id)["history"]]


def pays(world: World, invoice: Any, method: str = "pm_card_visa", **more: Any) -> str:
    """Returns the id of the payment intent, after all webhooks about it have arrived."""
    account, stripe_id = invoice["dashboardUrl"].split("/")[3], invoice["dashboardUrl"].rsplit("/", 1)[1]
    intent = str(world.double.pay(account, stripe_id, method, **more)["payment_intent"])
    world.deliver()
    return intent


def charge_of(world: World, account: str) -> str:
    return str(next(each["id"] for each in world.in_stripe(account, "charge") if each["status"] == "succeeded"))


def test_the_timeline_has_one_entry_for_each_thing_that_happened(
    api: ApiClient, world: World, invoice_id: str
) -> None:
    invoice = shown(api, invoice_id)
    pays(world, invoice, DECLINED)
    world.advance(3600)
    intent = pays(world, invoice)

    history = shown(api, invoice_id)["history"]

    assert told(api, invoice_id) == [
        ("created", "pom"), ("sent", "pom"), ("payment_failed", "stripe"), ("paid", "stripe"),
    ]  # fmt: skip
    created, sent, failed, paid = history
    assert said(created) == {"at": "2027-01-15T08:00:00Z", "kind": "created", "source": "pom", "actor": "user_office"}
    assert (sent["to"], sent["actor"]) == ("ann@example.test", "user_office")
    assert (failed["at"], failed["reason"]) == ("2027-01-16T08:00:00Z", "insufficient_funds")
    assert failed["method"] == {**VISA, "last4": "9995"}
    assert said(paid) == {
        "at": "2027-01-16T09:00:00Z",
        "kind": "paid",
        "source": "stripe",
        "amount": "75.00",
        "currency": "usd",
        "method": VISA,
        "paymentId": intent,
        "stripeId": paid["stripeId"],
        "dashboardUrl": f"{invoice['dashboardUrl'].rsplit('/', 2)[0]}/payments/{paid['stripeId']}",
    }


def said(entry: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of an entry that apply. The others are null."""
    return {name: value for name, value in entry.items() if value is not None}


def test_each_entry_about_a_payment_names_it_as_the_payments_do(
    api: ApiClient, world: World, account: str, invoice_id: str
) -> None:
    pays(world, shown(api, invoice_id), DECLINED)
    intent = pays(world, shown(api, invoice_id))
    options: Any = {"stripe_account": account}
    world.client.v1.refunds.create({"payment_intent": intent, "amount": 2000}, options)
    world.double.open_dispute(account, charge_of(world, account), amount=1000)
    world.deliver()
    invoice = shown(api, invoice_id)
    assert [payment["id"] for payment in invoice["payments"]] == [intent]
    named = {entry["kind"]: entry.get("paymentId") for entry in invoice["history"]}
    about = dict.fromkeys(("payment_failed", "paid", "refunded", "dispute_opened"), intent)
    assert named == {"created": None, "sent": None, **about}


def test_the_history_by_itself_is_the_one_of_the_detail(api: ApiClient, world: World, invoice_id: str) -> None:
    pays(world, shown(api, invoice_id))
    answer = api.get(f"/invoices/{invoice_id}/history").json
    assert answer["data"] == shown(api, invoice_id)["history"]
    assert answer["pageInfo"] == {"endCursor": None, "hasNextPage": False}


def test_the_timeline_is_the_same_if_the_webhooks_come_twice_and_in_another_order(
    api: ApiClient, world: World, invoice_id: str
) -> None:
    world.double.set_delivery(duplicate=1.0, reorder=1.0)
    pays(world, shown(api, invoice_id))
    assert told(api, invoice_id) == [("created", "pom"), ("sent", "pom"), ("paid", "stripe")]


def test_a_payment_shows_its_card_and_its_receipt(api: ApiClient, world: World, invoice_id: str) -> None:
    invoice = shown(api, invoice_id)
    assert invoice["payments"] == []
    intent = pays(world, invoice)
    [payment] = shown(api, invoice_id)["payments"]
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


def test_a_payment_that_failed_says_why_and_what_to_do_as_the_invoice_does(
    api: ApiClient, world: World, invoice_id: str
) -> None:
    pays(world, shown(api, invoice_id), DECLINED)
    invoice = shown(api, invoice_id)
    [payment] = invoice["payments"]
    assert (payment["status"], payment["refundable"]) == ("failed", "0.00")
    assert payment["failure"] == invoice["failure"]
    assert payment["failure"]["reason"] == "insufficient_funds"
    assert payment["failure"]["nextStep"]


def test_each_part_that_was_paid_is_a_payment_of_its_own(api: ApiClient, world: World, invoice_id: str) -> None:
    invoice = shown(api, invoice_id)
    pays(world, invoice, amount=2500)
    world.advance(60)
    pays(world, invoice, "pm_card_mastercard")
    world.sweep()
    paid = shown(api, invoice_id)["payments"]
    assert [(each["amount"], each["method"]["brand"]) for each in paid] == [
        ("25.00", "visa"),
        ("50.00", "mastercard"),
    ]
    assert told(api, invoice_id)[-2:] == [("partly_paid", "stripe"), ("paid", "stripe")]


def test_a_part_is_shown_as_paid_before_the_sweep_tells_by_which_card(
    api: ApiClient, world: World, invoice_id: str
) -> None:
    """POM learns that the part exists when it has been paid. What came before led to no invoice of POM's."""
    intent = pays(world, shown(api, invoice_id), amount=2500)
    before = shown(api, invoice_id)
    [payment] = before["payments"]
    assert (payment["id"], payment["amount"], payment["method"]) == (intent, before["paidAmount"], None)
    assert told(api, invoice_id)[-1] == ("partly_paid", "stripe")
    [row] = api.get("/payments").json["data"]
    assert (row["id"], row["receivedAmount"]) == (intent, "25.00")

    world.advance(60)
    world.sweep()

    [payment] = shown(api, invoice_id)["payments"]
    assert (payment["id"], payment["method"]) == (intent, VISA)
    assert [kind for kind, _ in told(api, invoice_id)].count("partly_paid") == 1
    [row] = api.get("/payments").json["data"]
    assert (row["id"], row["method"]["last4"]) == (intent, "4242")


def test_an_invoice_paid_by_bank_debit_is_pending_until_the_debit_succeeds(
    api: ApiClient, world: World, account: str
) -> None:
    made = world.invoice(payment_methods=("us_bank_account",))
    world.deliver()
    intent = pays(world, shown(api, made.id), "000123456789")
    [payment] = shown(api, made.id)["payments"]
    assert (payment["id"], payment["status"], payment["refundable"]) == (intent, "pending", "0.00")
    assert told(api, made.id)[-1] == ("payment_under_way", "stripe")

    world.advance(DAY)
    world.double.settle_debit(account, intent)
    world.deliver()

    [payment] = shown(api, made.id)["payments"]
    assert (payment["status"], payment["at"]) == ("succeeded", "2027-01-16T08:00:00Z")
    assert payment["method"]["type"] == "us_bank_account"
    assert told(api, made.id)[-2:] == [("payment_under_way", "stripe"), ("paid", "stripe")]


def test_a_bank_debit_that_comes_back_failed_on_the_day_it_came_back(
    api: ApiClient, world: World, account: str
) -> None:
    made = world.invoice(payment_methods=("us_bank_account",))
    world.deliver()
    intent = pays(world, shown(api, made.id), "000123456789")
    world.advance(DAY)
    world.double.settle_debit(account, intent, fail="insufficient_funds")
    world.deliver()
    invoice = shown(api, made.id)
    [payment] = invoice["payments"]
    assert invoice["failure"] == payment["failure"]
    assert invoice["failure"]["at"] == "2027-01-16T08:00:00Z"


def test_a_refund_made_in_stripe_lowers_what_can_be_refunded(api: ApiClient, world: World, invoice_id: str) -> None:
    invoice = shown(api, invoice_id)
    intent = pays(world, invoice)
    options: Any = {"stripe_account": invoice["dashboardUrl"].split("/")[3]}
    made = world.client.v1.refunds.create({"payment_intent": intent, "amount": 2000, "reason": "duplicate"}, options)
    world.deliver()

    [payment] = shown(api, invoice_id)["payments"]

    assert (payment["status"], payment["refundable"]) == ("succeeded", "55.00")
    assert payment["refunds"] == [
        {
            **NOT_SETTLED,
            "id": made.id,
            "status": "succeeded",
            "at": "2027-01-16T08:00:00Z",
            "amount": "20.00",
            "reason": "duplicate",
            "failureReason": None,
            "source": "stripe",
            "actor": None,
        }
    ]
    refunded = shown(api, invoice_id)["history"][-1]
    assert (refunded["kind"], refunded["amount"], refunded["method"]) == ("refunded", "20.00", VISA)


def test_a_dispute_says_until_when_evidence_is_due_and_how_it_ended(
    api: ApiClient, world: World, account: str, invoice_id: str
) -> None:
    pays(world, shown(api, invoice_id))
    dispute_id = world.double.open_dispute(account, charge_of(world, account), amount=1000)["id"]
    world.deliver()
    [dispute] = shown(api, invoice_id)["payments"][0]["disputes"]
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
    opened = shown(api, invoice_id)["history"][-1]
    assert (opened["kind"], opened["dueBy"]) == ("dispute_opened", dispute["evidenceDueBy"])
    world.advance(DAY)
    world.double.move_dispute(account, dispute_id, "lost")
    world.deliver()
    assert told(api, invoice_id)[-2:] == [("dispute_opened", "stripe"), ("dispute_lost", "stripe")]
    assert shown(api, invoice_id)["payments"][0]["disputes"][0]["status"] == "lost"


def test_a_payment_by_hand_says_who_recorded_it_and_for_which_day(api: ApiClient, invoice_id: str) -> None:
    body = {"method": "check", "reference": "No. 1042", "paidOn": "2027-01-15"}
    assert api.post(f"/invoices/{invoice_id}/mark-paid", body).status == 200
    [payment] = shown(api, invoice_id)["payments"]
    assert payment["outside"] == {
        "paidOn": "2027-01-15",
        "reference": "No. 1042",
        "recordedBy": "user_office",
        "recordedAt": "2027-01-16T08:00:00Z",
    }
    assert (payment["method"]["type"], payment["refundable"], payment["receiptUrl"]) == ("check", "0.00", None)
    marked = shown(api, invoice_id)["history"][-1]
    assert (marked["kind"], marked["source"], marked["actor"]) == ("marked_paid", "pom", "user_office")
    assert (marked["amount"], marked["method"]["type"], marked["reason"]) == ("75.00", "check", "check No. 1042")


def test_no_answer_tells_more_of_a_card_than_brand_last_four_and_expiry(
    api: ApiClient, world: World, account: str, invoice_id: str
) -> None:
    pays(world, shown(api, invoice_id))
    charge = next(each for each in world.in_stripe(account, "charge") if each["status"] == "succeeded")
    fingerprint = charge["payment_method_details"]["card"]["fingerprint"]
    answers = [
        api.get(path).text for path in (f"/invoices/{invoice_id}", f"/invoices/{invoice_id}/events", "/payments")
    ]
    assert all(fingerprint not in text and charge["payment_method"] not in text for text in answers)
    [payment] = shown(api, invoice_id)["payments"]
    assert set(payment["method"]) == {"type", "brand", "last4", "expires"}
