"""What POM itself did with an invoice, or could not do. The timeline tells it between what Stripe said."""

from __future__ import annotations

from dataclasses import dataclass

CREATED = "created"
RECREATED = "recreated"
"""POM had lost its record, and made it anew of what Stripe remembers."""
SEND_REQUESTED = "send_requested"
"""Somebody ordered a draft to be sent."""
SENT_BY_POM = "sent_by_pom"
"""POM had Stripe e-mail the invoice."""
SEND_REFUSED = "send_refused"
"""POM could not send the invoice after the request for it had been answered."""
REMINDER_SENT = "reminder_sent"
REMINDER_REFUSED = "reminder_refused"
REFUND_REFUSED = "refund_refused"
"""Stripe refused a refund after the request for it had been answered."""

MAX_ACTIONS = 1000
"""An item holds 400 KB at most. Beyond this many actions the invoice still works, but the timeline tells no more."""


@dataclass(frozen=True, slots=True)
class Action:
    """One act of POM's at `at` (epoch seconds UTC), for `actor` or, if that is None, by itself.

    `stripe_id` is the Stripe object that it was about. `amount` is minor units.
    """

    at: int
    kind: str
    actor: str | None = None
    reason: str | None = None
    stripe_id: str | None = None
    amount: int | None = None


MAILED = frozenset({SENT_BY_POM, REMINDER_SENT})
"""Acts by which an e-mail went out."""
