"""Whose datum a field is, of what kind it is, and what the erasure of a customer does with it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class DataSubject(StrEnum):
    """The one whom a datum is about. Where it is about several, the one whom it could embarrass most."""

    CUSTOMER = "customer"
    """The pool owner, or who pays for them: the person whom an erasure takes out."""
    STAFF = "staff"
    """A user of the company, or an operator of POM."""
    COMPANY = "company"
    """The pool company."""
    NOBODY = "nobody"


class Kind(StrEnum):
    """What a datum tells."""

    NAME = "names"
    CONTACT = "e-mail addresses, phones"
    ADDRESS = "addresses"
    TEXT = "free texts"
    EVENT = "events of Stripe's"
    """The whole body, with all that Stripe tells of the customer in it."""
    PAYMENT = "payment means"
    LINK = "links"
    MONEY = "sums"
    TIME = "times"
    ID = "ids"
    DIGEST = "digests"
    STATE = "words and numbers"


class ErasureEffect(StrEnum):
    """What the erasure of a customer does with a datum."""

    REMOVED = "removed"
    EMPTIED = "becomes “(erased)”"
    SHORTENED = "becomes the ids that fetch it again"
    KEPT = "kept"
    NOT_HELD = "not held by POM"
    """It was told to consumers of the bus, who are told of the erasure by the change `customer.erased`."""


class Classification(NamedTuple):
    """The classification of a field. `why` says why it is kept."""

    subject: DataSubject
    kind: Kind
    effect: ErasureEffect
    why: str = ""

    @property
    def personal(self) -> bool:
        """Returns True if the field says something about a person that an id, a sum or a time does not."""
        return self.subject in {DataSubject.CUSTOMER, DataSubject.STAFF} and self.kind in PERSONAL_KINDS


PERSONAL_KINDS = frozenset({Kind.NAME, Kind.CONTACT, Kind.ADDRESS, Kind.TEXT, Kind.EVENT, Kind.PAYMENT, Kind.LINK})
"""The kinds that tell something of a person by themselves."""
