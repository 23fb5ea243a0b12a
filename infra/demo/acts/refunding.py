"""The company refunds a payment, a part in POM and the rest in Stripe."""

from __future__ import annotations

from decimal import Decimal

from infra.demo import reading
from infra.demo.acts.scene import ANN, CARD, Scene

PART = "20.00"
"""What is refunded first."""


def refund(scene: Scene) -> None:
    say = scene.teller
    invoice = scene.invoices[ANN.id]
    say.chapter("Managing payments")
    say.says("Refunds are handled through the Stripe dashboard. Status updates automatically in POM.")
    total = scene.office.get(f"/invoices/{invoice}")["total"]
    [payment] = scene.office.get(f"/invoices/{invoice}")["payments"]
    path = f"/payments/{payment['id']}/refunds"
    part = {"amount": PART, "reason": "requested_by_customer"}
    refunded = scene.admin.call("POST", path, part, idempotency_key="ann-part")
    say.does(f"POST /v1/payments/{{id}}/refunds, {PART} USD: POM can order a refund in Stripe, too")
    say.sees("Refund", refunded.json.get("status", refunded.text), "succeeded")
    again = scene.admin.call("POST", path, part, idempotency_key="ann-part")
    say.sees("The same request again refunds nothing more", again.json["id"] == refunded.json["id"], True)
    scene.lets_a_minute_pass()
    scene.owner.refunds(int(total.replace(".", "")))
    say.does("refunded the rest in Stripe a minute later, as the company itself")
    say.sees("Invoice", scene.status_of(invoice, "refunded"), "refunded")
    shown = scene.office.get(f"/invoices/{invoice}")
    say.sees("Refunded amount", shown["refundedAmount"], total)
    say.sees("Received amount, what came in and stayed", shown["receivedAmount"], "0.00")
    expected = "created, sent, payment_failed, paid, refunded, refunded"
    path = f"/invoices/{invoice}/history"
    say.sees("The history tells the whole story", scene.office.sees(path, reading.told, expected), expected)
    rest = Decimal(total) - Decimal(PART)
    scene.shows_once(invoice, f"Refunded: {rest} USD to {CARD}")
    rows = [row for row in scene.office.get("/payments")["data"] if row["invoiceId"] == invoice]
    say.does("GET /v1/payments")
    say.table("", reading.MONEY_COLUMNS, [reading.money_row(row) for row in rows])
    received = sum(Decimal(row["receivedAmount"]) for row in rows)
    say.sees("Its payments and refunds add up to what it received", f"{received:.2f}", shown["receivedAmount"])
