"""POM's customer record and how far Stripe knows it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from chalicelib.domain.errors import Refused
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId

MAX_EMAIL = 512
_EMAIL = re.compile(
    r"[^@\s,;<>()\[\]\\\"]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)


class SyncStatus(StrEnum):
    """Whether Stripe has this customer as POM has it."""

    PENDING = "pending"
    SYNCED = "synced"
    NEEDS_CHOICE = "needs_choice"
    FAILED = "failed"
    NOT_CONNECTED = "not_connected"
    WAITING_FOR_INVOICE = "waiting_for_invoice"
    DELETED_IN_STRIPE = "deleted_in_stripe"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a customer lives, in POM's words."""

    street: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    zip_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a customer. `email` is normalized, or None."""

    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: Address = Address()

    @property
    def display_name(self) -> str | None:
        person = " ".join(part for part in (self.first_name, self.last_name) if part)
        return self.company_name or person or None


@dataclass(frozen=True, slots=True)
class StripeLink:
    """Which Stripe customer this is, and which edition of the record Stripe has been given."""

    account_id: StripeAccountId
    stripe_customer_id: str
    synced_edition: int


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of an organization. `edition` counts POM's edits, `version` every stored change."""

    organization_id: OrganizationId
    id: CustomerId
    profile: Profile
    edition: int
    created_at: int
    updated_at: int
    sync_status: SyncStatus = SyncStatus.PENDING
    sync_error: str | None = None
    synced_at: int | None = None
    link: StripeLink | None = None
    chosen_stripe_customer_id: str | None = None
    stripe_as_of: int = 0
    key_generation: int = 0
    """Part of the key with which it is made in Stripe: goes up whenever the former key must not be used again."""
    version: int = 0

    def linked_to(self, account_id: StripeAccountId) -> str | None:
        """Its Stripe id on that account, if it has one there."""
        return self.link.stripe_customer_id if self.link and self.link.account_id == account_id else None

    def in_step_with(self, account_id: StripeAccountId) -> bool:
        """Whether that account has the latest edition."""
        return bool(self.link and self.link.account_id == account_id and self.link.synced_edition == self.edition)

    def edited(self, profile: Profile, chosen: str | None, now: int) -> Self:
        """The next edition, waiting to be given to Stripe."""
        return replace(
            self,
            profile=profile,
            chosen_stripe_customer_id=chosen or self.chosen_stripe_customer_id,
            edition=self.edition + 1,
            updated_at=now,
            sync_status=SyncStatus.PENDING,
            sync_error=None,
        )

    def synced(self, account_id: StripeAccountId, fact: CustomerFact, edition: int, now: int) -> Self:
        """Known to Stripe in `edition`; still pending if a newer edition has come meanwhile."""
        current = edition == self.edition
        return replace(
            self,
            link=StripeLink(account_id, fact.id, edition),
            sync_status=SyncStatus.SYNCED if current else SyncStatus.PENDING,
            sync_error=None,
            synced_at=now,
            stripe_as_of=max(self.stripe_as_of, fact.as_of),
        )

    def not_synced(self, status: SyncStatus, error: str | None) -> Self:
        """Not known to Stripe as POM has it, and why."""
        return replace(self, sync_status=status, sync_error=error)

    def unlinked(self) -> Self:
        """Deleted in Stripe: made again when it is next needed."""
        return replace(
            self,
            link=None,
            chosen_stripe_customer_id=None,
            key_generation=self.key_generation + 1,
            sync_status=SyncStatus.DELETED_IN_STRIPE,
        )

    def with_fresh_key(self) -> Self:
        """To be made in Stripe with another key: Stripe would repeat its failure to whoever uses the former one."""
        return replace(self, key_generation=self.key_generation + 1)


def normalized_email(email: str | None, *, field: str = "email") -> str | None:
    """Trimmed and in lower case; an empty address is none at all.

    Raises:
        Refused: it cannot be an e-mail address.
    """
    trimmed = (email or "").strip().lower()
    if not trimmed:
        return None
    if len(trimmed) > MAX_EMAIL or not _EMAIL.fullmatch(trimmed) or ".." in trimmed:
        raise Refused(
            "email_invalid",
            "This is not a valid e-mail address.",
            field=field,
            next_step="Correct the address; Stripe sends the invoice there.",
        )
    return trimmed
