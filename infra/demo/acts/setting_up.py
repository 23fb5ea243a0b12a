"""The company installs Stripe, configures its invoices, and saves its customers."""

from __future__ import annotations

from typing import Any

from infra.demo.acts.scene import ANN, Scene
from infra.demo.http import request
from infra.demo.sample import CUSTOMERS

ZONE = "America/New_York"
REMINDED_BEFORE = 3
"""Days before an invoice is due."""


def install(scene: Scene) -> None:
    say = scene.narrator
    say.chapter("Setting up the Stripe integration")
    say.quotes("Navigate to Settings → Apps. Find Stripe in the integrations list.")
    say.does("GET /v1/apps")
    say.expects("Stripe", scene.admin.get("/apps")["data"][0]["status"], "not_connected")

    say.quotes("Click Install. You'll be redirected to Stripe to authorize the connection.")
    started = scene.admin.call("POST", "/stripe/connection")
    authorize_url = started.json["authorizeUrl"]
    say.does("POST /v1/stripe/connection, then opened Stripe's page in the browser")
    page = request("GET", authorize_url)
    say.expects("Stripe asks to connect the account", "Connect your account" in page.text, True)
    refused_response = scene.office.call("POST", "/stripe/connection")
    say.expects("A user without the admin role gets", refused_response.error_code, "role_missing")

    say.quotes("Log in to your Stripe account. Grant POM permission to access your Stripe data.")
    state = scene.grant_access(authorize_url)
    say.expects("The connection is not active before POM's admin completes it", scene.status(), "pending")

    say.quotes("Return to POM to complete setup.")
    completed = scene.admin.call("POST", "/stripe/connection/complete", {"state": state})
    say.does("POST /v1/stripe/connection/complete")
    say.expects("Connection", completed.json["status"], "connected")
    say.notes(f"{completed.json['businessName']}, account {completed.json['stripeAccountId']}")


def configure(scene: Scene) -> None:
    say = scene.narrator
    say.chapter("Configuring the integration")
    say.quotes("Payment Terms - Configure due dates and payment windows.")
    settings = {
        "invoiceType": "stripe",
        "paymentTerms": "net_15",
        "paymentMethods": ["card"],
        "memo": "Thank you for letting us look after your pool.",
        "reminders": {"enabled": True, "daysBeforeDue": [REMINDED_BEFORE]},
        "timeZone": ZONE,
    }
    response = scene.admin.call("PUT", "/settings/invoicing", settings)
    say.does(f"PUT /v1/settings/invoicing: net 15, cards, a memo, reminders {REMINDED_BEFORE} days before due")
    say.expects("Payment terms", response.json.get("paymentTerms", response.text), "net_15")


def save_customers(scene: Scene) -> None:
    say = scene.narrator
    say.quotes("Email addresses are used as the primary identifier. Customer updates sync in real-time.")
    scene.owner.does("POST", "/customers", email=ANN.email, name="A. Lee")
    say.does(f"saved {len(CUSTOMERS)} customers in POM; one of them, {ANN.email}, was in Stripe before")
    for customer in CUSTOMERS:
        scene.office.call("PUT", f"/customers/{customer.id}", customer.body)

    def synced(answer: Any) -> int:
        return sum(customer["syncStatus"] == "synced" for customer in answer["data"])

    say.expects("Synced", scene.office.sees("/customers?first=100", synced, len(CUSTOMERS)), len(CUSTOMERS))
    in_stripe = scene.owner.does("GET", "/customers?limit=100")["data"]
    say.expects("Customers in Stripe, none of them twice", len(in_stripe), len(CUSTOMERS))
