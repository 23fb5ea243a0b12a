"""Published changes: an object of an organization has changed from one stored version to the next.

A change has a deterministic id, so a consumer recognizes a change that it receives twice. Changes may arrive in any
order: a consumer keeps the highest `version` of each object and drops older ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

from chalicelib.domain.identifiers import OrganizationId, digest

Word = TypeVar("Word", bound=StrEnum)


class ObjectKind(StrEnum):
    """The kind of the object that changed."""

    INVOICE = "invoice"
    CUSTOMER = "customer"
    CONNECTION = "connection"
    PAYOUT = "payout"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return _of_another_release(cls, value)


class ChangeType(StrEnum):
    """The kind of change of an object. Each name begins with the kind of the object.

    `meaning` describes it in a sentence, which the documents of the events contain too.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        # The default is for type checkers only, which take the look-up of a member by its value for this call.
        member = str.__new__(cls, value)
        member._value_, member.meaning = value, meaning
        return member

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        unknown = _of_another_release(cls, value)
        if unknown is not None:
            unknown.meaning = ""
        return unknown

    INVOICE_CREATED = "invoice.created", "The invoice exists in Stripe, as a draft or already issued."
    INVOICE_EDITED = "invoice.edited", "A user changed the content of a draft, in POM or in Stripe."
    INVOICE_PENDING = (
        "invoice.pending",
        "The invoice was issued and waits for a payment. `invoice.sent` follows if Stripe e-mails it. Also "
        "published when a new attempt to pay begins.",
    )
    INVOICE_SENT = "invoice.sent", "Stripe has e-mailed the invoice to the customer."
    INVOICE_PAYMENT_FAILED = (
        "invoice.payment_failed",
        "An attempt to pay failed, or the reason of the failure became known. A later failed attempt is published "
        "again.",
    )
    INVOICE_PARTLY_PAID = (
        "invoice.partly_paid",
        "A part of the invoice was paid, and the remainder is still expected.",
    )
    INVOICE_PAID = (
        "invoice.paid",
        "The invoice is paid. Also published when a refund fails, because its money is back.",
    )
    INVOICE_REFUNDED = (
        "invoice.refunded",
        "Money was refunded: all of it if the status is `refunded`, and otherwise a part.",
    )
    INVOICE_DISPUTE_OPENED = "invoice.dispute_opened", "The customer's bank disputes a payment."
    INVOICE_DISPUTE_CLOSED = "invoice.dispute_closed", "A dispute was won, lost or withdrawn."
    INVOICE_VOIDED = "invoice.voided", "The invoice was voided, or deleted in Stripe while it was a draft."
    INVOICE_REVISED = (
        "invoice.revised",
        "A user revised the invoice in Stripe, and another Stripe invoice has replaced it.",
    )
    INVOICE_UNCOLLECTIBLE = (
        "invoice.uncollectible",
        "The invoice was marked uncollectible, so its payment is no longer expected.",
    )
    INVOICE_OVERDUE = "invoice.overdue", "The due day of the invoice has passed, and it is not paid."
    INVOICE_DELETED = "invoice.deleted", "POM's record of the invoice was deleted."
    CUSTOMER_SYNC_FAILED = "customer.sync_failed", "Stripe did not accept the customer."
    CUSTOMER_SYNCED = "customer.synced", "Stripe has the customer as POM has it."
    CUSTOMER_UPDATED_IN_STRIPE = (
        "customer.updated_in_stripe",
        "POM has taken over changes that a user made in Stripe.",
    )
    CUSTOMER_DELETED_IN_STRIPE = (
        "customer.deleted_in_stripe",
        "A user deleted the Stripe customer in Stripe. POM's record of the customer stays.",
    )
    CUSTOMER_ERASED = (
        "customer.erased",
        "A user had the person behind the customer erased. Erase your own data about the customer, too.",
    )
    CUSTOMER_DELETED = "customer.deleted", "POM's record of the customer was deleted."
    CONNECTION_CHANGED = (
        "connection.changed",
        "The organization's connection, or what Stripe requires of its account, has changed.",
    )
    CONNECTION_DELETED = "connection.deleted", "POM's record of the connection was deleted."
    PAYOUT_PAID = "payout.paid", "The bank has the money of a payout."
    PAYOUT_FAILED = "payout.failed", "The bank refused a payout. Its money is back in the Stripe balance."
    PAYOUT_CANCELED = "payout.canceled", "A payout was canceled. Its money is back in the Stripe balance."
    PAYOUT_DELETED = "payout.deleted", "POM's record of the payout was deleted."

    @property
    def object_kind(self) -> ObjectKind:
        """Returns the kind of the object that has changed."""
        return ObjectKind(self.partition(".")[0])


def _of_another_release(enum_class: type[Word], value: object) -> Word | None:
    """Returns an enum member for a value that another release added, or None if `value` is not text. The feed lists
    the value, and clients ignore it.
    """
    if not isinstance(value, str):
        return None
    unknown = str.__new__(enum_class, value)
    unknown._name_, unknown._value_ = "UNKNOWN", value
    return unknown


@dataclass(frozen=True, slots=True)
class Difference:
    """The published difference between two stored versions of an object. Without `types`, nothing is published.

    `previous_status` and `status` are the API's words. `previous_status` is None if there was no record of the object
    before, or if POM was still creating the invoice. `status` is None if the object can no longer be loaded.
    """

    types: tuple[ChangeType, ...] = ()
    previous_status: str | None = None
    status: str | None = None


NOTHING = Difference()


@dataclass(frozen=True, slots=True)
class Change:
    """One stored version of an object and its difference from the one before. `at` is its time (epoch seconds UTC).

    `version` is the object's version after the change. A deleted object has the version after its last one. The
    erasure of a customer is the last version that is published of the customer.
    """

    organization_id: OrganizationId
    object_kind: ObjectKind
    object_id: str
    version: int
    at: int
    difference: Difference

    @property
    def deleted(self) -> bool:
        """Returns True if the object can no longer be loaded: it was deleted from POM, or its person was erased."""
        types = self.difference.types
        return f"{self.object_kind}.deleted" in types or ChangeType.CUSTOMER_ERASED in types

    def id_of(self, change_type: ChangeType) -> str:
        """Returns the id of the published event of this type. It is the same each time the event is published."""
        parts = (self.organization_id, self.object_kind, self.object_id, str(self.version), change_type)
        return CHANGE_PREFIX + digest("change", *parts)


CHANGE_PREFIX = "chg_"
"""The beginning of the ids of changes. Ids of Stripe's events begin with `evt_`."""
