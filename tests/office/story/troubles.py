"""Lost webhooks are recovered, deposits are followed to the bank, and customers who have not paid are reminded."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from infra.demo.http import request
from infra.local.double_config import STRIPE_ACCOUNT
from tests.office.screen import PATIENCE, reads
from tests.office.story.billing import create_invoice, last_part
from tests.office.story.scene import GOOD_CARD, Scene, again_until, shown, status

BEN, CARLA = "Ben Ortiz", "Carla Ruiz"


def send_at_once(scene: Scene, customer: str) -> str:
    """Bills the services of a customer and sends the invoice at once. Returns the address of the payment page."""
    bob = scene.bob
    scene.goes(bob, "Billing")
    bob.get_by_label("Customer or service").fill(customer)
    bob.get_by_label(f"All of {customer}").check()
    dialog = create_invoice(bob)
    dialog.get_by_label("Review and send").select_option(value="send")
    dialog.get_by_role("button", name="Create").click()
    bob.wait_for_url("**/invoicing/*", timeout=PATIENCE)
    status(bob, "Pending")
    return str(bob.get_by_role("link", name="Payment page").get_attribute("href"))


def lose_webhooks(scene: Scene) -> None:
    bob, payer = scene.bob, scene.payer
    link = send_at_once(scene, BEN)
    scene.at_stripe("Webhooks").get_by_role("button", name="Lose all webhooks from now on").click()
    payer.goto(link)
    scene.pays(GOOD_CARD)
    reads(payer, "Paid. Thank you!")
    scene.chapter("Sync Delays")
    scene.says("If payments aren't syncing:")
    scene.says("Check Stripe dashboard for payment status")
    with bob.expect_popup() as opened:
        bob.get_by_role("link", name="Open in Stripe").click()
    shown(opened.value.get_by_text("Paid").first)
    status(bob, "Pending")
    scene.says("Verify webhook configuration")
    owner = scene.at_stripe("Webhooks")
    reads(owner, "Webhooks are being lost")
    bob.get_by_role("button", name="Refresh").click()
    status(bob, "Paid")
    owner.get_by_role("button", name="Deliver again").click()
    reads(owner, "Webhooks are delivered")
    owner.get_by_role("button", name=re.compile("^Send (it|them) again")).click()
    again_until(owner, "Every event was delivered.")
    scene.says("Contact support if delays persist")
    bob.get_by_text("Event log").click()
    reads(bob, "invoice.paid")


def follow_the_money(scene: Scene) -> None:
    bob = scene.bob
    scene.chapter("Benefits of Stripe Integration")
    scene.says("Automatic payment tracking and reconciliation")
    wait_for_a_deposit(scene)
    reads(bob, "Its lines add up to the amount exactly")
    rows = bob.get_by_role("row").filter(has_text="Ann Lee")
    shown(rows.first)
    assert rows.count() == 3, "her payment and her two refunds"
    with bob.expect_download() as saved:
        bob.get_by_role("button", name="Save as CSV").click()
    table = saved.value.path().read_text()
    assert "Ann Lee" in table
    assert BEN in table


def wait_for_a_deposit(scene: Scene) -> None:
    """Lets the days pass until the money is at the bank, and opens the latest deposit."""
    bob = scene.bob
    scene.goes(bob, "Payments and deposits")
    reads(bob, "Available later")
    let_days_pass(scene, 4)
    bob.get_by_role("link", name="Deposits", exact=True).click()
    deposit = shown(bob.get_by_role("table").get_by_role("link").first)
    deposit.click()
    bob.wait_for_url("**/payments/deposits/*", timeout=PATIENCE)
    scene.left["deposit"] = last_part(bob)


def remind(scene: Scene) -> None:
    send_at_once(scene, CARLA)
    scene.chapter("Invoice Settings")
    scene.says("Auto-reminders - Enable payment reminder emails through Stripe")
    let_days_pass(scene, 12)
    owner = scene.at_stripe("Mails")
    again_until(owner, "Reminder: invoice")
    assert "carla.ruiz@example.com" in owner.get_by_role("article").first.inner_text()
    reads(scene.bob, "Reminder sent to carla.ruiz@example.com")


def let_days_pass(scene: Scene, days: int) -> None:
    """Moves Stripe's clock ahead, day by day. POM's follows, and its schedules do the work of each day."""
    for _ in range(days):
        scene.at_stripe("Home").get_by_role("button", name="1 day", exact=True).click()
        shown(scene.owner.get_by_role("status"))
        scene.stack.fire("plan_day")
        scene.stack.wait_until_idle()


def let_a_busy_month_pass(scene: Scene) -> None:
    """Bills half of the customers at once. Most pay, one is declined, one disputes and one pays from the bank."""
    bob, stack = scene.bob, scene.stack
    scene.goes(bob, "Billing")
    bob.get_by_label("From").fill(_days_ago(14))
    bob.get_by_label(re.compile(r"^All \d+ services of \d+ customers")).check()
    dialog = create_invoice(bob)
    if dialog.get_by_label("Currency").count():
        dialog.get_by_label("Currency").select_option(value="usd")
    dialog.get_by_label("Review and send").select_option(value="send")
    dialog.get_by_role("button", name="Create").click()
    bob.wait_for_url("**/billing/batches/*", timeout=PATIENCE)
    stack.wait_until_idle(4 * PATIENCE / 1000)
    double, account = f"{stack.urls.stripe}/_double", STRIPE_ACCOUNT["account_id"]
    ledger = request("GET", f"{double}/ledger/{account}").json["objects"]
    waiting = [each["id"] for each in ledger["invoice"] if each["status"] == "open"]
    methods = {0: "pm_card_chargeDeclinedInsufficientFunds", 1: "pm_usBankAccount", 2: "pm_card_createDispute"}
    for number, invoice in enumerate(waiting[: len(waiting) * 2 // 3]):
        method = methods.get(number, "pm_card_visa")
        request("POST", f"{double}/invoices/{account}/{invoice}/pay", json_body={"method": method})
    stack.wait_until_idle(4 * PATIENCE / 1000)


def _days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()
