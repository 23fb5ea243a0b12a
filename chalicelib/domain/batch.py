"""Work in bulk: many invoices, or many customers, from one request.

A batch is a header and its items. Each item is decided once a round: its outcome and the header's counts change in
one transaction. What is queued is not counted but derived, so cancelling a batch, taking its failures up again, and
sending its drafts are one write however many items there are.

A round either makes what was ordered (the first one, and each `retry`), or sends drafts that have been reviewed.

The items are dealt out to lanes, in turn; `Part` is how far a lane has come with its share of a batch.
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
    """What is made of each item."""

    INVOICES = "invoices"
    CUSTOMERS = "customers"

    @property
    def kept(self) -> Expires:
        """Returns how long a batch is kept, finished or not. Its invoices and customers stay."""
        return INVOICE_BATCHES if self is BatchKind.INVOICES else IMPORTS

    @property
    def items_retention(self) -> Expires:
        """Returns how long the items and the parts of a batch are kept: longer than the batch, because DynamoDB
        deletes within days and in no order."""
        return INVOICE_BATCH_ITEMS if self is BatchKind.INVOICES else IMPORT_ITEMS


class BatchStatus(StrEnum):
    """`storing` until everything is written down: until then nothing is begun."""

    STORING = "storing"
    RUNNING = "running"
    CANCELLING = "cancelling"
    """Its round was cancelled, and lanes finish what they are at. Only the lanes' parts say so, not the header."""
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ItemStatus(StrEnum):
    """What became of an item. `queued` and `cancelled` are no outcomes."""

    QUEUED = "queued"
    CREATED = "created"
    SENT = "sent"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    HELD_BACK = "held_back"
    """Its draft was made, was to be sent after a review, and was not sent; the item's error says why."""
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
"""Outcomes that `send` takes up: there is an invoice, and it has not been sent."""


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One invoice to make, or one customer to keep. What it needs is forgotten once nobody can ask for it again."""

    position: int
    customer_id: CustomerId | None
    services: tuple[Service, ...] = ()
    number: int = 1
    """Which invoice of this customer: one takes 250 lines."""
    profile: Profile | None = None
    chosen_stripe_customer_id: str | None = None
    left_out: tuple[Field, ...] = ()
    """The fields of the customer that the row does not mention."""
    loaded_before: int | None = None
    deliberate: bool = True
    """These two as in `Save`."""
    status: ItemStatus = ItemStatus.QUEUED
    invoice_id: InvoiceId | None = None
    error: ItemError | None = None
    round: int = 0
    """The round in which it was decided."""
    refusals_told: int = 0
    """How many refusals to send its invoice the office has heard of: those there were when it failed or was held
    back."""
    version: int = 0

    def field_in_request(self, field: str | None) -> str | None:
        """Returns where this field of the item's invoice stands in the batch's request; None if nowhere."""
        if field in FIELDS_IN_COMMON:
            return field
        positions = [each.position for each in self.services if each.position is not None]
        if len(positions) < len(self.services) or not positions:
            return None
        if field == "customerId":
            return f"services[{positions[0]}].customerId"
        return field_of_services(field, positions)

    def decided(self, status: ItemStatus, in_round: int, invoice_id: InvoiceId | None = None) -> Self:
        """Done with."""
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
        """Not done, and why. An invoice keeps what another round needs; imports have no other round."""
        return replace(
            self._without_customer(),
            status=ItemStatus.FAILED,
            round=in_round,
            invoice_id=invoice_id,
            error=error,
            refusals_told=refusals_told,
        )

    def held_back(self, error: ItemError, in_round: int, *, refusals_told: int) -> Self:
        """Returns the item whose draft was not sent, with why. It keeps its invoice, which another round may send."""
        return replace(self, status=ItemStatus.HELD_BACK, round=in_round, error=error, refusals_told=refusals_told)

    def _without_customer(self) -> Self:
        """Returns the item without what a row of an import says of a customer besides the id."""
        return replace(self, profile=None, chosen_stripe_customer_id=None, left_out=(), loaded_before=None)


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item with its batch, which may have been deleted before it."""

    batch_id: BatchId
    item: BatchItem
    expires_at: int | None
    """When DynamoDB deletes it (epoch seconds UTC)."""


@dataclass(frozen=True, slots=True)
class Sending:
    """The latest order to send the drafts of a batch. Times are epoch seconds UTC."""

    by: UserId
    at: int
    round: int
    """The round that sends them."""
    made_in: int
    """The last round before it that made invoices: what failed in it has failed, and is not sent."""
    order: str | None = None
    """Made of the order's `Idempotency-Key`, so that its repetition orders nothing anew."""
    never_made: int = 0
    """How many invoices were never made, because the batch had been cancelled before it was to be sent."""
    cancelled_at: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The header. `counts` has the items decided in this round, and those that succeeded in the rounds before."""

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
    """When the making of its items was cancelled, for good; `sending` says when the sending of its drafts was."""
    sending: Sending | None = None
    counts: Mapping[ItemStatus, int] = field(default_factory=dict)
    version: int = 0

    @property
    def open(self) -> int:
        """How many items are not decided. If the batch was cancelled, they stay as they are."""
        never_made = self.sending.never_made if self.sending else 0
        return self.total - never_made - sum(self.counts.values())

    @property
    def sends(self) -> bool:
        """Whether its present round, under way or over, sends drafts."""
        return self.sending is not None and self.sending.round == self.round

    @property
    def stopped(self) -> bool:
        """Whether its present round was cancelled."""
        if self.sending is not None and self.sends:
            return self.sending.cancelled_at is not None
        return self.cancelled_at is not None

    @property
    def status(self) -> BatchStatus:
        """Returns how far it is, provided that no lane is at work on a round that was cancelled."""
        if self.cancelled_at is not None and not self.sends:
            return BatchStatus.CANCELLED
        if not self.stored:
            return BatchStatus.STORING
        if self.open and not self.stopped:
            return BatchStatus.RUNNING
        return BatchStatus.COMPLETED if self.cancelled_at is None else BatchStatus.CANCELLED

    def count(self, status: ItemStatus) -> int:
        """How many items are shown in this status."""
        number = self.counts.get(status, 0)
        if status is self._undecided_are:
            number += self.open
        if status is ItemStatus.CANCELLED and self.sending is not None:
            number += self.sending.never_made
        return number

    @property
    def _undecided_are(self) -> ItemStatus:
        """The status in which items are shown that are not decided in this round."""
        if not self.stopped:
            return ItemStatus.QUEUED
        return ItemStatus.CREATED if self.sends else ItemStatus.CANCELLED

    def is_undecided(self, item: BatchItem) -> bool:
        """Whether there is something to do for this item in this round, unless the round was cancelled."""
        if self.sends:
            return item.status in TO_SEND and item.round < self.round
        return self._unmade(item)

    def _unmade(self, item: BatchItem) -> bool:
        """Whether the last round that made invoices has not decided this item."""
        made_in = self.sending.made_in if self.sending is not None and self.sends else self.round
        return item.status is ItemStatus.QUEUED or (item.status is ItemStatus.FAILED and item.round < made_in)

    def shown(self, item: BatchItem) -> ItemStatus:
        """The status of an item as people see it."""
        if self.is_undecided(item):
            return self._undecided_are
        if self._unmade(item):
            return ItemStatus.CANCELLED
        if item.status is ItemStatus.HELD_BACK and self.sending is not None and item.round < self.sending.round:
            return ItemStatus.CREATED  # its sending was ordered again, and cancelled
        return item.status

    def next_round(self) -> Self:
        """The failures are queued again."""
        counts = {**self.counts, ItemStatus.CREATED: self.count(ItemStatus.CREATED)}
        return replace(self, round=self.round + 1, counts=_without(counts, ItemStatus.FAILED))

    def round_of_sending(self, by: UserId, at: int, order: str | None) -> Self:
        """The drafts, and what was held back, are queued to be sent."""
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
        """Nothing more is begun. While it sends drafts, what is queued stays a draft; otherwise it is never made."""
        if self.sending is not None and self.sends:
            return replace(self, sending=replace(self.sending, cancelled_at=at))
        return replace(self, cancelled_at=at)

    @property
    def items_expire_at(self) -> int:
        """Returns when its items and parts may be deleted, in epoch seconds UTC."""
        return self.created_at + self.kind.items_retention.seconds

    def part(self, lane: int) -> Part:
        """Returns a lane's part before it was begun."""
        return Part(self.organization_id, self.id, lane, expires_at=self.items_expire_at)

    def positions(self, lane: int) -> range:
        """Which items are a lane's."""
        return range(lane, self.total, self.lanes)


def _without(counts: Mapping[ItemStatus, int], *left_out: ItemStatus) -> Mapping[ItemStatus, int]:
    return {status: count for status, count in counts.items() if count and status not in left_out}


@dataclass(frozen=True, slots=True)
class Part:
    """How far one lane is with a batch. A message counts only if it names the present `turn`."""

    organization_id: OrganizationId
    batch_id: BatchId
    lane: int
    turn: int = 0
    cursor: int = 0
    """How many of the lane's items have been looked at in this pass."""
    left: int = 0
    """How many of those could not be decided: there will be another pass."""
    resume_at: int | None = None
    """When the next message is sent anew, should it be lost; None once there is nothing to do."""
    expires_at: int | None = None
    """When it may be deleted, with the items of its batch. None for a part of a release that did not set it."""
    version: int = 0

    def again(self, resume_at: int) -> Self:
        """From the first item on."""
        return replace(self, turn=self.turn + 1, cursor=0, left=0, resume_at=resume_at)
