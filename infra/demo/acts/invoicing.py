"""The office creates an invoice and sends it. The customer's card is declined, and a second attempt succeeds."""

from __future__ import annotations

from typing import Any

from infra.demo import reading
from infra.demo.acts.scene import ANN, BEN, CARD, CARLA, DAN, GOOD_CARD, Scene
from infra.demo.people import Payer
from infra.demo.sample import order, services_of

INSUFFICIENT_FUNDS = "4000 0000 0000 9995"
"""One of Stripe's published test cards (https://docs.stripe.com/testing)."""

EVENTS_OF_A_PAYMENT = ("charge.succeeded", "invoice.paid", "invoice_payment.paid", "payment_intent.succeeded")

SHOWN = 5
"""The number of events from the log that are shown."""


def create(scene: Scene) -> None:
    say = scene.narrator
    say.chapter("Using Stripe for payments")
    say.quotes("Select billable services. Click Create Invoice. Choose Stripe as the invoice type.")
    draft = scene.office.create_invoice(order(ANN, send=False), "ann-november")
    scene.invoices[ANN.id] = draft.json["id"]
    say.does(f"POST /v1/invoices with {len(services_of(ANN))} services of {ANN.name}, to be reviewed first")
    say.expects("Invoice", draft.json["status"], "draft")
    lines = [
        [line["description"], line["quantity"], line["unitPrice"], line["amount"]] for line in draft.json["lineItems"]
    ]
    say.table("", ["Service", "Quantity", "Unit price", "Amount"], lines)
    repeated = scene.office.create_invoice(order(ANN, send=False), "ann-november")
    say.expects("The same request again makes no second invoice", repeated.json["id"] == draft.json["id"], True)
    second = scene.office.create_invoice(order(ANN), "ann-once-more")
    say.expects("Billing a service a second time", second.error_code, "service_already_billed")

    say.quotes("Review and send the invoice. Customer receives email with payment link.")
    sent_invoice = scene.office.call("POST", f"/invoices/{draft.json['id']}/send")
    say.does("POST /v1/invoices/{id}/send")
    say.expects("Invoice", sent_invoice.json["status"], "pending")
    mail = scene.world.latest_mail(scene.owner.account_id, ANN.email)
    say.expects("The e-mail has the same link as POM", mail["link"] == sent_invoice.json["paymentUrl"], True)
    say.notes(f"To {mail['to']}: {mail['subject']}")
    for customer in (BEN, CARLA, DAN):
        invoice = scene.office.create_invoice(order(customer), f"{customer.id}-november")
        scene.invoices[customer.id] = invoice.json["id"]


def pay(scene: Scene) -> None:
    say = scene.narrator
    invoice = scene.invoices[ANN.id]
    say.quotes("They click the payment link in their email. Enter credit card or payment details.")
    payer = Payer(scene.world.latest_mail(scene.owner.account_id, ANN.email)["link"])
    page = payer.pays_by_card(INSUFFICIENT_FUNDS)
    say.does(f"opened the link and paid with {INSUFFICIENT_FUNDS}")
    say.expects("The page names insufficient funds", "insufficient funds" in page.lower(), True)

    say.quotes("Failed - Payment attempt failed. Common reasons: insufficient funds …")
    say.does("GET /v1/invoices/{id}")
    say.expects("Invoice", scene.status_of(invoice, "failed"), "failed")
    # Stripe reports in one event that an attempt failed and in another one why, in any order.
    why = scene.office.sees(f"/invoices/{invoice}", reading.reason, "insufficient_funds")
    say.expects("Reason", why, "insufficient_funds")
    failure = scene.office.get(f"/invoices/{invoice}")["failure"] or {}
    say.notes(f"{failure.get('message')} {failure.get('nextStep')}")

    say.quotes("Customers can retry payment using the invoice link. Payment is processed immediately.")
    scene.lets_a_minute_pass()
    page = payer.pays_by_card(GOOD_CARD)
    say.does(f"opened the same link again a minute later and paid with {GOOD_CARD}")
    say.expects("The page thanks for the payment", "Paid. Thank you!" in page, True)

    say.quotes("Both POM and Stripe update automatically. Paid - Payment received and confirmed.")
    say.does("GET /v1/invoices/{id}, and looked the invoice up in Stripe")
    say.expects("POM", scene.status_of(invoice, "paid"), "paid")
    invoice_view = scene.office.get(f"/invoices/{invoice}")
    say.expects("Balance", invoice_view["balance"], "0.00")
    in_stripe = scene.owner.does("GET", "/invoices?limit=100")["data"]
    ours = next(stripe_invoice for stripe_invoice in in_stripe if stripe_invoice["number"] == invoice_view["number"])
    say.expects("Stripe", ours["status"], "paid")

    say.quotes("Click on an invoice. View payment details and transaction history.")
    expected = "created, sent, payment_failed, paid"
    kinds = scene.office.sees(f"/invoices/{invoice}/history", reading.entry_kinds, expected)
    say.does("GET /v1/invoices/{id}/history and /v1/invoices/{id}/events")
    say.expects("The history has", kinds, expected)
    # The invoice and the card of its payment come in different events, in any order.
    scene.shows_once(invoice, f"Paid: {invoice_view['total']} USD by {CARD}")
    [payment] = scene.office.get(f"/invoices/{invoice}")["payments"]
    say.expects("The payment has its card", reading.method(payment["method"]), CARD)

    def arrived(event_log: Any) -> str:
        return reading.logged_types(event_log, EVENTS_OF_A_PAYMENT)

    expected = ", ".join(EVENTS_OF_A_PAYMENT)
    types = scene.office.sees(f"/invoices/{invoice}/events", arrived, expected)
    say.expects("The log of Stripe's events has", types, expected)
    scene.world.wait_until_delivered()
    events = scene.office.get(f"/invoices/{invoice}/events?first={SHOWN}")["data"]
    say.notes(f"The {SHOWN} events that arrived last:")
    say.table("", reading.EVENT_COLUMNS, [reading.event_row(event) for event in events])
