"""The payer: pays by API, and once on the hosted page in a browser."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe

from infra.sandbox.product.scene import NotTried, Scene
from infra.sandbox.stories.invoices import SentInvoice
from infra.sandbox.stories.payer import pay

VISA = "pm_card_visa"
VISA_NUMBER = "4242424242424242"
"""The number of the same test card (https://docs.stripe.com/testing)."""
INSUFFICIENT_FUNDS = "pm_card_visa_chargeDeclinedInsufficientFunds"
FORM_SECONDS = 45.0
"""The most seconds until the form of the hosted page appears, and until it disappears."""
CARD_FIELDS = (
    ('input[name="number"], input[autocomplete="cc-number"]', VISA_NUMBER),
    ('input[name="exp"], input[name="expiry"], input[autocomplete="cc-exp"]', "12/34"),
    ('input[name="cvc"], input[autocomplete="cc-csc"]', "123"),
)
"""The fields of a card and their texts. The selectors match the double's page and the frames of Stripe's page."""
OPTIONAL_FIELDS = (
    ('input[name="postalCode"], input[autocomplete="postal-code"]', "78701"),
    ('input[name="billingName"], input[autocomplete="cc-name"]', "Ann Sandbox"),
)


class NoBrowser(NotTried):
    """Raised when there is no browser for the hosted page."""


def pay_by_api(scene: Scene, name: str, method: str = VISA) -> str | None:
    """Pays an invoice by API. Returns the decline code; None if it was paid."""
    if name not in scene.stripe_invoices:
        scene.stripe_invoices[name] = _stripe_invoice(scene, name)
    try:
        pay(scene.session, scene.stripe_invoices[name], method)
    except stripe.CardError as declined:
        return _decline_code(declined)
    return None


def _stripe_invoice(scene: Scene, name: str) -> SentInvoice:
    stripe_id, options = scene.invoice(name)["stripeInvoiceId"], scene.session.on_account()
    invoice = scene.session.v1.invoices.retrieve(stripe_id, {"expand": ["payments"]}, options)
    return SentInvoice(invoice.customer, invoice.id, invoice.payments.data[0].payment.payment_intent, invoice.total)


def is_paid(scene: Scene, name: str) -> bool:
    """Returns True if the invoice is paid in Stripe."""
    invoice = scene.session.v1.invoices.retrieve(
        scene.invoice(name)["stripeInvoiceId"], {}, scene.session.on_account()
    )
    return bool(invoice.status == "paid")


def _decline_code(error: stripe.CardError) -> str:
    details: Any = error.error
    return str(details.decline_code or details.code)


def pay_on_hosted_page(link: str) -> None:
    """Opens the payment link of an invoice in Chromium, and pays by card.

    Raises NotTried if there is no browser, or if the page has no form that this code knows, because Stripe may change
    its page at any time.
    """
    with _browser() as (page, errors):
        page.goto(link, timeout=FORM_SECONDS * 1000)
        deadline = time.monotonic() + FORM_SECONDS
        fields = [_field(page, selector, deadline) for selector, _ in CARD_FIELDS]
        for field, (_, text) in zip(fields, CARD_FIELDS, strict=True):
            field.fill(text)
        for selector, text in OPTIONAL_FIELDS:
            for optional_field in _visible(page, selector):
                optional_field.fill(text)
        page.get_by_role("button", name=re.compile(r"^Pay\b")).first.click()
        _wait_until_hidden(fields[0], errors)


def _wait_until_hidden(field: Any, errors: Any) -> None:
    """Returns when the form is hidden, which follows a successful payment. Raises NotTried if it stays."""
    try:
        field.wait_for(state="hidden", timeout=FORM_SECONDS * 1000)
    except errors.TimeoutError as stays:
        raise NotTried(f"The hosted page still shows its form {FORM_SECONDS:.0f} s after Pay was pressed.") from stays
    except errors.Error:  # the frame with the field was removed
        return


def _field(page: Any, selector: str, deadline: float) -> Any:
    while time.monotonic() < deadline:
        for field in _visible(page, selector):
            return field
        page.wait_for_timeout(200)
    raise NotTried(f"The hosted page shows no field {selector} within {FORM_SECONDS:.0f} s.")


def _visible(page: Any, selector: str) -> Iterator[Any]:
    """Yields the visible fields in all frames, because Stripe puts each field of a card into its own frame."""
    for frame in page.frames:
        elements = frame.locator(selector)
        if elements.count() and elements.first.is_visible():
            yield elements.first


@contextmanager
def _browser() -> Iterator[tuple[Any, Any]]:
    """Yields an empty page, and the Playwright module with its errors."""
    try:
        playwright = importlib.import_module("playwright.sync_api")
    except ImportError as missing:
        raise NoBrowser(
            "Playwright is not installed. `make .venv/.driver` installs it; it needs Chromium, too."
        ) from missing
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        raise NoBrowser("Chromium is not installed, and CHROMIUM does not name another browser of its kind.")
    with playwright.sync_playwright() as driver:
        try:
            with driver.chromium.launch(executable_path=program) as browser:
                yield browser.new_page(), playwright
        except playwright.Error as error:
            raise NotTried(f"The hosted page could not be used: {str(error).splitlines()[0]}") from error
