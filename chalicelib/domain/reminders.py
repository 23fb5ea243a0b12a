"""On which days an unpaid invoice is due for a reminder, and when its payment window has passed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from chalicelib.domain.errors import Conflict
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.settings import Reminders
from chalicelib.domain.status import OPEN_STATUSES

FROM_HOUR = 9
"""Hour of the day, in the organization's time zone, from which reminders are sent."""


def due_days_to_remind_of(reminders: Reminders, today: dt.date) -> Iterable[dt.date]:
    """Invoices due on these days get a reminder today."""
    if not reminders.enabled:
        return []
    before = [today + dt.timedelta(days=days) for days in reminders.days_before_due]
    after = [today - dt.timedelta(days=days) for days in reminders.days_after_due]
    return [*before, *([today] if reminders.on_due_date else []), *after]


def require_remindable(invoice: Invoice, today: dt.date) -> None:
    """Nobody is reminded of what is paid, questioned, on its way, or was sent or reminded of today.

    Raises:
        Conflict: says which of these it is.
    """
    if invoice.status not in OPEN_STATUSES:
        raise Conflict(
            "invoice_not_open",
            f"An invoice that is {invoice.status} needs no reminder.",
            next_step="Load the invoice again to see where it stands.",
        )
    if invoice.disputed:
        raise Conflict(
            "invoice_disputed",
            "The customer's bank is questioning a payment of this invoice.",
            next_step="Answer the dispute in the Stripe dashboard first.",
        )
    require_no_payment_under_way(invoice)
    if invoice.sent_at is not None and invoice.day_of(invoice.sent_at) >= today:
        raise Conflict(
            "sent_today",
            "The customer was sent this invoice today.",
            next_step="Wait until tomorrow.",
        )
    if invoice.reminded_on is not None and invoice.reminded_on >= today:
        raise Conflict(
            "reminded_today",
            "The customer was reminded of this invoice today.",
            next_step="Wait until tomorrow.",
        )


def window_has_passed(invoice: Invoice, window: int, now: int) -> bool:
    """Returns True if more than `window` days have passed since the invoice's due day."""
    return invoice.due_day is not None and (invoice.day_of(now) - invoice.due_day).days > window


def require_no_payment_under_way(invoice: Invoice) -> None:
    """Money may be on its way already, as with a bank debit.

    Raises:
        Conflict: it is.
    """
    if invoice.payment_under_way:
        raise Conflict(
            "payment_under_way",
            "A payment of this invoice is on its way; bank debits take several days.",
            next_step="Wait until the payment has arrived or failed.",
        )
