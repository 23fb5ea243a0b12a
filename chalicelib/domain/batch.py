"""Work in bulk: many invoices, or many customers, from one request.

A batch is a header and its items. Each item is decided once in each round: its outcome and the header's counts change
in one transaction. The number of queued items is not stored but computed. So cancelling a batch, retrying its
failures and sending its drafts take one write each, however many items there are.

A round either creates what was ordered (the first round, and each `retry`), or sends drafts that were reviewed.

The items are distributed over lanes, which work in parallel. `Part` holds how far a lane has come with its items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from chalicelib.domain.batch_errors import FIELDS_IN_COMMON, ItemError, field_of_services
from chalicelib.domain.billing import BillingTerms, Service
from chalicelib.domain.customer_fields import Field, Profile
from chalicelib.domain.identifiers import BatchId, CustomerId, InvoiceId, OrganizationId, UserId
from chalicelib.domain.retention import IMPORT_ITEMS, IMPORTS, INVOICE_BATCH_ITEMS, INVOICE_BATCHES
from chalicelib.domain.retention_types import Expires


class BatchKind(StrEnum):
    """The kind of object that a batch creates from each item."""

    INVOICES = "invoices"
    CUSTOMERS = "customers"

    @property
    def kept(self) -> Expires:
        """Returns how long a batch is kept, finished or not. Its invoices and customers stay."""
        return INVOICE_BATCHES if self is BatchKind.INVOICES else IMPORTS

    @property
    def items_retention(self) -> Expires:
        """Returns how long the items and parts of a batch are kept.

        They are kept longer than the batch, because DynamoDB deletes expired items within days and in no order.
        """
        return INVOICE_BATCH_ITEMS if self is BatchKind.INVOICES else IMPORT_ITEMS


class BatchStatus(StrEnum):
    """The state of a batch. It is `storing` until all items are written; no work begins before that."""

    STORING = "storing"
    RUNNING = "running"
    CANCELLING = "cancelling"
    """Its round was cancelled, and lanes finish their current items. Only the lanes' parts show this, not the
    header.
    """
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ItemStatus(StrEnum):
    """The state of an item. `queued` and `cancelled` are not outcomes."""

    QUEUED = "queued"
    CREATED = "created"
    SENT = "sent"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    HELD_BACK = "held_back"
    """Its draft was to be sent after a review and was not sent. The item's error says why."""
    CANCELLED = "cancelled"


OUTCOMES = (
    ItemStatus.CREATED,
    ItemStatus.SENT,
    ItemStatus.UPDATED,
    ItemStatus.UNCHANGED,
    ItemStatus.FAILED,
    ItemStatus.HELD_BACK,
)

TO_SEND = (ItemStatus.CREATED, ItemStatus.HELD_BACK)
"""Outcomes of items that `send` takes up: their invoice exists and has not been sent."""


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One invoice to create, or one customer to save. Its input is deleted once no later round can need it."""

    position: int
    customer_id: CustomerId | None
    services: tuple[Service, ...] = ()
    number: int = 1
    """The number of the invoice among this customer's invoices in the batch, from 1. A customer with more than 250
    lines gets several invoices.
    """
    profile: Profile | None = None
    chosen_stripe_customer_id: str | None = None
    left_out: tuple[Field, ...] = ()
    """The fields of the customer that the row does not mention."""
    loaded_before: int | None = None
    deliberate: bool = True
    """`loaded_before` and `deliberate` have the same meaning as in `Save`."""
    status: ItemStatus = ItemStatus.QUEUED
    invoice_id: InvoiceId | None = None
    error: ItemError | None = None
    round: int = 0
    """The round that decided the item."""
    refusals_told: int = 0
    """The number of refusals to send its invoice when the item failed or was held back. The item's error covers them,
    so they do not fail the item again.
    """
    version: int = 0

    def field_in_request(self, field: str | None) -> str | None:
        """Returns where this field of the item's invoice is in the batch's request, or None if the request does not
        have it.
        """
        if field in FIELDS_IN_COMMON:
            return field
        positions = [each.position for each in self.services if each.position is not None]
        if len(positions) < len(self.services) or not positions:
            return None
        if field == "customerId":
            return f"services[{positions[0]}].customerId"
        return field_of_services(field, positions)

    def decided(self, status: ItemStatus, in_round: int, invoice_id: InvoiceId | None = None) -> Self:
        """Returns the item with its outcome. Its input is deleted."""
        return replace(
            self,
            status=status,
            round=in_round,
            invoice_id=invoice_id,
            error=None,
            services=(),
        )._without_customer()

    def failed(
        self, error: ItemError, in_round: int, invoice_id: InvoiceId | None = None, *, refusals_told: int = 0
    ) -> Self:
        """Returns the item as failed, with the reason. An item of invoices keeps its input for another round. An
        import has only one round.
        """
        return replace(
            self._without_customer(),
            status=ItemStatus.FAILED,
            round=in_round,
            invoice_id=invoice_id,
            error=error,
            refusals_told=refusals_told,
        )

    def held_back(self, error: ItemError, in_round: int, *, refusals_told: int) -> Self:
        """Returns the item as held back, with the reason. Another round may send its draft."""
        return replace(self, status=ItemStatus.HELD_BACK, round=in_round, error=error, refusals_told=refusals_told)

    def _without_customer(self) -> Self:
        """Returns the item without the customer's data, except the id."""
        return replace(self, profile=None, chosen_stripe_customer_id=None, left_out=(), loaded_before=None)


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item with its batch's id. The batch itself may already be deleted."""

    batch_id: BatchId
    item: BatchItem
    expires_at: int | None
    """When DynamoDB deletes it (epoch seconds UTC)."""


@dataclass(frozen=True, slots=True)
class Sending:
    """The latest request to send the drafts of a batch. Times are epoch seconds UTC."""

    by: UserId
    at: int
    round: int
    """The round that sends them."""
    made_in: int
    """The last round before it that created invoices. Items that failed in that round are not sent."""
    order: str | None = None
    """Derived from the request's `Idempotency-Key`, so that repeating the request orders nothing again."""
    never_made: int = 0
    """The number of invoices that were never created, because the batch was cancelled before the sending was
    ordered.
    """
    cancelled_at: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The header. `counts` counts the items decided in this round and the items that succeeded in earlier rounds."""

    organization_id: OrganizationId
    id: BatchId
    kind: BatchKind
    fingerprint: str
    total: int
    lanes: int
    created_at: int
    created_by: UserId
    terms: BillingTerms = field(default_factory=BillingTerms)
    stored: bool = False
    round: int = 0
    cancelled_at: int | None = None
    """When the creation of its items was cancelled, for good. `sending` holds when the sending was cancelled."""
    sending: Sending | None = None
    counts: Mapping[ItemStatus, int] = field(default_factory=dict)
    version: int = 0

    @property
    def open(self) -> int:
        """Returns the number of items that are not decided. If the batch was cancelled, they stay undecided."""
        never_made = self.sending.never_made if self.sending else 0
        return self.total - never_made - sum(self.counts.values())

    @property
    def sends(self) -> bool:
        """Returns True if its current round sends drafts, whether the round is running or finished."""
        return self.sending is not None and self.sending.round == self.round

    @property
    def stopped(self) -> bool:
        """Returns True if its current round was cancelled."""
        if self.sending is not None and self.sends:
            return self.sending.cancelled_at is not None
        return self.cancelled_at is not None

    @property
    def status(self) -> BatchStatus:
        """Returns the status of the batch, assuming that no lane still works on a cancelled round."""
        if self.cancelled_at is not None and not self.sends:
            return BatchStatus.CANCELLED
        if not self.stored:
            return BatchStatus.STORING
        if self.open and not self.stopped:
            return BatchStatus.RUNNING
        return BatchStatus.COMPLETED if self.cancelled_at is None else BatchStatus.CANCELLED

    def count(self, status: ItemStatus) -> int:
        """Returns the number of items that users see in this status."""
        number = self.counts.get(status, 0)
        if status is self._undecided_status:
            number += self.open
        if status is ItemStatus.CANCELLED and self.sending is not None:
            number += self.sending.never_made
        return number

    @property
    def _undecided_status(self) -> ItemStatus:
        """Returns the status that users see for items that are not decided in this round."""
        if not self.stopped:
            return ItemStatus.QUEUED
        return ItemStatus.CREATED if self.sends else ItemStatus.CANCELLED

    def is_undecided(self, item: BatchItem) -> bool:
        """Returns True if this round still has to decide this item, unless the round was cancelled."""
        if self.sends:
            return item.status in TO_SEND and item.round < self.round
        return self._unmade(item)

    def _unmade(self, item: BatchItem) -> bool:
        """Returns True if the last round that created invoices has not decided this item."""
        made_in = self.sending.made_in if self.sending is not None and self.sends else self.round
        return item.status is ItemStatus.QUEUED or (item.status is ItemStatus.FAILED and item.round < made_in)

    def shown(self, item: BatchItem) -> ItemStatus:
        """Returns the status of an item as users see it."""
        if self.is_undecided(item):
            return self._undecided_status
        if self._unmade(item):
            return ItemStatus.CANCELLED
        if item.status is ItemStatus.HELD_BACK and self.sending is not None and item.round < self.sending.round:
            return ItemStatus.CREATED  # A later request to send it was cancelled.
        return item.status

    def next_round(self) -> Self:
        """Returns the batch in its next round, in which the failed items are queued again."""
        counts = {**self.counts, ItemStatus.CREATED: self.count(ItemStatus.CREATED)}
        return replace(self, round=self.round + 1, counts=_without(counts, ItemStatus.FAILED))

    def round_of_sending(self, by: UserId, at: int, order: str | None) -> Self:
        """Returns the batch in a round that sends the drafts, including those that were held back."""
        sending = Sending(
            by=by,
            at=at,
            round=self.round + 1,
            made_in=self.sending.made_in if self.sending is not None and self.sends else self.round,
            order=order,
            never_made=self.count(ItemStatus.CANCELLED),
        )
        return replace(self, round=sending.round, sending=sending, counts=_without(self.counts, *TO_SEND))

    def cancelled(self, at: int) -> Self:
        """Returns the batch as cancelled. No further item begins: queued items stay drafts, or are never created."""
        if self.sending is not None and self.sends:
            return replace(self, sending=replace(self.sending, cancelled_at=at))
        return replace(self, cancelled_at=at)

    @property
    def items_expire_at(self) -> int:
        """Returns when its items and parts may be deleted, in epoch seconds UTC."""
        return self.created_at + self.kind.items_retention.seconds

    def part(self, lane: int) -> Part:
        """Returns the part of a lane that has not begun."""
        return Part(self.organization_id, self.id, lane, expires_at=self.items_expire_at)

    def positions(self, lane: int) -> range:
        """Returns the positions of a lane's items."""
        return range(lane, self.total, self.lanes)


def _without(counts: Mapping[ItemStatus, int], *left_out: ItemStatus) -> Mapping[ItemStatus, int]:
    return {status: count for status, count in counts.items() if count and status not in left_out}


@dataclass(frozen=True, slots=True)
class Part:
    """How far one lane has come with a batch. A message counts only if it names the current `turn`."""

    organization_id: OrganizationId
    batch_id: BatchId
    lane: int
    turn: int = 0
    cursor: int = 0
    """The number of the lane's items that this pass has handled."""
    left: int = 0
    """The number of handled items that could not be decided yet. They need another pass."""
    resume_at: int | None = None
    """When the next message is sent again in case it is lost. None once there is nothing left to do."""
    expires_at: int | None = None
    """When it may be deleted, together with the items of its batch. None for a part that an earlier release
    stored.
    """
    version: int = 0

    def again(self, resume_at: int) -> Self:
        """Returns the part at the beginning of another pass."""
        return replace(self, turn=self.turn + 1, cursor=0, left=0, resume_at=resume_at)
