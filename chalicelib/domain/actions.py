"""The acts of POM itself on an invoice, and those that failed. The timeline shows them among Stripe's events."""

from __future__ import annotations

from collections.abc import Sequence
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
"""An item holds at most 400 KB. With more acts, the oldest of those that can be repeated without end are dropped."""

_ONLY_TOLD = frozenset({EDITED, EDIT_REFUSED, REMINDER_REFUSED})
"""Acts that can be repeated without end, and of which only the latest counts for anything but the timeline."""


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


def within_limit(acts: Sequence[Action]) -> tuple[Action, ...]:
    """Returns the acts without the oldest of those that only the timeline needs, if there are too many.

    Every other act is kept, however many there are: what POM sends, and what becomes of an invoice's services,
    depends on them. Of the requests to send, only the latest counts.
    """
    surplus = len(acts) - MAX_ACTIONS
    if surplus <= 0:
        return tuple(acts)
    asked = [position for position, act in enumerate(acts) if act.kind == SEND_REQUESTED]
    told = [position for position, act in enumerate(acts) if act.kind in _ONLY_TOLD]
    dropped = set(sorted([*asked[:-1], *told[:-1]])[:surplus])
    return tuple(act for position, act in enumerate(acts) if position not in dropped)
