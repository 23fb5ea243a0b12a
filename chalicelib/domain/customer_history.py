"""The history of a customer, which is stored with the customer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.customer_fields import Field
from chalicelib.domain.history import Source

MAX_HISTORY = 50
"""The number of entries that are stored of a customer's history, the newest ones."""


class CustomerEvent(StrEnum):
    """The kind of an entry in a customer's history."""

    CREATED = "created_in_stripe"
    """POM created the Stripe customer with these fields."""
    LINKED = "linked"
    """POM linked an existing Stripe customer and gave it these fields."""
    TAKEN_OVER = "taken_over_from_stripe"
    """POM took over Stripe's values of these fields."""
    NOT_TAKEN_OVER = "not_taken_over_from_stripe"
    """Stripe has values that POM does not accept, so POM's own values stay."""
    KEPT = "kept_over_stripe"
    """Both sides changed these fields, and POM's values replaced Stripe's."""
    CHOICE_OFFERED = "choice_offered"
    """Other Stripe customers have the same e-mail address, and the office has to choose one."""
    CHOICE_MADE = "choice_made"
    """The office confirmed the linked Stripe customer."""
    UNLINKED = "unlinked"
    """A user deleted the Stripe customer in Stripe."""


@dataclass(frozen=True, slots=True)
class CustomerEntry:
    """One event in a customer's history at `at` (epoch seconds UTC). It names fields and never holds their values."""

    at: int
    kind: CustomerEvent
    source: Source
    fields: tuple[Field, ...] = ()
    stripe_id: str | None = None
