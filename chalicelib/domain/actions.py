"""The acts of POM itself on an invoice, and those that failed. The timeline shows them among Stripe's events."""

from __future__ import annotations

from dataclasses import dataclass

CREATED = "created"
RECREATED = "recreated"
"""POM had lost its record of the invoice, and made a new one from what Stripe has."""
SEND_REQUESTED = "send_requested"
"""Somebody asked POM to send a draft."""
SENT_BY_POM = "sent_by_pom"
"""POM had Stripe e-mail the invoice."""
SEND_REFUSED = "send_refused"
"""POM could not send the invoice after the request for it had been answered."""
EDITED = "edited"
"""Somebody replaced the order of a draft, and Stripe has it. `amount` is the new total."""
EDIT_REFUSED = "edit_refused"
"""The order of a draft was not replaced, and the request for that had been answered already."""
REMINDER_SENT = "reminder_sent"
REMINDER_REFUSED = "reminder_refused"
REFUND_REFUSED = "refund_refused"
"""POM or Stripe refused a refund whose order POM had stored."""
CORRECTED = "corrected"
"""POM voided the invoice, and a draft copy has its services."""
CORRECTION_REFUSED = "correction_refused"
"""The draft copy could not be made. If POM had voided the invoice by then, it stays void."""

MAX_ACTIONS = 1000
"""An item holds at most 400 KB. After this many acts the invoice still works, but the timeline shows no later act."""


@dataclass(frozen=True, slots=True)
class Action:
    """One act of POM at `at` (epoch seconds UTC).

    `actor` is the user who asked for the act, or None if POM acted by itself. `stripe_id` is the id of the Stripe
    object that the act was about. `amount` is minor units.
    """

    at: int
    kind: str
    actor: str | None = None
    reason: str | None = None
    stripe_id: str | None = None
    amount: int | None = None


MAILED = frozenset({SENT_BY_POM, REMINDER_SENT})
"""Acts that sent an e-mail."""
