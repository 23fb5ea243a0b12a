"""Work in bulk: many invoices, or many customers, from one request.

A batch is a header and its items. Each item is decided once a round: its outcome and the header's counts change in
one transaction. What is queued is not counted but derived, so cancelling a batch, and taking its failures up again,
are one write however many items there are.

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


class BatchKind(StrEnum):
    """What is made of each item."""

    INVOICES = "invoices"
    CUSTOMERS = "customers"


KEPT_FOR = 400 * 86400
"""Seconds after which a batch is deleted, finished or not: a year, and a month to compare it with the next one.

Its items may hold what customers are called and where they live: rows of an import that was never completed, and
services that failed and may be tried again. Its invoices and customers stay.
"""

ITEMS_KEPT_FOR = KEPT_FOR + 14 * 86400
"""Seconds after which the items are deleted. DynamoDB deletes within days and in no order, and a batch is not to be
shown without its items."""


class BatchStatus(StrEnum):
    """`storing` until everything is written down: until then nothing is begun."""

    STORING = "storing"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ItemStatus(StrEnum):
    """What became of an item; the first and the last are no outcomes."""

    QUEUED = "queued"
    CREATED = "created"
    SENT = "sent"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    CANCELLED = "cancelled"


OUTCOMES = (
    ItemStatus.CREATED,
    ItemStatus.SENT,
    ItemStatus.UPDATED,
    ItemStatus.UNCHANGED,
    ItemStatus.FAILED,
)


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
    """How many refusals to send its invoice there were when it failed, so that the office has heard of them."""
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

    def _without_customer(self) -> Self:
        """Returns the item without what a row of an import says of a customer besides the id."""
        return replace(self, profile=None, chosen_stripe_customer_id=None, left_out=(), loaded_before=None)


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
    counts: Mapping[ItemStatus, int] = field(default_factory=dict)
    version: int = 0

    @property
    def open(self) -> int:
        """How many items are not decided."""
        return self.total - sum(self.counts.values())

    @property
    def status(self) -> BatchStatus:
        if self.cancelled_at is not None:
            return BatchStatus.CANCELLED
        if not self.stored:
            return BatchStatus.STORING
        return BatchStatus.RUNNING if self.open else BatchStatus.COMPLETED

    def count(self, status: ItemStatus) -> int:
        """How many items are shown in this status."""
        if status is ItemStatus.QUEUED:
            return 0 if self.cancelled_at is not None else self.open
        if status is ItemStatus.CANCELLED:
            return self.open if self.cancelled_at is not None else 0
        return self.counts.get(status, 0)

    def undecided(self, item: BatchItem) -> bool:
        """Whether there is something to do for this item in this round."""
        return item.status is ItemStatus.QUEUED or (item.status is ItemStatus.FAILED and item.round < self.round)

    def shown(self, item: BatchItem) -> ItemStatus:
        """The status of an item as people see it."""
        if not self.undecided(item):
            return item.status
        return ItemStatus.QUEUED if self.cancelled_at is None else ItemStatus.CANCELLED

    def next_round(self) -> Self:
        """The failures are queued again."""
        return replace(self, round=self.round + 1, counts={**self.counts, ItemStatus.FAILED: 0})

    def positions(self, lane: int) -> range:
        """Which items are a lane's."""
        return range(lane, self.total, self.lanes)


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
    version: int = 0

    def again(self, resume_at: int) -> Self:
        """From the first item on."""
        return replace(self, turn=self.turn + 1, cursor=0, left=0, resume_at=resume_at)
