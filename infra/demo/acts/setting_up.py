"""The company installs Stripe, says how it invoices, and saves its customers."""

from __future__ import annotations

from typing import Any

from infra.demo.acts.scene import ANN, Scene
from infra.demo.http import request
from infra.demo.sample import CUSTOMERS

ZONE = "America/New_York"
REMINDED_BEFORE = 3
"""Days before an invoice is due."""


def install(scene: Scene) -> None:
    say = scene.teller
    say.chapter("Setting up the Stripe integration")
    say.says("Navigate to Settings → Apps. Find Stripe in the integrations list.")
    say.does("GET /v1/apps")
    say.sees("Stripe", scene.admin.get("/apps")["data"][0]["status"], "not_connected")

    say.says("Click Install. You'll be redirected to Stripe to authorize the connection.")
    begun = scene.admin.call("POST", "/stripe/connection")
    authorize_url = begun.json["authorizeUrl"]
    say.does("POST /v1/stripe/connection, then opened Stripe's page in the browser")
    page = request("GET", authorize_url)
    say.sees("Stripe asks to connect the account", "Connect your account" in page.text, True)
    refused = scene.office.call("POST", "/stripe/connection")
    say.sees("Somebody without the admin role gets", refused.error_code, "role_missing")

    say.says("Log in to your Stripe account. Grant POM permission to access your Stripe data.")
    state = scene.granted(authorize_url)
    say.sees("The connection is not active before POM's admin completes it", scene.status(), "pending")

    say.says("Return to POM to complete setup.")
    done = scene.admin.call("POST", "/stripe/connection/complete", {"state": state})
    say.does("POST /v1/stripe/connection/complete")
    say.sees("Connection", done.json["status"], "connected")
    say.tells(f"{done.json['businessName']}, account {done.json['stripeAccountId']}")


def configure(scene: Scene) -> None:
    say = scene.teller
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
    saved = scene.admin.call("PUT", "/settings/invoicing", wanted)
    say.does(f"PUT /v1/settings/invoicing: net 15, cards, a memo, reminders {REMINDED_BEFORE} days before due")
    say.sees("Payment terms", saved.json.get("paymentTerms", saved.text), "net_15")


def save_customers(scene: Scene) -> None:
    say = scene.teller
    say.says("Email addresses are used as the primary identifier. Customer updates sync in real-time.")
    scene.owner.does("POST", "/customers", email=ANN.email, name="A. Lee")
    say.does(f"saved {len(CUSTOMERS)} customers in POM; one of them, {ANN.email}, was in Stripe before")
    for customer in CUSTOMERS:
        scene.office.call("PUT", f"/customers/{customer.id}", customer.body)

    def synced(answer: Any) -> int:
        return sum(customer["syncStatus"] == "synced" for customer in answer["data"])

    say.sees("Synced", scene.office.sees("/customers?first=100", synced, len(CUSTOMERS)), len(CUSTOMERS))
    in_stripe = scene.owner.does("GET", "/customers?limit=100")["data"]
    say.sees("Customers in Stripe, none of them twice", len(in_stripe), len(CUSTOMERS))
