"""The days on which an unpaid invoice is due for a reminder, and the end of its payment window."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from chalicelib.domain.errors import Conflict, PaymentUnderWay
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.settings import InvoicingSettings, Reminders
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus
from chalicelib.domain.terms import day_of

FROM_HOUR, UNTIL_HOUR = 9, 18
"""Hours of the company's day between which planned reminders are sent, also after an outage."""


def reminder_is_due(invoice: Invoice, settings: InvoicingSettings, now: dt.datetime) -> bool:
    """Returns True if the settings ask for a reminder of the invoice at `now`, a time in the company's time zone.

    After the payment window the invoice is given up, and its payer is no longer reminded.
    """
    window = settings.payment_window
    given_up = window is not None and window_has_passed(invoice, window, int(now.timestamp()))
    return invoice.due_day in due_days_to_remind_of(settings.reminders, now) and not given_up


def due_days_to_remind_of(chosen: Reminders, now: dt.datetime) -> list[dt.date]:
    """Returns the due days that call for a reminder at `now`, a time in the company's time zone."""
    reminders, today = chosen.effective, now.date()
    if not reminders.enabled or not FROM_HOUR <= now.hour < UNTIL_HOUR:
        return []
    before = [today + dt.timedelta(days=days) for days in reminders.days_before_due]
    after = [today - dt.timedelta(days=days) for days in reminders.days_after_due]
    return [*before, *([today] if reminders.on_due_date else []), *after]


WITHOUT_A_REMINDER: Mapping[InvoiceStatus, str] = {
    InvoiceStatus.CREATING: "Wait a moment and load it again.",
    InvoiceStatus.DRAFT: "Send it first.",
    InvoiceStatus.PAID: "Nothing is to be done: it is paid.",
    InvoiceStatus.REFUNDED: "Nothing is to be done: it was paid, and the payment was given back.",
    InvoiceStatus.VOID: "Nobody has to pay it. If its services are still to be paid, bill them again.",
    InvoiceStatus.UNCOLLECTIBLE: "Its payment link still works. If the customer has paid, record the payment.",
}
"""The next step for an invoice that needs no reminder, by its status."""


def require_remindable(invoice: Invoice, now: int, time_zone: str) -> None:
    """Refuses to remind of an invoice that is not open, is disputed, is being paid, or was sent or reminded of today.

    Today is a day in the company's present `time_zone`, which may differ from the one the invoice was created in.

    Raises:
        Conflict: the invoice cannot be reminded of. The message has the reason.
    """
    if invoice.status not in OPEN_STATUSES:
        raise Conflict(
            "invoice_not_open",
            f"An invoice that is {invoice.status} needs no reminder.",
            next_step=WITHOUT_A_REMINDER[invoice.status],
        )
    if invoice.disputed:
        raise Conflict(
            "invoice_disputed",
            "The customer's bank is questioning a payment of this invoice.",
            next_step="Answer the dispute in the Stripe dashboard first.",
        )
    require_no_payment_under_way(invoice)
    if is_today(invoice.sent_at, now, time_zone):
        raise Conflict(
            "sent_today",
            "The customer was sent this invoice today.",
            next_step="Wait until tomorrow.",
        )
    if is_today(invoice.reminded_at, now, time_zone):
        raise Conflict(
            "reminded_today",
            "The customer was reminded of this invoice today.",
            next_step="Wait until tomorrow.",
        )


def is_today(moment: int | None, now: int, time_zone: str) -> bool:
    """Returns True if a timestamp is on the day of `now` in `time_zone`, or later by a clock that is ahead."""
    return moment is not None and day_of(moment, time_zone) >= day_of(now, time_zone)


def window_has_passed(invoice: Invoice, window: int, now: int) -> bool:
    """Returns True if more than `window` days have passed since the invoice's due day."""
    return invoice.due_day is not None and (day_of(now, invoice.order.time_zone) - invoice.due_day).days > window


def require_no_payment_under_way(invoice: Invoice) -> None:
    """Refuses a reminder while a payment of the invoice is on its way.

    Raises:
        PaymentUnderWay: a payment is on its way, such as a bank debit.
    """
    if invoice.facts.payment_under_way:
        raise PaymentUnderWay(
            "payment_under_way",
            "A payment of this invoice is on its way; bank debits take several days.",
            next_step="Wait until the payment has arrived or failed.",
        )
