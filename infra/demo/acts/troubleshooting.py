"""Webhooks are lost and then the connection; POM catches up with both."""

from __future__ import annotations

from infra.demo import reading
from infra.demo.acts.scene import BEN, CARLA, GOOD_CARD, Scene
from infra.demo.people import Payer
from infra.demo.sample import CUSTOMERS, order


def lose_webhooks(scene: Scene) -> None:
    say = scene.teller
    invoice = scene.invoices[BEN.id]
    say.chapter("Troubleshooting")
    say.says("If payments aren't syncing: …")
    scene.world.lose_webhooks("*")
    Payer(scene.office.get(f"/invoices/{invoice}")["paymentUrl"]).pays_by_card(GOOD_CARD)
    say.does(f"lost every webhook while {BEN.name} paid with the link")
    say.sees("POM knows nothing of it yet", scene.office.get(f"/invoices/{invoice}")["status"], "pending")
    scene.office.call("POST", "/stripe/connection/refresh")
    say.does("clicked Refresh, before the schedule did it: POM asked Stripe for what it had missed")
    say.sees("Invoice", scene.status_of(invoice, "paid"), "paid")
    say.does("GET /v1/invoices/{id}/events")
    events = scene.office.get(f"/invoices/{invoice}/events")
    say.sees("The event log says that it was recovered", reading.recovered(events), True)
    scene.world.lose_webhooks()


def lose_the_connection(scene: Scene) -> None:
    say = scene.teller
    invoice = scene.invoices[CARLA.id]
    say.says("If the connection is lost: …")
    scene.world.revoke(scene.owner.account_id)
    say.does("removed POM from the connected apps in Stripe, as the company itself")
    say.sees("Connection", scene.admin.sees("/stripe/connection", reading.status, "disconnected"), "disconnected")
    refused = scene.office.create_invoice(order(CUSTOMERS[5]), "while-disconnected")
    say.sees("A new invoice is refused, with what to do", refused.error_code, "stripe_not_connected")
    say.tells(refused.json["error"]["nextStep"])
    page = Payer(scene.office.get(f"/invoices/{invoice}")["paymentUrl"]).pays_by_card(GOOD_CARD)
    say.does(f"meanwhile paid with the link of an earlier e-mail, as {CARLA.name}")
    say.sees("The page thanks for the payment", "Paid. Thank you!" in page, True)

    say.says("Click Reconnect on Stripe. Re-authorize in Stripe.")
    begun = scene.admin.call("POST", "/stripe/connection")
    say.does("POST /v1/stripe/connection")
    state = scene.granted(begun.json["authorizeUrl"])
    done = scene.admin.call("POST", "/stripe/connection/complete", {"state": state})
    say.does("POST /v1/stripe/connection/complete")
    say.sees("Connection", done.json["status"], "connected")
    say.sees("What was missed meanwhile has been caught up", scene.status_of(invoice, "paid"), "paid")

    say.says("Verify connection with a test invoice.")
    report = scene.admin.call("POST", "/stripe/connection/test").json
    say.does("POST /v1/stripe/connection/test")
    for step in report["steps"]:
        say.tells(step["message"])
    say.sees("The connection works", report["ok"], True)
