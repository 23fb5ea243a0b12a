"""The audit trail: who did what to an organization's settings, its connection and its customers, and when.

An act is stored as a row of its own, next to the object that it changed. It holds opaque ids, field names, codes, and
the settings that are not free text. It holds no personal data, so it may stay when a customer is erased. Only the
requests that show the audit trail read it. Actions on an invoice are stored in the invoice (`domain.actions`).
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
    """The kinds of acts on a connection."""

    CONNECT_BEGUN = "connect_begun"
    """An admin was sent to Stripe to grant access."""
    ACCESS_GRANTED = "access_granted"
    """A user of Stripe granted access. The browser that came back has no token, so POM does not know which POM user
    it was.
    """
    CONNECT_FAILED = "connect_failed"
    """Access was denied, or Stripe did not complete the connection. `reason` is the error code."""
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    REVOKED = "revoked"
    """A user of Stripe revoked POM's access there."""
    ACCESS_GIVEN_UP = "access_given_up"
    """POM gave back an access that no user completed in time."""
    REFRESH_REQUESTED = "refresh_requested"
    TEST_REQUESTED = "test_requested"
    INVOICING_PAUSED = "invoicing_paused"
    """An operator of POM paused the invoicing, or changed the reason of the pause."""
    INVOICING_RESUMED = "invoicing_resumed"
    EXPORTED = "exported"
    """An operator of POM exported all data that POM holds about the organization."""
    ERASED = "erased"
    """An operator of POM erased the organization."""
    OTHER = "other"
    """An act of a newer release of POM, which this release does not know."""

    @classmethod
    def _missing_(cls, value: object) -> ConnectionAct:
        return cls.OTHER


class CustomerAct(StrEnum):
    """The kinds of acts on a customer in POM."""

    SAVED = "saved"
    """A user saved the customer. `fields` are the changed fields, `stripe_id` is the Stripe customer that was
    chosen.
    """
    CHOICE_MADE = "choice_made"
    """A user chose or confirmed the Stripe customer, and changed nothing else."""
    SYNC_REQUESTED = "sync_requested"
    IMPORTED = "imported"
    """An import saved the customer."""
    EXPORTED = "exported"
    """A user exported all data that POM holds about the customer."""
    ERASURE_REQUESTED = "erasure_requested"
    ERASED = "erased"
    """POM removed the person from the customer's record."""
    OTHER = "other"
    """An act of a newer release of POM, which this release does not know."""

    @classmethod
    def _missing_(cls, value: object) -> CustomerAct:
        return cls.OTHER


class By(StrEnum):
    """Who performed an act."""

    USER = "user"
    """A user of the organization: `actor`."""
    OPERATIONS = "operations"
    """An operator of POM. The organization never sees which one."""
    STRIPE = "stripe"
    """A user of Stripe."""
    POM = "pom"
    """POM itself, automatically."""


_IN_STRIPE = frozenset({ConnectionAct.ACCESS_GRANTED, ConnectionAct.CONNECT_FAILED, ConnectionAct.REVOKED})


class SubjectKind(StrEnum):
    """The kind of object that an act changed."""

    SETTINGS = "settings"
    CONNECTION = "connection"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Subject:
    """The object of one audit trail: an organization's settings, its connection, or one of its customers."""

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
    """The settings before and after a save, without their free texts. `fields` also names the texts that changed."""

    fields: tuple[str, ...]
    before: InvoicingSettings
    after: InvoicingSettings


@dataclass(frozen=True, slots=True)
class Act:
    """One act at `at` (epoch seconds UTC). `id` begins with the milliseconds, so acts are sorted by it.

    `kind` is `SETTINGS_CHANGED`, a `ConnectionAct` or a `CustomerAct`. It is stored as text, so that a release can
    read the acts of the next release.
    """

    subject: Subject
    id: str
    at: int
    kind: str
    actor: UserId | None = None
    """The user of the organization who did it. None if an operator, a user of Stripe or POM itself did it."""
    operator: str | None = None
    """The operator, or POM's own check, that did it. The organization never sees this."""
    reason: str | None = None
    """An error code."""
    stripe_id: str | None = None
    """The Stripe account or the Stripe customer that the act is about."""
    batch_id: str | None = None
    """The import that did it."""
    fields: tuple[str, ...] = ()
    """The changed fields of the customer, as the API names them. Their values are never stored."""
    settings: SettingsChange | None = None

    @property
    def by(self) -> By:
        """Returns who performed the act."""
        if self.actor is not None:
            return By.USER
        if self.operator is not None:
            return By.OPERATIONS
        return By.STRIPE if self.kind in _IN_STRIPE else By.POM


def settings_change(before: InvoicingSettings, after: InvoicingSettings) -> SettingsChange | None:
    """Returns the change that a save made to the settings, or None if it changed nothing that users see."""
    fields = changed_fields(before, after)
    return SettingsChange(fields, _without_texts(before), _without_texts(after)) if fields else None


def saved_fields(before: Customer | None, after: Customer) -> tuple[str, ...]:
    """Returns the fields whose values a save changed. For a new customer, these are the fields that have a value."""
    return after.profile.fields_unlike(before.profile if before is not None else Profile())


def _without_texts(settings: InvoicingSettings) -> InvoicingSettings:
    return replace(settings, memo=None, footer=None)
