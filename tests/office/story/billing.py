"""The office bills completed services; the customer is declined, tries again and pays; the company refunds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.office.screen import PATIENCE, reads
from tests.office.story.scene import GOOD_CARD, Scene, in_dialog, shown, status

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

TOTAL = "$302.24"
"""The services of Ann Lee."""
DECLINES = (
    ("Insufficient funds", "4000 0000 0000 9995", "12/34", "Insufficient funds"),
    ("Card declined", "4000 0000 0000 0002", "12/34", "Card declined"),
    ("Expired card", "4000 0000 0000 0069", "12/34", "Expired card"),
    ("Incorrect card details", "4000 0000 0000 0127", "12/34", "Incorrect details"),
)
"""Each reason of the guide, a test card that Stripe declines for it, and how POM says it."""


def bill(scene: Scene) -> None:
    bob = scene.bob
    scene.chapter("Creating Stripe Invoices")
    scene.says("Complete a service in POM")
    scene.says("Go to Billing and select billable services")
    scene.goes(bob, "Billing")
    bob.get_by_label("Customer or service").fill("Ann Lee")
    bob.get_by_label("All of Ann Lee").check()
    reads(bob, f"{TOTAL} in 3 services of 1 customer")
    scene.says("Click Create Invoice")
    dialog = create_invoice(bob)
    scene.says("Choose Stripe as the invoice type")
    dialog.get_by_label("Invoice type").select_option(value="stripe")
    dialog.get_by_label("Review and send").select_option(value="review")
    dialog.get_by_role("button", name="Create").click()
    scene.says("Review and send the invoice")
    shown(bob.get_by_role("heading", name="Review the draft"))
    sheet = shown(bob.locator(".sheet"))
    for words in (
        "Weekly pool cleaning",
        "Chemicals",
        "Filter change",
        TOTAL,
        "Ann Lee",
        "You can pay this invoice online.",
    ):
        shown(sheet.get_by_text(words).first)
    bob.get_by_role("button", name="Send", exact=True).click()
    bob.wait_for_url("**/invoicing/*", timeout=PATIENCE)
    status(bob, "Pending")
    scene.left["invoice"] = last_part(bob)
    scene.chapter("Tracking Payments")
    scene.says("Pending - Invoice sent, awaiting payment")
    scene.goes(bob, "Billing")
    bob.get_by_label("Customer or service").fill("Ann Lee")
    reads(bob, "No service matches these filters.")  # POM has received from the bus that they are billed
    bob.go_back()
    status(bob, "Pending")


def pay(scene: Scene) -> None:
    bob, payer = scene.bob, scene.payer
    scene.chapter("Customer Sync")
    scene.says("Customers are automatically created in Stripe when invoices are generated")
    scene.chapter("Creating Stripe Invoices")
    scene.says("Customer receives email with payment link")
    mails = scene.at_stripe("Mails")
    mail = mails.get_by_role("article").first
    assert "ann.lee@example.com" in mail.inner_text()
    link = mail.get_by_role("link", name="Open the payment page").get_attribute("href")
    assert link == bob.get_by_role("link", name="Payment page").get_attribute("href")
    scene.chapter("Customer Payment Experience")
    scene.says("When customers receive a Stripe invoice:")
    scene.says("They click the payment link in their email")
    payer.goto(str(link))
    scene.says("Enter credit card or payment details")
    scene.chapter("Payment Failures")
    scene.says("Common reasons for payment failures:")
    for sentence, card, exp, said in DECLINES:
        scene.says(sentence)
        scene.pays(card, exp=exp)
        shown(payer.get_by_role("alert"))
        status(bob, "Failed")
        reads(bob, said)
    scene.chapter("Tracking Payments")
    scene.says("Failed - Payment attempt failed")
    scene.chapter("Payment Failures")
    scene.says("Customers can retry payment using the invoice link.")
    payer.goto(str(link))
    scene.pays(GOOD_CARD)
    scene.chapter("Customer Payment Experience")
    scene.says("Payment is processed immediately")
    reads(payer, "Paid. Thank you!")
    scene.says("Both POM and Stripe update automatically")
    status(bob, "Paid")  # without a reload of the page
    scene.at_stripe("Invoices").get_by_role("row").filter(has_text="Ann Lee").get_by_text("Paid").wait_for()
    scene.chapter("Benefits of Stripe Integration")
    scene.says("Accept credit card payments directly through invoices")
    scene.says("Real-time sync of invoices and customer data")
    scene.chapter("Tracking Payments")
    scene.says("Paid - Payment received and confirmed")


def look(scene: Scene) -> None:
    mel = scene.mel
    scene.chapter("Tracking Payments")
    scene.says("View payment status in POM:")
    scene.chapter("Viewing Payment History")
    scene.says("Go to Invoicing")
    scene.goes(mel, "Invoicing")
    mel.get_by_role("link", name=re.compile("Paid this month")).click()
    row = shown(mel.get_by_role("row").filter(has_text="Ann Lee"))
    assert TOTAL in row.inner_text()
    scene.says("Click on an invoice")
    row.get_by_role("link").first.click()
    status(mel, "Paid")
    scene.says("View payment details and transaction history")
    reads(mel, "Visa ending in 4242")
    timeline = mel.locator(".timeline")
    for words in (
        "Created",
        "Sent to ann.lee@example.com",
        "Payment failed",
        f"Paid: {TOTAL} by Visa ending in 4242",
    ):
        shown(timeline.get_by_text(words).first)
    mel.get_by_text("Event log").click()
    for event in ("charge.succeeded", "invoice.paid"):
        reads(mel, event)
    assert mel.get_by_role("button", name="Refund").count() == 0


def refund(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    alice.goto(bob.url)
    alice.get_by_role("button", name="Refund…").click()
    dialog = in_dialog(alice, "Refund")
    dialog.get_by_label("Amount in USD").fill("9999")
    dialog.get_by_role("button", name="Refund").click()
    shown(dialog.locator(".error").filter(has_text=re.compile(".")))
    dialog.get_by_label("Amount in USD").fill("20.00")
    dialog.get_by_role("button", name="Refund").click()
    status(bob, "Partly refunded")

    scene.chapter("Processing Refunds")
    scene.says("Refunds are handled through the Stripe dashboard:")
    scene.says("Log in to Stripe")
    scene.says("Find the payment")
    with alice.expect_popup() as opened:
        alice.get_by_role("link", name="Payment in Stripe").click()
    owner = opened.value
    shown(owner.get_by_role("heading", name=f"Payment of {TOTAL}"))
    scene.says("Process the refund")
    assert owner.get_by_label("Amount").input_value() == "282.24"
    owner.get_by_role("button", name="Refund", exact=True).click()
    scene.says("Status updates automatically in POM")
    status(bob, "Refunded")
    scene.chapter("Tracking Payments")
    scene.says("Refunded - Payment was refunded")
    reads(bob, "Refunded: $282.24")


def bill_many(scene: Scene) -> None:
    """Bills all that is left in one currency: drafts, of which one is sent and the rest are reviewed later."""
    bob = scene.bob
    scene.goes(bob, "Billing")
    bob.get_by_label("Customer or service").fill("Drive")  # no customer has this name
    reads(bob, "No service matches these filters.")
    bob.get_by_label("Customer or service").fill("")
    bob.get_by_label(re.compile(r"^All \d+ services of \d+ customers")).check()
    dialog = create_invoice(bob)
    dialog.get_by_label("Currency").select_option(value="cad")
    dialog.get_by_role("button", name="Create").click()
    bob.wait_for_url("**/billing/batches/*", timeout=PATIENCE)
    scene.left["batch"] = last_part(bob)
    bob.get_by_role("link", name="Review", exact=True).first.click()
    shown(bob.get_by_role("heading", name="Review the draft"))
    bob.get_by_role("button", name="Correct").click()
    bob.get_by_label("Quantity").first.fill("0")
    bob.get_by_role("button", name="Save").click()
    shown(bob.locator(".error").filter(has_text=re.compile(".")).first)
    bob.get_by_label("Quantity").first.fill("2")
    bob.get_by_role("button", name="Save").click()
    reads(bob, "The draft is saved.")
    bob.get_by_role("button", name="Send", exact=True).click()
    bob.wait_for_url("**/invoicing/*", timeout=PATIENCE)
    status(bob, "Pending")
    bob.goto(f"/billing/batches/{scene.left['batch']}")
    bob.get_by_role("link", name="Review", exact=True).first.click()
    shown(bob.get_by_role("heading", name="Review the draft"))
    scene.left["draft"] = last_part(bob)


def last_part(page: Page) -> str:
    """Returns the id at the end of a page's address."""
    return urlsplit(page.url).path.rpartition("/")[2]


def create_invoice(page: Page) -> Locator:
    """Presses Create Invoice. Returns the dialog that asks how the selected services are billed."""
    page.get_by_role("button", name="Create Invoice").click()
    return in_dialog(page, "Create Invoice")
