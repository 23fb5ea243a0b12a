"""The content of a customer's export: records, each as it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from chalicelib.domain.retention import of_row
from chalicelib.domain.retention_types import Retention


class RecordKind(StrEnum):
    """The kind of a record. `meaning` describes it for people.

    `table` is the table in which POM stores it, and `row` is the kind of its row there, as in `domain.retention`.
    """

    table: str
    row: str
    meaning: str

    def __new__(cls, value: str, table: str = "", row: str = "", meaning: str = "") -> Self:
        # The defaults are for type checkers only, which take the look-up of a member by its value for this call.
        member = str.__new__(cls, value)
        member._value_, member.table, member.row, member.meaning = value, table, row, meaning
        return member

    CUSTOMER = (
        "customer",
        "customers",
        "",
        "POM's record of the customer: names, addresses, former addresses, the linked Stripe customer, the history, "
        "and its erasure.",
    )
    ACT = (
        "act",
        "connections",
        "act",
        "What somebody of the company did to the customer's record, or asked for: who by their id in POM, when, and "
        "which fields.",
    )
    CLAIM = (
        "claim",
        "claims",
        "customer",
        "The note that a Stripe customer is this customer's, so that no other is linked to it.",
    )
    INVOICE = (
        "invoice",
        "invoices",
        "",
        "An invoice: what was ordered, what Stripe showed of it and of its payments, what POM did, and its refunds.",
    )
    BILLED_SERVICE = (
        "billed_service",
        "claims",
        "service",
        "The note that an invoice bills a service, so that no other invoice does.",
    )
    REFERENCE = "reference", "payment-refs", "", "The note which invoice an object of Stripe's belongs to."
    PAYMENT = (
        "payment",
        "payments",
        "",
        "A payment, a refund or a dispute, with what Stripe booked for it in the company's balance.",
    )
    PAYOUT_LINE = "payout_line", "payouts", "line", "The customer's line of a deposit to the company's bank account."
    EVENT = (
        "event",
        "events",
        "",
        "What became of an event of Stripe's. It has the event's body only while POM has yet to apply it.",
    )
    BATCH_ITEM = "batch_item", "batches", "item", "The customer's part of a bulk billing run or of an import."
    CHANGE = "change", "changes", "", "An entry of the list of changes: what happened when. It has no names."


@dataclass(frozen=True, slots=True)
class Record:
    """A record of an export. `value` is the stored object.

    `row` is the kind of its row if it differs from the usual one for records of this kind. `expires_at` is when
    DynamoDB deletes it (epoch seconds UTC), or None if it does not expire.
    """

    kind: RecordKind
    id: str
    value: object
    row: str | None = None
    expires_at: int | None = None

    @property
    def retention(self) -> Retention:
        """Returns how long the record is kept, and why."""
        return of_row(self.kind.table, self.row if self.row is not None else self.kind.row)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A page of records, possibly empty, and the cursor of the next page. The last page has no cursor."""

    records: Sequence[Record]
    cursor: str | None


INTERNAL = frozenset({"nonce", "key_generation", "operator"})
"""Fields that an export leaves out in every record.

POM's idempotency keys at Stripe are derived from the first two. `operator` names an operator of POM.
"""
