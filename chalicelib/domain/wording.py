"""The parts that sentences about an invoice have in common: money, days, and POM's latest action."""

from __future__ import annotations

from chalicelib.domain.actions import Action
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.terms import day_in_words, day_of


def money(invoice: Invoice, amount: int, currency: str | None = None) -> str:
    """Returns an amount with its currency. `currency` defaults to the invoice's currency; a dispute may be in another
    currency.
    """
    currency = currency or invoice.order.currency
    return f"{decimal_string(amount, currency)} {currency.upper()}"


def on_day(invoice: Invoice, moment: int | None) -> str:
    """Returns a text such as ` on 23 November 2026`, or an empty text if `moment` is None."""
    return f" on {day(invoice, moment)}" if moment else ""


def day(invoice: Invoice, moment: int) -> str:
    """Returns the day in the organization's time zone, such as 23 November 2026."""
    return day_in_words(day_of(moment, invoice.order.time_zone))


def days(number: int) -> str:
    """Returns a number of days, such as `1 day` or `30 days`."""
    return "1 day" if number == 1 else f"{number} days"


def latest_action(invoice: Invoice, kind: str) -> Action | None:
    """Returns POM's latest action of this kind on the current Stripe invoice, or None."""
    own = (None, invoice.stripe_invoice_id)
    actions = (action for action in invoice.actions if action.kind == kind and action.stripe_id in own)
    return max(actions, key=lambda action: action.at, default=None)
