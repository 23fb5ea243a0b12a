"""Stripe is installed, configured, verified, disconnected and connected again."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.office.screen import PATIENCE, reads
from tests.office.story.scene import Scene, again_until, shown

BENEFITS = ("Accept card payments", "Real-time sync", "Automatic payment tracking", "Secure PCI-compliant")
PREREQUISITES = ("Active Stripe account", "Admin access to POM", "Business verification completed in Stripe")
CUSTOMERS = 80
A_WHILE = 120_000
"""Milliseconds that giving them to Stripe may take."""


def install(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    scene.chapter("Stripe Integration")
    scene.says(
        "Pool Office Manager integrates with Stripe to provide real-time payment processing and invoice"
        " synchronization."
    )
    scene.says("This guide covers setting up and using the Stripe integration.")
    scene.goes(alice, "Settings: Apps")
    reads(alice, "Real-time payment processing and invoice synchronization.")
    scene.chapter("Benefits of Stripe Integration")
    scene.says("Secure PCI-compliant payment processing")
    for benefit in BENEFITS:
        reads(alice, benefit)
    scene.chapter("Prerequisites")
    for prerequisite in PREREQUISITES:
        scene.says(prerequisite)
        alice.get_by_text(prerequisite.split(" ", 1)[1]).first.wait_for()
    reads(bob, "Only an admin can install")
    assert bob.get_by_role("button", name="Install").count() == 0

    scene.chapter("Installation Steps")
    scene.says("Navigate to Settings → Apps")
    scene.says("Find Stripe in the integrations list")
    shown(alice.get_by_role("heading", name="Stripe", exact=True))
    reads(alice, "Not installed")
    scene.says("Click Install")
    scene.says("You'll be redirected to Stripe to authorize the connection")
    alice.get_by_role("button", name="Install").click()
    grant(scene)
    scene.says("Return to POM to complete setup")
    finish(scene)


def grant(scene: Scene) -> None:
    """Authorizes the connection on Stripe's page, where the browser is."""
    alice = scene.alice
    shown(alice.get_by_role("heading", name="Connect your account to Pool Office Manager"))
    scene.chapter("Installation Steps")
    scene.says("Log in to your Stripe account")
    alice.get_by_label("Blue Lagoon Pools").check()
    scene.says("Grant POM permission to access your Stripe data")
    alice.get_by_role("button", name="Connect", exact=True).click()


def finish(scene: Scene) -> None:
    """Finishes the set-up, back in POM."""
    alice = scene.alice
    reads(alice, "One step is left")
    finish_set_up = alice.get_by_role("button", name="Finish set-up")
    finish_set_up.click()
    finish_set_up.wait_for(state="detached", timeout=PATIENCE)
    reads(alice, "Connected since")
    reads(alice, "acct_local_blue_lagoon")


def give_customers(scene: Scene) -> None:
    alice, bob = scene.alice, scene.bob
    scene.chapter("Customer Sync")
    scene.says("Configure how customer data syncs between systems:")
    alice.get_by_role("button", name=f"Give {CUSTOMERS} customers to Stripe").click()
    reads(alice, f"{CUSTOMERS} of {CUSTOMERS} customers given to Stripe: {CUSTOMERS} new.", A_WHILE)
    scene.says("Email addresses are used as the primary identifier")
    scene.goes(bob, "Customers")
    bob.get_by_label("Name begins with, or e-mail address").fill("ann.lee@example.com")
    shown(bob.get_by_role("row", name="Ann Lee").get_by_text("In Stripe"))
    scene.says("Customer updates sync in real-time")
    bob.get_by_role("link", name="Ann Lee").click()
    bob.get_by_label("E-mail").fill("ann@lee.example")
    bob.get_by_role("button", name="Save").click()
    in_stripe = bob.get_by_role("region", name="In Stripe")
    with bob.expect_popup() as opened:
        in_stripe.get_by_role("link").click()
    owner = opened.value
    again_until(owner, "ann@lee.example")
    owner.get_by_label("E-mail").fill("ann.lee@example.com")
    owner.get_by_role("button", name="Save").click()
    shown(bob.get_by_text("Changed in Stripe, and taken over: e-mail"))
    assert bob.get_by_label("E-mail").input_value() == "ann.lee@example.com"


def configure(scene: Scene) -> None:
    alice = scene.alice
    scene.chapter("Invoice Settings")
    scene.says("Set up invoice behavior with Stripe:")
    scene.goes(alice, "Settings: Invoicing")
    scene.says("Invoice Type - Select Stripe for payment-enabled invoices")
    alice.get_by_label("Invoice type").select_option(label="Stripe")
    scene.says("Payment Terms - Configure due dates and payment windows")
    alice.get_by_label("Payment terms").select_option(value="net_15")
    alice.get_by_label("Payment window, in days").fill("30")
    scene.says("Auto-reminders - Enable payment reminder emails through Stripe")
    alice.get_by_label("Enable payment reminder e-mails through Stripe").check()
    alice.get_by_label("Days before the due date").fill("3")
    scene.chapter("Benefits of Stripe Integration")
    scene.says("Support for multiple payment methods")
    alice.get_by_label("Cards", exact=True).check()
    alice.get_by_label("US bank account").check()
    scene.chapter("Customer Communication")
    scene.says("Inform customers about online payment option")
    alice.get_by_label("Memo").fill("You can pay this invoice online.")
    scene.says("Include payment instructions in invoice emails")
    scene.says("Provide support contact for payment issues")
    alice.get_by_label("Footer").fill("Open the link in the e-mail to pay. Questions: office@bluelagoon.example")
    alice.get_by_label("Time zone").fill(where_it_is_noon())
    alice.get_by_role("button", name="Save settings").click()
    reads(alice, "The settings are saved.")
    changes = alice.get_by_role("region", name="Who changed what")
    shown(changes.get_by_text("Payment terms: 30 days after it is sent → 15 days after it is sent"))
    shown(changes.get_by_text("Memo: changed"))
    alice.reload()
    assert shown(alice.get_by_label("Payment terms")).input_value() == "net_15"


def where_it_is_noon() -> str:
    """Returns a time zone in which reminders are sent now, at any hour of this computer's clock."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"  # the sign of these zones is turned round


def verify(scene: Scene) -> None:
    alice = scene.alice
    alice.get_by_role("button", name="Verify with a test invoice").click()
    reads(alice, "The connection works")
    assert alice.get_by_role("listitem").filter(has_text="Done").count() >= 7


def reconnect(scene: Scene) -> None:
    alice, owner = scene.alice, scene.at_stripe("Home")
    owner.get_by_role("button", name="Disconnect Pool Office Manager").click()
    scene.chapter("Connection Issues")
    scene.says("If the connection is lost:")
    scene.says("Go to Settings → Apps")
    scene.goes(alice, "Settings: Apps")
    reads(alice, "Disconnected on")
    scene.says("Click Reconnect on Stripe")
    alice.get_by_role("button", name="Reconnect").click()
    scene.says("Re-authorize in Stripe")
    grant(scene)
    finish(scene)
    scene.chapter("Connection Issues")
    scene.says("Verify connection with a test invoice")
    verify(scene)


def look_before_going_live(scene: Scene) -> None:
    alice = scene.alice
    scene.goes(alice, "Settings: Apps")
    shown(alice.get_by_role("heading", name="Before going live"))
    lines = alice.get_by_role("region", name="Before going live").inner_text()
    scene.chapter("Before Going Live")
    for sentence in (
        "Test with a small invoice first",
        "Verify customer email addresses",
        "Review Stripe fees and pricing",
    ):
        scene.says(sentence)
    scene.chapter("Security")
    for sentence in (
        "Keep Stripe credentials secure",
        "Enable two-factor authentication in Stripe",
        "Review connected apps periodically",
    ):
        scene.says(sentence)
    for words in ("test invoice", "e-mail address", "fees", "Two-step log-in", "apps"):
        assert words in lines, lines
