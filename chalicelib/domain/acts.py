"""Who did what to an organization's settings, its connection and its customers, and when.

An act is a row of its own beside what it changed. It holds opaque ids, names of fields and codes, and of the settings
what is no text. So it holds nothing of a person, it may stay when a customer is erased, and no request reads it but
the ones that show it. What is done to an invoice is kept in the invoice (`domain.actions`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.identifiers import CustomerId, OrganizationId, UserId
from chalicelib.domain.settings import InvoicingSettings, changed_fields

SETTINGS_CHANGED = "settings_changed"


class ConnectionAct(StrEnum):
    """What was done to a connection."""

    CONNECT_BEGUN = "connect_begun"
    """An admin was sent to Stripe to grant access."""
    ACCESS_GRANTED = "access_granted"
    """Somebody in Stripe granted access. The browser that came back has no token, so POM cannot say who it was."""
    CONNECT_FAILED = "connect_failed"
    """Access was denied, or Stripe did not complete it. `reason` is the error code."""
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    REVOKED = "revoked"
    """Somebody took the access back in Stripe."""
    ACCESS_GIVEN_UP = "access_given_up"
    """POM returned an access that nobody completed in time."""
    REFRESH_REQUESTED = "refresh_requested"
    TEST_REQUESTED = "test_requested"
    INVOICING_PAUSED = "invoicing_paused"
    """POM's operations paused the invoicing, or gave the pause another reason."""
    INVOICING_RESUMED = "invoicing_resumed"
    EXPORTED = "exported"
    """POM's operations exported everything that POM holds of the organization."""
    ERASED = "erased"
    """POM's operations erased the organization."""
    OTHER = "other"
    """Something that only a newer release of POM knows."""

    @classmethod
    def _missing_(cls, value: object) -> ConnectionAct:
        return cls.OTHER


class CustomerAct(StrEnum):
    """What was done to a customer in POM."""

    SAVED = "saved"
    """Somebody saved it. `fields` are those that changed, `stripe_id` the Stripe customer that was chosen with it."""
    CHOICE_MADE = "choice_made"
    """Somebody chose or confirmed its Stripe customer, and changed nothing else."""
    SYNC_REQUESTED = "sync_requested"
    IMPORTED = "imported"
    """An import saved it."""
    EXPORTED = "exported"
    """Somebody exported everything that POM holds of the customer."""
    ERASURE_REQUESTED = "erasure_requested"
    ERASED = "erased"
    """POM took the person out of the customer's record."""
    OTHER = "other"
    """Something that only a newer release of POM knows."""

    @classmethod
    def _missing_(cls, value: object) -> CustomerAct:
        return cls.OTHER


class By(StrEnum):
    """Whose act it was."""

    USER = "user"
    """A user of the organization: `actor`."""
    OPERATIONS = "operations"
    """POM's operations. The organization is never shown who of them."""
    STRIPE = "stripe"
    """Somebody in Stripe."""
    POM = "pom"
    """POM by itself."""


_IN_STRIPE = frozenset({ConnectionAct.ACCESS_GRANTED, ConnectionAct.CONNECT_FAILED, ConnectionAct.REVOKED})


class SubjectKind(StrEnum):
    """What an act was done to."""

    SETTINGS = "settings"
    CONNECTION = "connection"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Subject:
    """One history: that of an organization's settings, of its connection, or of one of its customers."""

    organization_id: OrganizationId
    about: SubjectKind
    customer_id: CustomerId | None = None

    @classmethod
    def settings_of(cls, organization_id: OrganizationId) -> Self:
        return cls(organization_id, SubjectKind.SETTINGS)

    @classmethod
    def connection_of(cls, organization_id: OrganizationId) -> Self:
        return cls(organization_id, SubjectKind.CONNECTION)

    @classmethod
    def customer_of(cls, organization_id: OrganizationId, customer_id: CustomerId) -> Self:
        return cls(organization_id, SubjectKind.CUSTOMER, customer_id)


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """The settings before and after a save, without their texts. `fields` also names the texts that changed."""

    fields: tuple[str, ...]
    before: InvoicingSettings
    after: InvoicingSettings


@dataclass(frozen=True, slots=True)
class Act:
    """One act at `at` (epoch seconds UTC). `id` begins with the milliseconds, so that acts sort by it.

    `kind` is `SETTINGS_CHANGED`, a `ConnectionAct` or a `CustomerAct`. It is stored as a text, so that a release can
    read the acts of the next one.
    """

    subject: Subject
    id: str
    at: int
    kind: str
    actor: UserId | None = None
    """The user of the organization who did it. None if it was somebody else, or POM by itself."""
    operator: str | None = None
    """Who of POM's operations did it, or which of POM's own checks. The organization is never shown this."""
    reason: str | None = None
    """An error code."""
    stripe_id: str | None = None
    """The Stripe account, or the Stripe customer, that it was about."""
    batch_id: str | None = None
    """The import that did it."""
    fields: tuple[str, ...] = ()
    """The fields of the customer that changed, as the API names them. Never their values."""
    settings: SettingsChange | None = None

    @property
    def by(self) -> By:
        """Returns whose act it was."""
        if self.actor is not None:
            return By.USER
        if self.operator is not None:
            return By.OPERATIONS
        return By.STRIPE if self.kind in _IN_STRIPE else By.POM


def settings_change(before: InvoicingSettings, after: InvoicingSettings) -> SettingsChange | None:
    """Returns what a save of the settings changed; None if it changed nothing that is shown."""
    fields = changed_fields(before, after)
    return SettingsChange(fields, _without_texts(before), _without_texts(after)) if fields else None


def saved_fields(before: Customer | None, after: Customer) -> tuple[str, ...]:
    """Returns the fields whose values a save changed. Of a new customer, those that have a value."""
    return after.profile.fields_unlike(before.profile if before is not None else Profile())


def _without_texts(settings: InvoicingSettings) -> InvoicingSettings:
    return replace(settings, memo=None, footer=None)
