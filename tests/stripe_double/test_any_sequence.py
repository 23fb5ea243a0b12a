"""After any sequence of actions, the books of an account balance, and its last events match its objects."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.stripe_double import API_VERSION, DAY
from infra.stripe_double.api.forms import decode
from infra.stripe_double.errors import InvalidParams
from tests.stripe_double.life import LATER, VERBS, Life


def assert_books_balance(life: Life) -> None:
    """Asserts that the amounts of refunds, balances, invoices and payments add up."""
    refunds = life.objects("refund")
    for charge in life.objects("charge"):
        back = sum(
            r["amount"] for r in refunds if r["charge"] == charge["id"] and r["status"] not in ("failed", "canceled")
        )
        assert charge["amount_refunded"] == back <= charge["amount"]
        assert charge["refunded"] is (back == charge["amount"])
        assert charge["status"] == "succeeded" or back == 0
    moved = sum(entry["amount"] for entry in life.objects("customer_balance_transaction"))
    assert [customer["balance"] for customer in life.objects("customer")] == [moved]
    for invoice in life.objects("invoice"):
        if invoice["status"] in ("open", "paid", "uncollectible"):
            assert invoice["total"] == settled_and_remaining(invoice)
        assert invoice["subtotal"] - invoice["total"] == sum(d["amount"] for d in invoice["total_discount_amounts"])
        payments = invoice["payments"]["data"]
        collected = sum(p["amount_paid"] or 0 for p in payments)
        assert invoice["amount_paid"] == collected + invoice["amount_paid_off_stripe"]
        assert sum(p["is_default"] for p in payments) <= 1
        if invoice["status"] == "paid":
            assert invoice["amount_remaining"] == 0
            assert invoice["status_transitions"]["paid_at"] is not None
        elif invoice["status"] in ("open", "uncollectible"):
            assert invoice["amount_remaining"] == invoice["amount_due"] - invoice["amount_paid"] > 0
        elif invoice["status"] == "void":
            assert invoice["amount_paid"] == 0
            assert {p["status"] for p in payments} <= {"canceled"}


def settled_and_remaining(invoice: Any) -> int:
    """Returns the amounts that settled a finalized invoice, plus the amount that remains."""
    from_balance = invoice["ending_balance"] - invoice["starting_balance"]
    paid = invoice["amount_paid"] - invoice["amount_overpaid"]
    credited = invoice["pre_payment_credit_notes_amount"]
    return int(paid + from_balance + credited + invoice["amount_remaining"])


def assert_last_events_match_objects(life: Life) -> None:
    """Asserts that the last event of each object has the object's important fields as they are now."""
    matters = {
        "invoice": (
            "status",
            "total",
            "amount_due",
            "amount_paid",
            "amount_remaining",
            "amount_overpaid",
            "attempted",
            "number",
        ),
        "payment_intent": ("status", "amount_received", "last_payment_error", "latest_charge"),
        "charge": ("status", "failure_code", "balance_transaction"),
        "refund": ("status", "failure_reason", "amount"),
        "dispute": ("status", "amount"),
        "customer": ("name", "balance", "currency"),
        "credit_note": ("status", "amount"),
    }
    last: dict[str, Any] = {}
    for event in life.double.events(life.account, version=API_VERSION):
        last[event["data"]["object"]["id"]] = event["data"]["object"]
    for kind, names in matters.items():
        for obj in life.objects(kind):
            last_shape = last[obj["id"]]
            assert {n: last_shape.get(n) for n in names} == {n: obj.get(n) for n in names}, (kind, obj["id"])


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.lists(st.sampled_from(VERBS * 2 + LATER), min_size=5, max_size=40))
def test_sums_add_up_and_events_match_objects_after_any_actions(seed: int, verbs: list[str]) -> None:
    life = Life(random.Random(seed))
    life.new()
    life.act("finalize")
    for verb in verbs:
        life.act(verb)
        assert_books_balance(life)
    assert_last_events_match_objects(life)
    life.double.advance(40 * DAY)
    assert_books_balance(life)
    assert_last_events_match_objects(life)


_KEYS = st.text("ab[]=&%+01 é", max_size=12)


@settings(database=None)
@given(st.lists(st.tuples(_KEYS, _KEYS), max_size=5))
def test_decoding_any_form_gives_parameters_or_a_refusal(pairs: list[tuple[str, str]]) -> None:
    try:
        decoded = decode(urlencode(pairs))
    except InvalidParams:
        return  # any other error is a bug of the double
    assert isinstance(decoded, dict)
