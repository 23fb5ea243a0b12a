"""The story: one pool company goes through the guide from installing Stripe to losing and regaining it.

Each step does something first, and then shows what came of it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from infra.demo import reading
from infra.demo.http import request
from infra.demo.people import Office, Owner, Payer, Surroundings, query_of
from infra.demo.sample import CUSTOMERS, order, services_of
from infra.demo.telling import Teller
from infra.local.cloudwatch.clock import SkippingClock
from infra.local.stack import LocalStack

INSUFFICIENT_FUNDS = "4000 0000 0000 9995"
GOOD_CARD = "4242 4242 4242 4242"
"""Stripe's published test cards (https://docs.stripe.com/testing)."""

CARD = "Visa 4242"
"""How POM shows the good card."""

EVENTS_OF_A_PAYMENT = ("charge.succeeded", "invoice.paid", "invoice_payment.paid", "payment_intent.succeeded")

ZONE = "America/New_York"
REMINDED_BEFORE = 3
"""Days before an invoice is due."""

PART = "20.00"
"""What is refunded first."""

SHOWN = 5
"""Events of the log that are shown."""

ANN, BEN, CARLA, DAN, *THE_REST = CUSTOMERS


class Story:
    """Tells it, one chapter a method."""

    def __init__(self, stack: LocalStack, clock: SkippingClock, owner: Owner, teller: Teller) -> None:
        self._stack = stack
        self._clock = clock
        self._teller = teller
        self._owner = owner
        self._admin = Office(stack.urls.api, stack.tokens["admin"])
        self._office = Office(stack.urls.api, stack.tokens["billing"])
        self._world = Surroundings(stack.urls.stripe)
        self._invoices: dict[str, str] = {}

    def tell(self) -> bool:
        """From beginning to end; answers whether everything was as the guide says."""
        for chapter in (
            self._installing,
            self._settings,
            self._customers,
            self._creating,
            self._paying,
            self._refunding,
            self._sync_delays,
            self._connection_lost,
            self._reminding,
            self._billing_many,
            self._at_a_glance,
        ):
            chapter()
        return self._teller.ends()

    def _installing(self) -> None:
        say = self._teller
        say.chapter("Setting up the Stripe integration")
        say.says("Navigate to Settings → Apps. Find Stripe in the integrations list.")
        say.does("GET /v1/apps")
        say.sees("Stripe", self._admin.get("/apps")["data"][0]["status"], "not_connected")

        say.says("Click Install. You'll be redirected to Stripe to authorize the connection.")
        begun = self._admin.call("POST", "/stripe/connection")
        authorize_url = begun.json["authorizeUrl"]
        say.does("POST /v1/stripe/connection, then opened Stripe's page in the browser")
        page = request("GET", authorize_url)
        say.sees("Stripe asks to connect the account", "Connect your account" in page.text, True)
        refused = self._office.call("POST", "/stripe/connection")
        say.sees("Somebody without the admin role gets", refused.error_code, "role_missing")

        say.says("Log in to your Stripe account. Grant POM permission to access your Stripe data.")
        state = self._granted(authorize_url)
        say.sees("The connection is not active before POM's admin completes it", self._status(), "pending")

        say.says("Return to POM to complete setup.")
        done = self._admin.call("POST", "/stripe/connection/complete", {"state": state})
        say.does("POST /v1/stripe/connection/complete")
        say.sees("Connection", done.json["status"], "connected")
        say.tells(f"{done.json['businessName']}, account {done.json['stripeAccountId']}")

    def _settings(self) -> None:
        say = self._teller
        say.chapter("Configuring the integration")
        say.says("Payment Terms - Configure due dates and payment windows.")
        wanted = {
            "invoiceType": "stripe",
            "paymentTerms": "net_15",
            "paymentMethods": ["card"],
            "memo": "Thank you for letting us look after your pool.",
            "reminders": {"enabled": True, "daysBeforeDue": [REMINDED_BEFORE]},
            "timeZone": ZONE,
        }
        saved = self._admin.call("PUT", "/settings/invoicing", wanted)
        say.does(f"PUT /v1/settings/invoicing: net 15, cards, a memo, reminders {REMINDED_BEFORE} days before due")
        say.sees("Payment terms", saved.json.get("paymentTerms", saved.text), "net_15")

    def _customers(self) -> None:
        say = self._teller
        say.says("Email addresses are used as the primary identifier. Customer updates sync in real-time.")
        self._owner.does("POST", "/customers", email=ANN.email, name="A. Lee")
        say.does(f"saved {len(CUSTOMERS)} customers in POM; one of them, {ANN.email}, was in Stripe before")
        for customer in CUSTOMERS:
            self._office.call("PUT", f"/customers/{customer.id}", customer.body)

        def synced(answer: Any) -> int:
            return sum(customer["syncStatus"] == "synced" for customer in answer["data"])

        say.sees("Synced", self._office.sees("/customers?first=100", synced, len(CUSTOMERS)), len(CUSTOMERS))
        in_stripe = self._owner.does("GET", "/customers?limit=100")["data"]
        say.sees("Customers in Stripe, none of them twice", len(in_stripe), len(CUSTOMERS))

    def _creating(self) -> None:
        say = self._teller
        say.chapter("Using Stripe for payments")
        say.says("Select billable services. Click Create Invoice. Choose Stripe as the invoice type.")
        draft = self._office.create_invoice(order(ANN, send=False), "ann-november")
        self._invoices[ANN.id] = draft.json["id"]
        say.does(f"POST /v1/invoices with {len(services_of(ANN))} services of {ANN.name}, to be reviewed first")
        say.sees("Invoice", draft.json["status"], "draft")
        lines = [
            [line["description"], line["quantity"], line["unitPrice"], line["amount"]]
            for line in draft.json["lineItems"]
        ]
        say.table("", ["Service", "Quantity", "Unit price", "Amount"], lines)
        again = self._office.create_invoice(order(ANN, send=False), "ann-november")
        say.sees("The same request again makes no second invoice", again.json["id"] == draft.json["id"], True)
        twice = self._office.create_invoice(order(ANN), "ann-once-more")
        say.sees("Billing a service a second time", twice.error_code, "service_already_billed")

        say.says("Review and send the invoice. Customer receives email with payment link.")
        sent = self._office.call("POST", f"/invoices/{draft.json['id']}/send")
        say.does("POST /v1/invoices/{id}/send")
        say.sees("Invoice", sent.json["status"], "pending")
        mail = self._world.latest_mail(self._owner.account_id, ANN.email)
        say.sees("The e-mail's link is the one that POM shows", mail["link"] == sent.json["paymentUrl"], True)
        say.tells(f"To {mail['to']}: {mail['subject']}")
        for customer in (BEN, CARLA, DAN):
            made = self._office.create_invoice(order(customer), f"{customer.id}-november")
            self._invoices[customer.id] = made.json["id"]

    def _paying(self) -> None:
        say = self._teller
        invoice = self._invoices[ANN.id]
        say.says("They click the payment link in their email. Enter credit card or payment details.")
        payer = Payer(self._world.latest_mail(self._owner.account_id, ANN.email)["link"])
        page = payer.pays_by_card(INSUFFICIENT_FUNDS)
        say.does(f"opened the link and paid with {INSUFFICIENT_FUNDS}")
        say.sees("The page speaks of insufficient funds", "insufficient funds" in page.lower(), True)

        say.says("Failed - Payment attempt failed. Common reasons: insufficient funds …")
        say.does("GET /v1/invoices/{id}")
        say.sees("Invoice", self._status_of(invoice, "failed"), "failed")
        # Stripe says in one event that an attempt failed and in another why; they come in any order.
        why = self._office.sees(f"/invoices/{invoice}", reading.reason, "insufficient_funds")
        say.sees("Reason", why, "insufficient_funds")
        failure = self._office.get(f"/invoices/{invoice}")["failure"] or {}
        say.tells(f"{failure.get('message')} {failure.get('nextStep')}")

        say.says("Customers can retry payment using the invoice link. Payment is processed immediately.")
        self._lets_a_minute_pass()
        page = payer.pays_by_card(GOOD_CARD)
        say.does(f"opened the same link again a minute later and paid with {GOOD_CARD}")
        say.sees("The page thanks for the payment", "Paid. Thank you!" in page, True)

        say.says("Both POM and Stripe update automatically. Paid - Payment received and confirmed.")
        say.does("GET /v1/invoices/{id}, and looked the invoice up in Stripe")
        say.sees("POM", self._status_of(invoice, "paid"), "paid")
        shown = self._office.get(f"/invoices/{invoice}")
        say.sees("Balance", shown["balance"], "0.00")
        in_stripe = self._owner.does("GET", "/invoices?limit=100")["data"]
        ours = next(found for found in in_stripe if found["number"] == shown["number"])
        say.sees("Stripe", ours["status"], "paid")

        say.says("Click on an invoice. View payment details and transaction history.")
        expected = "created, sent, payment_failed, paid"
        told = self._office.sees(f"/invoices/{invoice}/history", reading.told, expected)
        say.does("GET /v1/invoices/{id}/history and /v1/invoices/{id}/events")
        say.sees("It tells of", told, expected)
        # The invoice and the card of its payment come in different events, in any order.
        self._shows_once(invoice, f"Paid: {shown['total']} USD by {CARD}")
        [payment] = self._office.get(f"/invoices/{invoice}")["payments"]
        say.sees("The payment has its card", reading.method(payment["method"]), CARD)

        def arrived(log: Any) -> str:
            return reading.arrived(log, EVENTS_OF_A_PAYMENT)

        expected = ", ".join(EVENTS_OF_A_PAYMENT)
        logged = self._office.sees(f"/invoices/{invoice}/events", arrived, expected)
        say.sees("Its log of Stripe's events has", logged, expected)
        self._world.wait_until_delivered()
        events = self._office.get(f"/invoices/{invoice}/events?first={SHOWN}")["data"]
        say.tells(f"The {SHOWN} events that arrived last:")
        say.table("", reading.EVENT_COLUMNS, [reading.event_row(event) for event in events])

    def _refunding(self) -> None:
        say = self._teller
        invoice = self._invoices[ANN.id]
        say.chapter("Managing payments")
        say.says("Refunds are handled through the Stripe dashboard. Status updates automatically in POM.")
        total = self._office.get(f"/invoices/{invoice}")["total"]
        [payment] = self._office.get(f"/invoices/{invoice}")["payments"]
        path = f"/payments/{payment['id']}/refunds"
        part = {"amount": PART, "reason": "requested_by_customer"}
        refunded = self._admin.call("POST", path, part, idempotency_key="ann-part")
        say.does(f"POST /v1/payments/{{id}}/refunds, {PART} USD: POM can order a refund in Stripe, too")
        say.sees("Refund", refunded.json.get("status", refunded.text), "succeeded")
        again = self._admin.call("POST", path, part, idempotency_key="ann-part")
        say.sees("The same request again refunds nothing more", again.json["id"] == refunded.json["id"], True)
        self._lets_a_minute_pass()
        self._owner.refunds(int(total.replace(".", "")))
        say.does("refunded the rest in Stripe a minute later, as the company itself")
        say.sees("Invoice", self._status_of(invoice, "refunded"), "refunded")
        shown = self._office.get(f"/invoices/{invoice}")
        say.sees("Refunded amount", shown["refundedAmount"], total)
        say.sees("Received amount, what came in and stayed", shown["receivedAmount"], "0.00")
        expected = "created, sent, payment_failed, paid, refunded, refunded"
        path = f"/invoices/{invoice}/history"
        say.sees("The history tells the whole story", self._office.sees(path, reading.told, expected), expected)
        rest = Decimal(total) - Decimal(PART)
        self._shows_once(invoice, f"Refunded: {rest} USD to {CARD}")
        rows = [row for row in self._office.get("/payments")["data"] if row["invoiceId"] == invoice]
        say.does("GET /v1/payments")
        say.table("", reading.MONEY_COLUMNS, [reading.money_row(row) for row in rows])
        received = sum(Decimal(row["receivedAmount"]) for row in rows)
        say.sees("Its payments and refunds add up to what it received", f"{received:.2f}", shown["receivedAmount"])

    def _sync_delays(self) -> None:
        say = self._teller
        invoice = self._invoices[BEN.id]
        say.chapter("Troubleshooting")
        say.says("If payments aren't syncing: …")
        self._world.lose_webhooks("*")
        Payer(self._office.get(f"/invoices/{invoice}")["paymentUrl"]).pays_by_card(GOOD_CARD)
        say.does(f"lost every webhook while {BEN.name} paid with the link")
        say.sees("POM knows nothing of it yet", self._office.get(f"/invoices/{invoice}")["status"], "pending")
        self._office.call("POST", "/stripe/connection/refresh")
        say.does("clicked Refresh, before the schedule did it: POM asked Stripe for what it had missed")
        say.sees("Invoice", self._status_of(invoice, "paid"), "paid")
        say.does("GET /v1/invoices/{id}/events")
        events = self._office.get(f"/invoices/{invoice}/events")
        say.sees("The event log says that it was recovered", reading.recovered(events), True)
        self._world.lose_webhooks()

    def _connection_lost(self) -> None:
        say = self._teller
        invoice = self._invoices[CARLA.id]
        say.says("If the connection is lost: …")
        self._world.revoke(self._owner.account_id)
        say.does("removed POM from the connected apps in Stripe, as the company itself")
        say.sees("Connection", self._admin.sees("/stripe/connection", reading.status, "disconnected"), "disconnected")
        refused = self._office.create_invoice(order(CUSTOMERS[5]), "while-disconnected")
        say.sees("A new invoice is refused, with what to do", refused.error_code, "stripe_not_connected")
        say.tells(refused.json["error"]["nextStep"])
        page = Payer(self._office.get(f"/invoices/{invoice}")["paymentUrl"]).pays_by_card(GOOD_CARD)
        say.does(f"meanwhile paid with the link of an earlier e-mail, as {CARLA.name}")
        say.sees("The page thanks for the payment", "Paid. Thank you!" in page, True)

        say.says("Click Reconnect on Stripe. Re-authorize in Stripe.")
        begun = self._admin.call("POST", "/stripe/connection")
        say.does("POST /v1/stripe/connection")
        state = self._granted(begun.json["authorizeUrl"])
        done = self._admin.call("POST", "/stripe/connection/complete", {"state": state})
        say.does("POST /v1/stripe/connection/complete")
        say.sees("Connection", done.json["status"], "connected")
        say.sees("What was missed meanwhile has been caught up", self._status_of(invoice, "paid"), "paid")

        say.says("Verify connection with a test invoice.")
        report = self._admin.call("POST", "/stripe/connection/test").json
        say.does("POST /v1/stripe/connection/test")
        for step in report["steps"]:
            say.tells(step["message"])
        say.sees("The connection works", report["ok"], True)

    def _reminding(self) -> None:
        say = self._teller
        invoice = self._office.get(f"/invoices/{self._invoices[DAN.id]}")
        say.chapter("Payment reminders")
        say.says("Auto-reminders - Enable payment reminder emails through Stripe.")
        day = dt.date.fromisoformat(invoice["dueDate"]) - dt.timedelta(days=REMINDED_BEFORE)
        morning = dt.datetime.combine(day, dt.time(10), ZoneInfo(ZONE))
        days = round((morning.timestamp() - self._clock.now()) / 86_400)
        self._clock.skip_to(morning.timestamp())
        self._stack.fire("plan_day")
        self._stack.wait_until_idle()
        say.does(f"let {days} days pass, on POM's clock and on Stripe's, and the hourly schedule run")
        mails = self._world.mails(self._owner.account_id)
        reminded = [mail for mail in mails if mail["kind"] == "reminder"]
        say.sees(
            "The one customer who has not paid was reminded", ", ".join(mail["to"] for mail in reminded), DAN.email
        )
        for mail in reminded:
            say.sees("The e-mail's link is the one that POM shows", mail["link"] == invoice["paymentUrl"], True)
            say.letter(mail["from"], mail["subject"], mail["text"])
        history = self._office.get(f"/invoices/{invoice['id']}/history")["data"]
        rows = [entry for entry in history if entry["kind"] == "reminded"]
        say.sees("The history has the reminder", len(rows), 1)
        self._shows(rows)

    def _billing_many(self) -> None:
        say = self._teller
        say.chapter("Billing the rest of the month")
        say.says("Go to Billing and select billable services.")
        services = [{"customerId": each.id, **service.line} for each in THE_REST for service in services_of(each)]
        batch = self._office.call("POST", "/invoice-batches", {"services": services}, idempotency_key="november")
        say.does(f"POST /v1/invoice-batches: {len(services)} services of {len(THE_REST)} customers in one go")
        path = f"/invoice-batches/{batch.json['id']}"
        say.sees("Invoices sent", self._office.sees(path, reading.sent, len(THE_REST)), len(THE_REST))
        again = self._office.call("POST", "/invoice-batches", {"services": services}, idempotency_key="november")
        say.sees("The same request again is the same batch", again.json["id"] == batch.json["id"], True)

    def _at_a_glance(self) -> None:
        say = self._teller
        say.chapter("Tracking payments")
        say.says("View payment status in POM: Paid, Pending, Failed, Refunded.")
        invoices = self._office.get("/invoices?first=100")["data"]
        names = {customer.id: customer.name for customer in CUSTOMERS}
        rows = [
            [
                invoice["number"] or "",
                names[invoice["customerId"]],
                invoice["total"],
                invoice["balance"],
                invoice["status"],
            ]
            for invoice in invoices
        ]
        say.does("GET /v1/invoices")
        say.table("", ["Number", "Customer", "Total", "Balance", "Status"], rows[-6:])
        say.tells(f"… and {len(rows) - 6} more")
        counted = Counter(invoice["status"] for invoice in invoices)
        shown = ", ".join(f"{count} {status}" for status, count in sorted(counted.items()))
        say.sees("Invoices", shown, f"2 paid, {1 + len(THE_REST)} pending, 1 refunded")
        summary = self._office.get("/summary")["data"][0]
        summed = {status: tally for status, tally in summary["byStatus"].items() if tally["count"]}
        say.does("GET /v1/summary")
        counts = ", ".join(f"{tally['count']} {status}" for status, tally in sorted(summed.items()))
        say.sees("The summary, kept with every change, agrees", counts, shown)

    def _granted(self, authorize_url: str) -> str:
        """Grant access in Stripe and let the browser go where it is sent; answers the state POM's page gets."""
        to_callback = self._owner.decides(authorize_url, "grant").headers["Location"]
        to_settings = request("GET", to_callback).headers["Location"]
        self._teller.does(f"pressed Connect for {self._owner.account_id}; Stripe sent the browser back")
        self._teller.sees("The browser is back in POM's settings", query_of(to_settings)["stripe"], "pending")
        return query_of(to_settings)["state"]

    def _lets_a_minute_pass(self) -> None:
        """What comes next is told after all that was so far. Things of one second may stand in any order."""
        self._world.wait_until_delivered()
        self._clock.skip_to(self._clock.now() + 60)

    def _shows_once(self, invoice: str, latest: str) -> None:
        """Shows the history once its latest entry is told like this, or as it is when patience ends."""
        path = f"/invoices/{invoice}/history"
        self._teller.sees("Its latest entry", self._office.sees(path, reading.latest_sentence, latest), latest)
        self._shows(self._office.get(path)["data"])

    def _shows(self, history: list[Any]) -> None:
        self._teller.table("", reading.COLUMNS, [reading.row(entry) for entry in history])

    def _status(self) -> str:
        return reading.status(self._admin.get("/stripe/connection"))

    def _status_of(self, invoice_id: str, expected: str) -> str:
        return self._office.sees(f"/invoices/{invoice_id}", reading.status, expected)
