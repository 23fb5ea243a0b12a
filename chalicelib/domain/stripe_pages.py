"""Pages of Stripe's Dashboard that POM links to."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.invoice import Invoice
from chalicelib.domain.settings import InvoicingSettings

ACCOUNT_STATUS = "/account/status"
LOGIN_SECURITY = "/settings/user"
INSTALLED_APPS = "/settings/apps"
INVOICE_SETTINGS = "/settings/billing/invoice"
PRICING = "https://stripe.com/pricing"


@dataclass(frozen=True, slots=True)
class Note:
    """A hint about the settings, and the page of the Dashboard that it is about."""

    message: str
    next_step: str
    page: str


def reminders_note(settings: InvoicingSettings) -> Note | None:
    """Returns a hint if POM's reminders are on. Stripe's own may be on too, and customers would be reminded twice."""
    if not settings.reminders.enabled:
        return None
    return Note(
        "POM sends the payment reminders. If reminders are also switched on in Stripe, customers are reminded twice.",
        "In the Stripe dashboard, under Settings, Billing, Invoices, switch Stripe's own reminders off.",
        INVOICE_SETTINGS,
    )


def address(base: str, page: str) -> str:
    """Returns the URL of a page."""
    return base + page if page.startswith("/") else page


PAGES = {"in": "invoices", "pi": "payments", "ch": "payments", "py": "payments", "du": "disputes", "dp": "disputes"}
"""The Dashboard's pages of an object, by the prefix of its Stripe id."""


def object_url(base: str, invoice: Invoice, stripe_id: str | None) -> str | None:
    """Returns the Dashboard's page of an object that belongs to the invoice.

    Returns None if objects of its kind have no page, or if it is a draft that was deleted in Stripe.
    """
    page = PAGES.get((stripe_id or "").partition("_")[0])
    fact = invoice.facts.invoices.get(stripe_id or "")
    if page is None or (fact is not None and fact.deleted):
        return None
    mode = "" if invoice.livemode else "test/"
    return f"{base}/{invoice.stripe_account_id}/{mode}{page}/{stripe_id}"
