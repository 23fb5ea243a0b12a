"""The erasure of a customer: who requested it, how far it has come, and what it waits for.

An erasure removes the person from all records that POM holds. Amounts, dates, numbers and Stripe's ids stay for the
company's books. The customer's record stays as a tombstone, so that no sync, import or event brings the person back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from chalicelib.domain.identifiers import UserId

ERASED_TEXT = "(erased)"
"""Replaces a text that users expect to see, such as the description of a line."""


class InStripe(StrEnum):
    """The choice of an erasure for the Stripe customer: keep or delete."""

    KEEP = "keep"
    """It stays as it is. The company redacts it itself, or keeps it for its own reasons."""
    DELETE = "delete"
    """POM deletes it, which cancels its subscriptions and removes its saved payment methods. Stripe keeps its past
    invoices and payments (https://docs.stripe.com/api/customers/delete)."""


class ErasureStatus(StrEnum):
    """How far an erasure has come."""

    WAITING = "waiting"
    """Something is not settled yet; `waits_for` names it. No data of the person is erased before that."""
    ERASING = "erasing"
    """The customer's record is erased, and POM is erasing the other records."""
    ERASED = "erased"
    """All records are erased, and POM has checked them again a day later."""


@dataclass(frozen=True, slots=True)
class ErasureBlocker:
    """A reason why the person cannot be erased yet: something has to be settled or voided first."""

    code: str
    """`invoice_open`, `payment_under_way`, `dispute_open`, `refund_under_way` or `batch_under_way`."""
    object_id: str
    """POM's id of the invoice or the batch."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure that the user `requested_by` requested. Times are epoch seconds UTC."""

    requested_by: UserId
    requested_at: int
    in_stripe: InStripe
    waits_for: tuple[ErasureBlocker, ...] = ()
    erased_at: int | None = None
    """When the person was removed from the customer's record."""
    deleted_in_stripe_at: int | None = None
    """When POM deleted the Stripe customer, or found that there is none."""
    not_deleted_because: str | None = None
    """The error code if the Stripe customer was to be deleted and could not be. POM does not try again."""
    reached: str | None = None
    """The cursor among the items of batches at which the next run continues the present pass."""
    erased_in_pass: int = 0
    """The number of records with data of the person that earlier runs of the present pass found."""
    passed_at: int | None = None
    """When POM had erased all records that it found. It checks again `SECOND_LOOK_AFTER` seconds later."""
    finished_at: int | None = None
    due_at: int = 0
    """When POM continues the erasure."""

    @property
    def status(self) -> ErasureStatus:
        if self.finished_at is not None:
            return ErasureStatus.ERASED
        return ErasureStatus.WAITING if self.erased_at is None else ErasureStatus.ERASING

    def again(self, now: int) -> Self:
        """Returns the erasure as due at `now`, with all records to be checked again, because a restore may bring some
        back.
        """
        return replace(self, reached=None, erased_in_pass=0, passed_at=None, finished_at=None, due_at=now)
