"""Says whether an item's unsent invoice can still be sent, and with which error its item is held back."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.actions import SEND_REFUSED, Action
from chalicelib.domain.batch_errors import ItemError
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus


def can_be_sent(invoice: Invoice) -> bool:
    """Returns True if the invoice is unsent and can be sent, and no worker is at work on it."""
    unsent = invoice.sent_at is None and not invoice.saga.running
    return unsent and invoice.status in (InvoiceStatus.DRAFT, *OPEN_STATUSES)


def refusals_to_send(invoice: Invoice) -> Sequence[Action]:
    """Returns the refusals to send the invoice that are on its timeline, oldest first."""
    return [action for action in invoice.actions if action.kind == SEND_REFUSED]


def refusal_error(message: str, refusal: Action) -> ItemError:
    """Returns the error of an item whose invoice POM refused to send after the caller had received its response.

    POM does not send the invoice again before the office has seen the refusal.
    """
    return ItemError(
        refusal.reason or "changed_in_stripe",
        message,
        next_step="Look at the invoice, and send it if it is right, or void it.",
    )
