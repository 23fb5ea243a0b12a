"""POM's own actions on an invoice, including those that failed. The timeline shows them next to Stripe's events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CREATED = "created"
RECREATED = "recreated"
"""POM had lost its record of the invoice and created it again from Stripe's data."""
SEND_REQUESTED = "send_requested"
"""A user asked POM to send a draft."""
SENT_BY_POM = "sent_by_pom"
"""POM had Stripe e-mail the invoice."""
SEND_REFUSED = "send_refused"
"""POM could not send the invoice after the request for it had been answered."""
EDITED = "edited"
"""A user replaced the order of a draft, and Stripe has the new order. `amount` is the new total."""
EDIT_REFUSED = "edit_refused"
"""POM could not replace the order of a draft after the request for it had been answered."""
REMINDER_SENT = "reminder_sent"
REMINDER_REFUSED = "reminder_refused"
REFUND_REFUSED = "refund_refused"
"""POM or Stripe refused a refund whose order POM had stored."""
CORRECTED = "corrected"
"""POM voided the invoice, and a draft copy now bills its services."""
CORRECTION_REFUSED = "correction_refused"
"""POM could not create the draft copy. If POM had already voided the invoice, it stays void."""

MAX_ACTIONS = 1000
"""The most actions that an invoice stores, because a DynamoDB item holds at most 400 KB."""

_ONLY_FOR_TIMELINE = frozenset({EDITED, EDIT_REFUSED, REMINDER_REFUSED})
"""Actions that users can repeat without limit. Only the timeline needs more than the latest one of each kind."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action of POM at `at` (epoch seconds UTC).

    `actor` is the user who asked for the action, or None if POM acted automatically. `stripe_id` is the id of the
    Stripe object that the action was about. `amount` is minor units.
    """

    at: int
    kind: str
    actor: str | None = None
    reason: str | None = None
    stripe_id: str | None = None
    amount: int | None = None


MAILED = frozenset({SENT_BY_POM, REMINDER_SENT})
"""Actions that sent an e-mail."""


def within_limit(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Returns the actions, without the oldest ones that only the timeline needs if there are more than `MAX_ACTIONS`.

    All other actions are kept, because they decide whether POM sends an invoice and what happens to its services. Of
    the requests to send, only the latest counts.
    """
    surplus = len(actions) - MAX_ACTIONS
    if surplus <= 0:
        return tuple(actions)
    send_requests = [position for position, act in enumerate(actions) if act.kind == SEND_REQUESTED]
    timeline_only = [position for position, act in enumerate(actions) if act.kind in _ONLY_FOR_TIMELINE]
    dropped_positions = set(sorted([*send_requests[:-1], *timeline_only[:-1]])[:surplus])
    return tuple(act for position, act in enumerate(actions) if position not in dropped_positions)
