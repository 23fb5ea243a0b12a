"""What POM is told: that an object of an organization has changed from one stored version to the next.

A change has a deterministic id, so a consumer that is told twice can see it. The order in which changes arrive is not
promised: a consumer keeps the highest `version` of each object and drops what is older.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

from chalicelib.domain.identifiers import OrganizationId, digest

Word = TypeVar("Word", bound=StrEnum)


class ObjectKind(StrEnum):
    """What kind of object has changed."""

    INVOICE = "invoice"
    CUSTOMER = "customer"
    CONNECTION = "connection"
    PAYOUT = "payout"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return _of_another_release(cls, value)


class ChangeType(StrEnum):
    """What happened to an object. Each name begins with the kind of the object.

    `meaning` says it in a sentence, which the documents of the events have too.
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

    INVOICE_CREATED = "invoice.created", "The invoice exists in Stripe: as a draft, or issued already."
    INVOICE_EDITED = (
        "invoice.edited",
        "A draft bills something else than before: somebody saved it in POM, or changed it in Stripe.",
    )
    INVOICE_PENDING = (
        "invoice.pending",
        "Money is expected, and no e-mail is known of yet: `invoice.sent` may follow. Or a new attempt to pay began.",
    )
    INVOICE_SENT = "invoice.sent", "Stripe has e-mailed it to the customer."
    INVOICE_PAYMENT_FAILED = (
        "invoice.payment_failed",
        "An attempt to pay it failed, or the reason became known. The next attempt that fails is told again.",
    )
    INVOICE_PARTLY_PAID = "invoice.partly_paid", "A part of it was paid, and the rest is still expected."
    INVOICE_PAID = "invoice.paid", "It is paid, or more of it is paid again because a refund failed."
    INVOICE_REFUNDED = (
        "invoice.refunded",
        "Money was given back: all of it if the status is `refunded`, or else a part.",
    )
    INVOICE_DISPUTE_OPENED = "invoice.dispute_opened", "The customer's bank disputes a payment."
    INVOICE_DISPUTE_CLOSED = "invoice.dispute_closed", "A dispute was won, lost or withdrawn."
    INVOICE_VOIDED = "invoice.voided", "It was voided, or deleted in Stripe while it was a draft."
    INVOICE_REVISED = (
        "invoice.revised",
        "Somebody edited it in Stripe, and another Stripe invoice has taken its place.",
    )
    INVOICE_UNCOLLECTIBLE = "invoice.uncollectible", "Nobody expects its money any more."
    INVOICE_OVERDUE = "invoice.overdue", "Its due day is over, and it is not paid."
    INVOICE_DELETED = "invoice.deleted", "POM's record of it was deleted."
    CUSTOMER_SYNC_FAILED = "customer.sync_failed", "The customer could not be given to Stripe."
    CUSTOMER_SYNCED = "customer.synced", "Stripe has the customer as POM has it."
    CUSTOMER_UPDATED_IN_STRIPE = "customer.updated_in_stripe", "POM has taken over what somebody changed in Stripe."
    CUSTOMER_DELETED_IN_STRIPE = (
        "customer.deleted_in_stripe",
        "Somebody deleted the Stripe customer. POM's record of the customer stays.",
    )
    CUSTOMER_ERASED = (
        "customer.erased",
        "Somebody had the person behind the customer erased. Erase what you keep of the customer, too.",
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
        """The kind of object that it is about."""
        return ObjectKind(self.partition(".")[0])


def _of_another_release(words: type[Word], value: object) -> Word | None:
    """Returns a word of another release as one of these words. The feed shows it, and clients ignore it."""
    if not isinstance(value, str):
        return None
    unknown = str.__new__(words, value)
    unknown._name_, unknown._value_ = "UNKNOWN", value
    return unknown


@dataclass(frozen=True, slots=True)
class Difference:
    """What two stored versions of one object differ in, as far as it is told. No `types`: nothing is told.

    `previous_status` and `status` are the API's words. `previous_status` is None if there was no record of the object
    before, or if POM was still creating the invoice. `status` is None if nothing is left to load.
    """

    types: tuple[ChangeType, ...] = ()
    previous_status: str | None = None
    status: str | None = None


NOTHING = Difference()


@dataclass(frozen=True, slots=True)
class Change:
    """One stored version of an object and what it changed. `at` is when it was stored (epoch seconds UTC).

    `version` is that of the object after the change. A deleted object has the version after its last one. An erased
    customer has none after that of its erasure that is told.
    """

    organization_id: OrganizationId
    object_kind: ObjectKind
    object_id: str
    version: int
    at: int
    difference: Difference

    @property
    def deleted(self) -> bool:
        """Returns True if nothing is left to load: the object no longer exists in POM, or its person was erased."""
        types = self.difference.types
        return f"{self.object_kind}.deleted" in types or ChangeType.CUSTOMER_ERASED in types

    def id_of(self, change_type: ChangeType) -> str:
        """Returns the id of what is told by this type: the same, however often it is told."""
        parts = (self.organization_id, self.object_kind, self.object_id, str(self.version), change_type)
        return CHANGE_PREFIX + digest("change", *parts)


CHANGE_PREFIX = "chg_"
"""How the ids of changes begin. Stripe's events begin with `evt_`."""
