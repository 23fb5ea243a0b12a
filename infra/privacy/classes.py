"""The classes of data: data subject, kind, and the effect of an erasure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class DataSubject(StrEnum):
    """The person or company that a field is about. A field about several belongs to the one that it could harm
    most.
    """

    CUSTOMER = "customer"
    """The pool owner, or the person who pays for the pool: the person whom an erasure removes."""
    STAFF = "staff"
    """A user of the company, or an operator of POM."""
    COMPANY = "company"
    """The pool company."""
    NOBODY = "nobody"


class Kind(StrEnum):
    """The kind of data in a field."""

    NAME = "names"
    CONTACT = "e-mail addresses, phones"
    ADDRESS = "addresses"
    TEXT = "free texts"
    EVENT = "Stripe's events"
    """The complete body, with everything that Stripe reports of the customer in it."""
    PAYMENT = "payment methods"
    LINK = "links"
    MONEY = "sums"
    TIME = "times"
    ID = "ids"
    DIGEST = "digests"
    STATE = "words and numbers"


class ErasureEffect(StrEnum):
    """The effect of a customer's erasure on a field."""

    REMOVED = "removed"
    EMPTIED = "becomes “(erased)”"
    SHORTENED = "becomes the ids that fetch it again"
    KEPT = "retained"
    NOT_HELD = "not held by POM"
    """It was published on the bus. Its consumers learn of the erasure from the change `customer.erased`."""


class Classification(NamedTuple):
    """The class of a field. `why` is the reason for retaining it."""

    subject: DataSubject
    kind: Kind
    effect: ErasureEffect
    why: str = ""

    @property
    def personal(self) -> bool:
        """Returns True if the field says something about a person beyond an id, a sum or a time."""
        return self.subject in {DataSubject.CUSTOMER, DataSubject.STAFF} and self.kind in PERSONAL_KINDS


PERSONAL_KINDS = frozenset({Kind.NAME, Kind.CONTACT, Kind.ADDRESS, Kind.TEXT, Kind.EVENT, Kind.PAYMENT, Kind.LINK})
"""The kinds that say something about a person on their own."""
