"""An account in which payers, banks, owners and POM's requests act in a random order."""

from __future__ import annotations

import json
import random
from typing import Any

from infra.stripe_double import DAY, Clock, Config, StripeDouble, StripeFault
from infra.stripe_double.api.auth import dashboard_key
from infra.stripe_double.http.messages import Request

METHODS = (
    "4242424242424242", "4000000000000002", "4242424242424241", "4000002760003184", "4000000000000259",
    "4000000000005126", "4000000000007726", "000123456789", "000222222227", "000555555559", "000000000009",
)  # fmt: skip
TOKENS = (
    "pm_card_visa", "pm_card_chargeDeclined", "pm_card_authenticationRequired", "pm_usBankAccount_success",
    "pm_card_bypassPending",
)  # fmt: skip
VERBS = (
    "finalize", "send", "pay", "void", "mark_uncollectible", "delete", "part", "cash", "note", "add", "discount",
    "confirm", "attach", "adjust",
)  # fmt: skip
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
    """Drives a double without the SDK, which would take most of the time."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.double = StripeDouble(Config(seed=1), clock=Clock.frozen(), transport=lambda *_: 200)
        self.account = self.double.create_account(tells_paid_outside=True)["id"]
        self.key = dashboard_key(self.double.world.ledger(self.account))
        self.customer = self.post("customers", "email=ann%40example.com&name=Ann")["id"]

    def post(self, path: str, form: str = "") -> Any:
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
        """Does one action of a payer, a bank, the owner or POM. Stripe may refuse it."""
        object_ids = {
            k: self.rng.choice(self.objects(k) or [{"id": f"{k}_none"}])["id"]
            for k in ("invoice", "charge", "refund")
        }
        intent = self.rng.choice(self.objects("payment_intent") or [{"id": "pi_none"}])["id"]
        dispute = self.rng.choice(self.objects("dispute") or [{"id": "du_none"}])["id"]
        invoice, charge, refund, double, account = (
            object_ids["invoice"],
            object_ids["charge"],
            object_ids["refund"],
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
                    double.pay(account, invoice, method, authenticate=self.rng.choice((None, True, False)))
                case "part":
                    double.pay(account, invoice, method, amount=500)
                case "confirm":
                    token = self.rng.choice(TOKENS)
                    form = f"payment_method={token}&return_url=https://a.test&mandate_data[customer_acceptance][type]=offline"
                    self.post(f"payment_intents/{intent}/confirm", form)
                case "attach":
                    form = f"amount={self.rng.choice((500, 2_000))}&currency=usd&customer={self.customer}"
                    if self.rng.random() < 0.5:
                        form += "&confirm=true&payment_method=pm_card_visa&return_url=https://a.test"
                    payment_intent = self.post("payment_intents", form)
                    self.post(f"invoices/{invoice}/attach_payment", f"payment_intent={payment_intent['id']}")
                case "adjust":
                    amount = self.rng.choice((-700, 300))
                    self.post(f"customers/{self.customer}/balance_transactions", f"amount={amount}&currency=usd")
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
                    double.move_dispute(account, dispute, "appeal_under_review")
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
                    double.settle_debit(account, intent)
                case "fail_debit":
                    double.settle_debit(account, intent, fail="account_closed")
                case "fail_refund":
                    double.settle_refund(account, refund, outcome="failed")
                case "dispute":
                    double.open_dispute(account, charge, reason=self.rng.choice(("fraudulent", "inquiry")))
                case "win" | "lose":
                    double.move_dispute(account, dispute, "won" if verb == "win" else "lost")
                case "wait":
                    double.advance(self.rng.choice((60, DAY, 6 * DAY)))
                case "edit":
                    self.post(f"customers/{self.customer}", f"name=Ann+{self.rng.random()}")
        except (StripeFault, ValueError):
            pass
