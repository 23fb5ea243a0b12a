"""Whatever happens in an account, its books balance and its last events show its objects as they are."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.stripe_double import API_VERSION, DAY, Clock, Config, StripeDouble, StripeFault
from infra.stripe_double.api.auth import dashboard_key
from infra.stripe_double.api.forms import decode
from infra.stripe_double.errors import InvalidParams
from infra.stripe_double.http.messages import Request

METHODS = (
    "4242424242424242", "4000000000000002", "4242424242424241", "4000002760003184", "4000000000000259",
    "4000000000005126", "4000000000007726", "000123456789", "000222222227", "000555555559", "000000000009",
)  # fmt: skip
VERBS = ("finalize", "send", "pay", "void", "mark_uncollectible", "delete", "part", "cash", "note", "add", "discount")
LATER = (
    "refund",
    "part_refund",
    "settle",
    "fail_debit",
    "fail_refund",
    "dispute",
    "win",
    "lose",
    "appeal",
    "give_back",
    "wait",
    "edit",
    "new",
)


class Life:
    """Drives a double without the SDK, which would cost most of the time."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.double = StripeDouble(Config(seed=1), clock=Clock.frozen(), transport=lambda *_: 200)
        self.account = self.double.create_account()["id"]
        self.key = dashboard_key(self.double.world.ledger(self.account))
        self.customer = self.post("customers", "email=ann%40example.com&name=Ann")["id"]

    def post(self, path: str, form: str = "") -> Any:
        import json

        headers = {"authorization": f"Bearer {self.key}"}
        answer = self.double.handle(Request("POST", f"/v1/{path}", "", form.encode(), headers))
        assert answer.status < 500
        return json.loads(answer.body)

    def objects(self, kind: str) -> list[Any]:
        return self.double.ledger(self.account)["objects"].get(kind, [])

    def new(self) -> None:
        form = f"customer={self.customer}&collection_method=send_invoice&days_until_due=30&currency=usd"
        invoice = self.post("invoices", form)["id"]
        self.post(f"invoices/{invoice}/add_lines", f"lines[0][amount]={self.rng.choice((0, 30, 1_000, 99_999))}")

    def act(self, verb: str) -> None:
        """One thing somebody does; Stripe may well refuse it."""
        chosen = {
            k: self.rng.choice(self.objects(k) or [{"id": f"{k}_none"}])["id"]
            for k in ("invoice", "charge", "refund")
        }
        intent = self.rng.choice(self.objects("payment_intent") or [{"id": "pi_none"}])["id"]
        dispute = self.rng.choice(self.objects("dispute") or [{"id": "du_none"}])["id"]
        invoice, charge, refund, double, me = (
            chosen["invoice"],
            chosen["charge"],
            chosen["refund"],
            self.double,
            self.account,
        )
        method = self.rng.choice(METHODS)
        try:
            match verb:
                case "new":
                    self.new()
                case "finalize" | "send" | "void" | "mark_uncollectible":
                    self.post(f"invoices/{invoice}/{verb}")
                case "pay":
                    double.pay(me, invoice, method, authenticate=self.rng.choice((None, True, False)))
                case "part":
                    double.pay(me, invoice, method, amount=500)
                case "cash":
                    self.post(f"invoices/{invoice}/pay", "paid_out_of_band=true")
                case "note":
                    self.post("credit_notes", f"invoice={invoice}&amount=500")
                case "give_back":
                    way = self.rng.choice(("refund_amount", "credit_amount", "out_of_band_amount"))
                    self.post("credit_notes", f"invoice={invoice}&amount=200&{way}=200")
                case "discount":
                    coupon = self.post("coupons", "amount_off=200&currency=usd&duration=once")["id"]
                    self.post(f"invoices/{invoice}", f"discounts[0][coupon]={coupon}")
                case "appeal":
                    double.move_dispute(me, dispute, "appeal_under_review")
                case "add":
                    self.post(f"invoices/{invoice}/add_lines", "lines[0][amount]=700")
                case "delete":
                    double.handle(
                        Request("DELETE", f"/v1/invoices/{invoice}", "", b"", {"authorization": f"Bearer {self.key}"})
                    )
                case "refund":
                    self.post("refunds", f"charge={charge}")
                case "part_refund":
                    self.post("refunds", f"charge={charge}&amount=100")
                case "settle":
                    double.settle_debit(me, intent)
                case "fail_debit":
                    double.settle_debit(me, intent, fail="account_closed")
                case "fail_refund":
                    double.settle_refund(me, refund, outcome="failed")
                case "dispute":
                    double.open_dispute(me, charge, reason=self.rng.choice(("fraudulent", "inquiry")))
                case "win" | "lose":
                    double.move_dispute(me, dispute, "won" if verb == "win" else "lost")
                case "wait":
                    double.advance(self.rng.choice((60, DAY, 6 * DAY)))
                case "edit":
                    self.post(f"customers/{self.customer}", f"name=Ann+{self.rng.random()}")
        except (StripeFault, ValueError):
            pass


def balance(life: Life) -> None:
    """The books of an account."""
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
            assert invoice["total"] == terms(invoice)
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


def terms(invoice: Any) -> int:
    """What pays a finalized invoice, and what is still open."""
    from_balance = invoice["ending_balance"] - invoice["starting_balance"]
    paid = invoice["amount_paid"] - invoice["amount_overpaid"]
    credited = invoice["pre_payment_credit_notes_amount"]
    return int(paid + from_balance + credited + invoice["amount_remaining"])


def told(life: Life) -> None:
    """The last event of each object shows it as it is, in what matters."""
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
            shown = last[obj["id"]]
            assert {n: shown.get(n) for n in names} == {n: obj.get(n) for n in names}, (kind, obj["id"])


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.lists(st.sampled_from(VERBS * 2 + LATER), min_size=5, max_size=40))
def test_sums_add_up_and_events_match_objects_after_any_actions(seed: int, verbs: list[str]) -> None:
    life = Life(random.Random(seed))
    life.new()
    life.act("finalize")
    for verb in verbs:
        life.act(verb)
        balance(life)
    told(life)
    life.double.advance(40 * DAY)
    balance(life)
    told(life)


_KEYS = st.text("ab[]=&%+01 é", max_size=12)


@settings(database=None)
@given(st.lists(st.tuples(_KEYS, _KEYS), max_size=5))
def test_decoding_any_form_gives_parameters_or_a_refusal(pairs: list[tuple[str, str]]) -> None:
    try:
        decoded = decode(urlencode(pairs))
    except InvalidParams:
        return  # any other error is a fault of the double
    assert isinstance(decoded, dict)
