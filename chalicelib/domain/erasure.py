"""The erasure of a customer: who asked for it, how far it is, and what it waits for.

An erasure takes the person out of everything that POM holds. Amounts, dates, numbers and Stripe's ids stay for the
company's books. The customer's record stays as a tombstone, so that no sync, import or event brings the person back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from chalicelib.domain.identifiers import UserId

ERASED_TEXT = "(erased)"
"""What stands in place of a text that people expect to see, such as the description of a line."""


class InStripe(StrEnum):
    """What becomes of the Stripe customer."""

    KEEP = "keep"
    """It stays as it is. The company redacts it itself, or keeps it for its own reasons."""
    DELETE = "delete"
    """POM deletes it, which cancels its subscriptions and removes its saved payment methods. Stripe keeps its past
    invoices and payments (https://docs.stripe.com/api/customers/delete)."""


class ErasureStatus(StrEnum):
    """How far an erasure is."""

    WAITING = "waiting"
    """Something is not settled yet; `waits_for` says what. Nothing of the person is erased before."""
    ERASING = "erasing"
    """The customer's record holds nothing of the person any more, and POM erases the rest."""
    ERASED = "erased"
    """Everything is erased, and POM has looked again a day later."""


@dataclass(frozen=True, slots=True)
class ErasureBlocker:
    """Something that has to be settled or voided before the person can be erased."""

    code: str
    """`invoice_open`, `payment_under_way`, `dispute_open`, `refund_under_way` or `batch_under_way`."""
    object_id: str
    """POM's id of the invoice or the batch."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that `requested_by` asked for. Times are epoch seconds UTC."""

    requested_by: UserId
    requested_at: int
    in_stripe: InStripe
    waits_for: tuple[ErasureBlocker, ...] = ()
    erased_at: int | None = None
    """When the person was taken out of the customer's record."""
    deleted_in_stripe_at: int | None = None
    """When POM had deleted the Stripe customer, or found that there is none."""
    not_deleted_because: str | None = None
    """The code of why the Stripe customer could not be deleted, if that was asked for. POM does not try again."""
    reached: str | None = None
    """The place among the items of batches from which another run goes on with the present pass."""
    erased_in_pass: int = 0
    """How many records the runs before it found in the present pass that still held something of the person."""
    passed_at: int | None = None
    """When POM had erased everything that it found. It looks again `SECOND_LOOK_AFTER` seconds later."""
    finished_at: int | None = None
    due_at: int = 0
    """When POM goes on with it."""

    @property
    def status(self) -> ErasureStatus:
        if self.finished_at is not None:
            return ErasureStatus.ERASED
        return ErasureStatus.WAITING if self.erased_at is None else ErasureStatus.ERASING

    def again(self, now: int) -> Self:
        """Returns the erasure as due at `now`, with every record to be looked at anew: a restore brings some back."""
        return replace(self, reached=None, erased_in_pass=0, passed_at=None, finished_at=None, due_at=now)
