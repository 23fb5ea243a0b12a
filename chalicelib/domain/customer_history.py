"""What happened to a customer, kept with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.customer_fields import Field
from chalicelib.domain.history import Source

MAX_HISTORY = 50
"""The newest entries of a customer's history that are kept."""


class CustomerEvent(StrEnum):
    """The kind of an entry in a customer's history."""

    CREATED = "created_in_stripe"
    """POM made the Stripe customer with these fields."""
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
    """Somebody deleted the Stripe customer."""


@dataclass(frozen=True, slots=True)
class CustomerEntry:
    """One thing that happened to these fields at `at` (epoch seconds UTC). An entry never holds their values."""

    at: int
    kind: CustomerEvent
    source: Source
    fields: tuple[Field, ...] = ()
    stripe_id: str | None = None
