"""How long the link to Stripe's payment page is good (https://docs.stripe.com/invoicing/hosted-invoice-page)."""

from __future__ import annotations

from chalicelib.domain.facts import InvoiceFact

DAY = 86400
DAYS_AFTER_DUE = 30
DAYS_AT_MOST = 120
"""A link ends 30 days after the due date, and 120 days after the invoice was finalized at the latest."""
DAYS_AFTER_READING = 10
"""A link that was read from Stripe's API is good for this long at least."""


def link_ends_at(invoice: InvoiceFact, read_at: int) -> int | None:
    """Until when the link can be relied upon; None if there is none. `read_at` is when the API was last asked."""
    if invoice.hosted_url is None or invoice.finalized_at is None:
        return None
    due_at = invoice.due_at or invoice.finalized_at
    planned = min(due_at + DAYS_AFTER_DUE * DAY, invoice.finalized_at + DAYS_AT_MOST * DAY)
    return max(planned, read_at + DAYS_AFTER_READING * DAY if read_at else 0)
