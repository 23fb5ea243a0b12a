"""A customer asks for erasure: the office exports the data, finishes the open business, and erases the person."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.office.screen import PATIENCE, reads
from tests.office.story.billing import last_part
from tests.office.story.scene import GOOD_CARD, Scene, in_dialog, shown, status
from tests.office.story.troubles import let_days_pass, send_at_once

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

BEATRICE = "Beatrice Lindgren"


def forget(scene: Scene) -> None:
    """The customer's invoice has to be paid first. After the erasure it no longer names the person."""
    alice, bob, payer = scene.alice, scene.bob, scene.payer
    link = send_at_once(scene, BEATRICE)
    invoice = last_part(bob)
    bob.get_by_role("link", name=BEATRICE).click()
    shown(bob.get_by_role("heading", name=BEATRICE))
    assert bob.get_by_role("button", name="Erase").count() == 0, "only an admin erases"
    scene.left["erased"] = last_part(bob)
    alice.bring_to_front()
    alice.goto(bob.url)
    shown(alice.get_by_role("heading", name=BEATRICE))
    assert BEATRICE.split()[1] in _exported(alice)
    _confirms(alice)
    # An unfinished invoice prevents the erasure, and the refusal links to it.
    dialog = in_dialog(alice, f"Erase {BEATRICE}?")
    shown(dialog.get_by_text("is a draft, is being made, or is still to be paid")).scroll_into_view_if_needed()
    dialog.get_by_role("link", name="See invoice").click()
    shown(alice.get_by_role("heading", name=re.compile("^Invoice ")))
    payer.goto(link)
    scene.pays(GOOD_CARD)
    status(alice, "Paid")
    alice.go_back()
    _confirms(alice)
    shown(alice.get_by_role("heading", name="Customer to be erased"))
    status(alice, "Not erased yet")
    let_days_pass(scene, 1)
    shown(alice.get_by_role("heading", name="Erased customer"))
    status(alice, "Being erased")
    let_days_pass(scene, 2)
    status(alice, "Erased")
    reads(alice, "redact the customer in Stripe")
    bob.bring_to_front()
    bob.reload()
    reads(bob, "Somebody has asked to erase this customer.")
    bob.goto(f"/invoicing/{invoice}")
    reads(bob, "The customer was erased on")
    reads(bob, "(erased)")
    status(bob, "Paid")
    assert "Beatrice" not in bob.locator("main").inner_text()


def _confirms(page: Page) -> None:
    """Asks for the erasure, chooses and types what has to be chosen and typed, and presses the button."""
    page.bring_to_front()
    shown(page.get_by_role("button", name="Erase")).click()
    dialog = in_dialog(page, f"Erase {BEATRICE}?")
    go = dialog.get_by_role("button", name="Erase for good")
    go.click()
    shown(dialog.get_by_text("Choose what happens to the Stripe customer.").first)
    dialog.get_by_label("In Stripe").select_option(label="Delete the Stripe customer")
    _type(dialog, "Beatrice")
    go.click()
    shown(dialog.get_by_text(f"This is not “{BEATRICE}”.").first)
    _type(dialog, BEATRICE)
    go.click()


def _type(dialog: Locator, name: str) -> None:
    dialog.get_by_label(re.compile("^Type")).fill(name)


def _exported(page: Page) -> str:
    """Returns the file that the button saves, as text, after a look whether it is JSON."""
    with page.expect_download(timeout=PATIENCE) as saved:
        page.get_by_role("button", name="Export").click()
    assert re.fullmatch(r"customer-.+\.json", saved.value.suggested_filename)
    text = saved.value.path().read_text()
    exported = json.loads(text)
    assert exported["data"]
    assert "smallest unit" in exported["howToRead"]
    return text
