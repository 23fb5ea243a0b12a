"""The entries of an invoice's timeline, and their kinds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.payments import PaymentMethod


class EntryKind(StrEnum):
    """The kind of an entry. Entries of the same second are sorted in this order, in which they usually happen."""

    CREATED = "created"
    CREATED_AS_CORRECTION = "created_as_correction"
    RECREATED = "recreated"
    EDITED = "edited"
    EDIT_REFUSED = "edit_refused"
    SEND_REQUESTED = "send_requested"
    SEND_REFUSED = "send_refused"
    FINALIZED = "finalized"
    REVISED = "revised"
    SENT = "sent"
    REMINDED = "reminded"
    REMINDER_REFUSED = "reminder_refused"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_UNDER_WAY = "payment_under_way"
    CREDITED = "credited"
    CREDIT_NOTE_VOIDED = "credit_note_voided"
    GIVEN_UP = "given_up"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    MARKED_PAID = "marked_paid"
    REFUND_REQUESTED = "refund_requested"
    REFUND_REFUSED = "refund_refused"
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    REFUND_CANCELED = "refund_canceled"
    REFUND_FAILED = "refund_failed"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_CLOSED = "dispute_closed"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    VOIDED = "voided"
    DRAFT_DELETED = "draft_deleted"
    CORRECTED = "corrected"
    CORRECTION_REFUSED = "correction_refused"


_PLACES = {kind: place for place, kind in enumerate(EntryKind)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One event on the timeline at `at` (epoch seconds UTC). `amount` is minor units of `currency`.

    `by_pom` is True if POM did it. `actor` is then the user who asked for it, or None if POM did it automatically.
    Otherwise it happened in Stripe.
    """

    at: int
    kind: EntryKind
    by_pom: bool = False
    actor: str | None = None
    amount: int | None = None
    currency: str | None = None
    method: PaymentMethod | None = None
    reason: str | None = None
    """Why an attempt, a refund or a request failed, or why an action was taken, in a word of POM's or Stripe's."""
    to: str | None = None
    """The address that the e-mail was sent to."""
    due_by: int | None = None
    """When evidence for a dispute is due (epoch seconds UTC)."""
    stripe_id: str | None = None
    payment_id: str | None = None
    """The payment that the entry is about, or None: see `domain.payments`."""

    @property
    def place(self) -> tuple[int, int, str]:
        """Returns the sort key of the entry on its timeline."""
        return self.at, _PLACES[self.kind], self.stripe_id or ""
