"""Webhooks are lost, and later the connection. POM catches up with both."""

from __future__ import annotations

from infra.demo import reading
from infra.demo.acts.scene import BEN, CARLA, GOOD_CARD, Scene
from infra.demo.people import Payer
from infra.demo.sample import CUSTOMERS, order


def lose_webhooks(scene: Scene) -> None:
    say = scene.narrator
    invoice = scene.invoices[BEN.id]
    say.chapter("Troubleshooting")
    say.quotes("If payments aren't syncing: …")
    scene.world.lose_webhooks("*")
    Payer(scene.office.get(f"/invoices/{invoice}")["paymentUrl"]).pays_by_card(GOOD_CARD)
    say.does(f"lost every webhook while {BEN.name} paid with the link")
    say.expects("POM does not have the payment yet", scene.office.get(f"/invoices/{invoice}")["status"], "pending")
    scene.office.call("POST", "/stripe/connection/refresh")
    say.does("clicked Refresh, before the schedule ran: POM fetched the missed events from Stripe")
    say.expects("Invoice", scene.status_of(invoice, "paid"), "paid")
    say.does("GET /v1/invoices/{id}/events")
    events = scene.office.get(f"/invoices/{invoice}/events")
    say.expects("The event log has a recovered event", reading.has_recovered_event(events), True)
    scene.world.lose_webhooks()


def lose_the_connection(scene: Scene) -> None:
    say = scene.narrator
    invoice = scene.invoices[CARLA.id]
    say.quotes("If the connection is lost: …")
    scene.world.revoke(scene.owner.account_id)
    say.does("removed POM from the connected apps in Stripe, as the company")
    say.expects("Connection", scene.admin.sees("/stripe/connection", reading.status, "disconnected"), "disconnected")
    refused_response = scene.office.create_invoice(order(CUSTOMERS[5]), "while-disconnected")
    say.expects("A new invoice is refused, with a next step", refused_response.error_code, "stripe_not_connected")
    say.notes(refused_response.json["error"]["nextStep"])
    page = Payer(scene.office.get(f"/invoices/{invoice}")["paymentUrl"]).pays_by_card(GOOD_CARD)
    say.does(f"paid with the link of an earlier e-mail, as {CARLA.name}")
    say.expects("The page thanks for the payment", "Paid. Thank you!" in page, True)

    say.quotes("Click Reconnect on Stripe. Re-authorize in Stripe.")
    started = scene.admin.call("POST", "/stripe/connection")
    say.does("POST /v1/stripe/connection")
    state = scene.grant_access(started.json["authorizeUrl"])
    completed = scene.admin.call("POST", "/stripe/connection/complete", {"state": state})
    say.does("POST /v1/stripe/connection/complete")
    say.expects("Connection", completed.json["status"], "connected")
    say.expects("POM has the payment that it missed", scene.status_of(invoice, "paid"), "paid")

    say.quotes("Verify connection with a test invoice.")
    report = scene.admin.call("POST", "/stripe/connection/test").json
    say.does("POST /v1/stripe/connection/test")
    for step in report["steps"]:
        say.notes(step["message"])
    say.expects("The connection works", report["ok"], True)
