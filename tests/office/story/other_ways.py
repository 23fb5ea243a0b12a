"""Exceptions: bank debits, disputes, failed deposits, corrections, two people at once, and paused invoicing."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from infra.local.stack import ROOT
from infra.local.summary import description, write
from tests.office.screen import PATIENCE, reads
from tests.office.story.billing import create_invoice, last_part
from tests.office.story.scene import Scene, in_dialog, shown, status
from tests.office.story.troubles import let_days_pass, send_at_once

if TYPE_CHECKING:
    from playwright.sync_api import Page

DAN, EVA, FINN, GINA = "Dan Novak", "Eva Stone", "Finn Berg", "Gina Rossi"
GOOD_ACCOUNT = "000123456789"
"""One of Stripe's published test bank accounts (https://docs.stripe.com/testing#ach-direct-debit)."""
REASON = "We are looking at a report of doubled invoices."


def debit(scene: Scene) -> None:
    """A bank debit is pending, comes back, and the customer pays by card; another one arrives."""
    bob, payer = scene.bob, scene.payer
    for customer, button, then in ((DAN, "Let it fail", "Failed"), (EVA, "Let it arrive now", "Paid")):
        payer.goto(send_at_once(scene, customer))
        payer.get_by_label("Routing number").fill("110000000")
        payer.get_by_label("Account number").fill(GOOD_ACCOUNT)
        payer.get_by_role("button", name=re.compile("by bank debit$")).click()
        reads(bob, "A bank debit takes some days, which is normal.")
        status(bob, "Pending")
        open_the_payment(scene).get_by_role("button", name=button).click()
        status(bob, then)


def dispute(scene: Scene) -> None:
    """The bank of the last customer takes the money back; it needs a person until the company has lost."""
    bob = scene.bob
    invoice = bob.url
    owner = open_the_payment(scene)
    owner.get_by_role("button", name="Open a dispute").click()
    shown(bob.locator(".badge", has_text="Disputed").first)
    scene.goes(bob, "Attention")
    item = shown(bob.get_by_role("listitem").filter(has_text=EVA))
    with bob.expect_popup() as opened:
        item.get_by_role("link", name="Open in Stripe").click()
    owner = opened.value
    owner.get_by_role("button", name="The company loses").click()
    shown(owner.locator(".badge", has_text="Lost").first)
    item.wait_for(state="detached", timeout=PATIENCE)
    bob.goto(invoice)
    reads(bob, "Lost to disputes")


def open_the_payment(scene: Scene) -> Page:
    """Opens the payment of the invoice that Bob looks at, at Stripe's side. Returns its page."""
    with scene.bob.expect_popup() as opened:
        shown(scene.bob.get_by_role("link", name="Payment in Stripe")).click()
    return opened.value


def correct(scene: Scene) -> None:
    """An invoice that was sent is wrong: it is void, and a copy takes its place."""
    bob = scene.bob
    send_at_once(scene, FINN)
    wrong = bob.url
    bob.get_by_role("button", name="Correct").click()
    bob.get_by_role("button", name="Void it and make a copy").click()
    bob.wait_for_url("**/billing/drafts/*", timeout=PATIENCE)
    copy = last_part(bob)
    reads(bob, "This draft replaces")
    bob.get_by_role("button", name="Correct").click()
    bob.get_by_role("button", name="Add a discount or credit").click()
    bob.get_by_label("Takes off").fill("10.00")
    bob.get_by_label("Description").last.fill("Sorry for the mistake")
    bob.get_by_role("button", name="Save").click()
    reads(bob, "The draft is saved.")
    shown(bob.locator(".sheet").get_by_text("Sorry for the mistake"))
    bob.get_by_role("button", name="Send", exact=True).click()
    bob.wait_for_url("**/invoicing/*", timeout=PATIENCE)
    status(bob, "Pending")
    bob.goto(wrong)
    status(bob, "Void")
    bob.get_by_role("link", name="See the copy that corrects it").click()
    bob.wait_for_url(f"**/{copy}", timeout=PATIENCE)


def pay_by_check(scene: Scene) -> None:
    """A customer pays by check, and the office records it."""
    bob = scene.bob
    send_at_once(scene, GINA)
    bob.get_by_role("button", name="Mark as paid").click()
    dialog = in_dialog(bob, "Mark as paid")
    dialog.get_by_label("How it was paid").select_option(value="check")
    dialog.get_by_label("Reference").fill("No. 1042")
    dialog.get_by_role("button", name="Mark as paid").click()
    status(bob, "Paid")
    reads(bob, "No. 1042")


def save_at_once(scene: Scene) -> None:
    """Two people have the same form open. The second is shown what the first has saved, and chooses."""
    alice, bob = scene.alice, scene.bob
    for page in (alice, bob):
        page.goto("/customers/cust_456")
        shown(page.get_by_label("Town"))
    alice.get_by_label("Phone").fill("+1 813 555 0001")
    bob.get_by_label("Phone").fill("+1 813 555 0002")
    alice.get_by_role("button", name="Save").click()
    reads(alice, "Saved.")
    bob.get_by_role("button", name="Save").click()
    conflict = shown(bob.get_by_role("alert").filter(has_text="Somebody else has saved in the meantime"))
    assert "+1 813 555 0001" in conflict.inner_text()
    conflict.get_by_role("button", name="Save mine").click()
    reads(bob, "Saved.")
    alice.reload()
    shown(alice.get_by_label("Phone"))
    assert alice.get_by_label("Phone").input_value() == "+1 813 555 0002"


def have_a_deposit_fail(scene: Scene) -> None:
    """The bank sends a deposit back. It needs a person until another one has brought its money."""
    bob = scene.bob
    owner = scene.at_stripe("Payouts")
    owner.get_by_role("table").get_by_role("link").first.click()
    owner.get_by_role("button", name="Let it fail").click()
    scene.goes(bob, "Attention")
    bob.get_by_role("link", name="See the deposit").first.click()
    shown(bob.locator(".badge", has_text="Failed").first)
    owner = scene.at_stripe("Payouts")
    owner.get_by_label("Last four digits of the account number").fill("4321")
    owner.get_by_role("button", name="Use this bank account").click()
    let_days_pass(scene, 3)
    bob.get_by_role("link", name="The deposit that paid its money again").click()
    reads(bob, "ending in 4321")


def freeze(scene: Scene) -> None:
    """An operator pauses invoicing. Every page says so, and unfinished work continues afterwards."""
    bob = scene.bob
    file = scene.stack.state_dir / "stack.json"
    write(description(scene.stack), file)
    operate(scene, "freeze", "org_blue_lagoon", "--reason", REASON)
    scene.goes(bob, "Settings: Apps")
    shown(bob.locator("main .badge", has_text="Invoicing paused"))
    reads(bob, REASON)
    scene.goes(bob, "Billing")
    bob.locator("tbody").first.get_by_role("checkbox").first.check()
    dialog = create_invoice(bob)
    dialog.get_by_role("button", name="Create").click()
    shown(dialog.get_by_role("alert"))
    dialog.get_by_role("button", name="Cancel").click()
    operate(scene, "unfreeze", "org_blue_lagoon")


def operate(scene: Scene, *command: str) -> None:
    """Runs a command of the operators on this stack."""
    stack = ["--stack", str(scene.stack.state_dir / "stack.json")]
    subprocess.run([sys.executable, "-m", "infra.ops", *stack, *command], cwd=ROOT, check=True, capture_output=True)
