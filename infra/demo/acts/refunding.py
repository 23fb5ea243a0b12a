"""The company refunds a payment: a part in POM, and the remaining amount in Stripe."""

from __future__ import annotations

from decimal import Decimal

from infra.demo import reading
from infra.demo.acts.scene import ANN, CARD, Scene

PART = "20.00"
"""The amount of the first refund."""


def refund(scene: Scene) -> None:
    say = scene.narrator
    invoice = scene.invoices[ANN.id]
    say.chapter("Managing payments")
    say.quotes("Refunds are handled through the Stripe dashboard. Status updates automatically in POM.")
    total = scene.office.get(f"/invoices/{invoice}")["total"]
    [payment] = scene.office.get(f"/invoices/{invoice}")["payments"]
    path = f"/payments/{payment['id']}/refunds"
    part = {"amount": PART, "reason": "requested_by_customer"}
    first_refund = scene.admin.call("POST", path, part, idempotency_key="ann-part")
    say.does(f"POST /v1/payments/{{id}}/refunds, {PART} USD: POM can order a refund in Stripe, too")
    say.expects("Refund", first_refund.json.get("status", first_refund.text), "succeeded")
    repeated = scene.admin.call("POST", path, part, idempotency_key="ann-part")
    say.expects("The same request again refunds nothing more", repeated.json["id"] == first_refund.json["id"], True)
    scene.lets_a_minute_pass()
    scene.owner.refunds(int(total.replace(".", "")))
    say.does("refunded the remaining amount in Stripe a minute later, as the company")
    say.expects("Invoice", scene.status_of(invoice, "refunded"), "refunded")
    invoice_view = scene.office.get(f"/invoices/{invoice}")
    say.expects("Refunded amount", invoice_view["refundedAmount"], total)
    say.expects("Received amount, after refunds", invoice_view["receivedAmount"], "0.00")
    expected_kinds = "created, sent, payment_failed, paid, refunded, refunded"
    path = f"/invoices/{invoice}/history"
    say.expects(
        "The history has",
        scene.office.sees(path, reading.entry_kinds, expected_kinds),
        expected_kinds,
    )
    remainder = Decimal(total) - Decimal(PART)
    scene.shows_once(invoice, f"Refunded: {remainder} USD to {CARD}")
    rows = [row for row in scene.office.get("/payments")["data"] if row["invoiceId"] == invoice]
    say.does("GET /v1/payments")
    say.table("", reading.MONEY_COLUMNS, [reading.money_row(row) for row in rows])
    total_received = sum(Decimal(row["receivedAmount"]) for row in rows)
    say.expects(
        "The payments and refunds add up to the received amount",
        f"{total_received:.2f}",
        invoice_view["receivedAmount"],
    )
