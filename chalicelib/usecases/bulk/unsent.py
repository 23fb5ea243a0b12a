"""An item's invoice that was to be sent and was not: whether it can still be, and what the office is told."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.actions import SEND_REFUSED, Action
from chalicelib.domain.batch_errors import ItemError
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus


def can_be_sent(invoice: Invoice) -> bool:
    """Returns True if the invoice has not been sent, could be, and nobody is at work on it."""
    unsent = invoice.sent_at is None and not invoice.saga.running
    return unsent and invoice.status in (InvoiceStatus.DRAFT, *OPEN_STATUSES)


def refusals_to_send(invoice: Invoice) -> Sequence[Action]:
    """Returns the refusals to send the invoice that its timeline tells, the first one first."""
    return [action for action in invoice.actions if action.kind == SEND_REFUSED]


def refusal_error(message: str, refusal: Action) -> ItemError:
    """Returns the error of an item whose invoice was refused when nobody waited for the answer.

    It is not sent again before the office has heard of that, because sending again mails what has been seen.
    """
    return ItemError(
        refusal.reason or "changed_in_stripe",
        message,
        next_step="Look at the invoice, and send it if it is right, or void it.",
    )
