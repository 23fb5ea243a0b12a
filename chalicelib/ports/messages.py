"""The messages on the queues, used by the senders and by the workers that receive them.

A message holds ids only. In JSON its fields are in camel case, and fields that are None are left out. Workers also
read messages that an earlier release has sent, so a new field needs a default.

`request_id` is the id of the request that caused the work. The queue adds it when the message is sent. It is in the
body because a dead letter that is sent again keeps only its body.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from chalicelib.domain.identifiers import BatchId, CustomerId, InvoiceId, OrganizationId
from chalicelib.functions import Queue


@dataclass(frozen=True, slots=True)
class Message:
    """The base of all messages. Each class names the queue that it is sent to.

    On a FIFO queue, one worker at a time processes the messages of a `group`, in order. SQS drops a message if it
    received one with the same `once` in the last five minutes. If `once` is empty, no message is dropped.
    """

    queue: ClassVar[Queue]

    @property
    def group(self) -> tuple[str, ...]:
        """Returns the ids whose work is done in order. Messages of a FIFO queue must have some."""
        return ()

    @property
    def once(self) -> tuple[str, ...]:
        """Returns the ids of the work that is queued once, however often it is sent."""
        return ()


@dataclass(frozen=True, slots=True)
class CustomerSync(Message):
    """Sends this edition of a customer to Stripe. Editions of one customer are processed in order, each queued
    once.
    """

    queue: ClassVar[Queue] = Queue.CUSTOMER_SYNC
    organization_id: OrganizationId
    customer_id: CustomerId
    edition: int
    request_id: str | None = None

    @property
    def group(self) -> tuple[str, ...]:
        return ("customer", self.organization_id, self.customer_id)

    @property
    def once(self) -> tuple[str, ...]:
        return (*self.group, str(self.edition))


class InvoiceTask(StrEnum):
    """The work to do with an invoice."""

    RESUME = "resume"
    MARK_OVERDUE = "mark_overdue"
    REMIND = "remind"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class InvoiceJob(Message):
    """Does this task with an invoice. Two workers never work on one invoice.

    No message is dropped, because an invoice may have to be resumed twice within five minutes.
    """

    queue: ClassVar[Queue] = Queue.INVOICE_JOBS
    organization_id: OrganizationId
    invoice_id: InvoiceId
    task: InvoiceTask = InvoiceTask.RESUME
    request_id: str | None = None

    @property
    def group(self) -> tuple[str, ...]:
        return ("invoice", self.organization_id, self.invoice_id)


class BalanceTask(StrEnum):
    """The part of an account's balance to read."""

    PAYMENT = "payment"
    """The fee of a payment, and when its money can be paid out."""
    PAYOUT = "payout"
    """A payout and its lines."""
    COMPARE = "compare"
    """The stored lines of a payout again: they are compared with Stripe's, and repaired if they differ."""


@dataclass(frozen=True, slots=True)
class BalanceJob(Message):
    """Reads a payment's fee, or a payout with its lines, from Stripe. Two workers never read the same one.

    No message is dropped, because a payout changes several times within five minutes.
    """

    queue: ClassVar[Queue] = Queue.BALANCE_JOBS
    organization_id: OrganizationId
    task: BalanceTask
    stripe_id: str
    """The payment's id, `pi_…` or `ch_…`, or the payout's."""
    request_id: str | None = None

    @property
    def group(self) -> tuple[str, ...]:
        return ("balance", self.organization_id, self.stripe_id)


@dataclass(frozen=True, slots=True)
class Reconciliation(Message):
    """Compares an organization's account with Stripe: its events, and also its objects if `objects` is True.

    `planned_at` is when the schedule planned it (epoch seconds UTC), or None if a user or an operator asked for it.
    """

    queue: ClassVar[Queue] = Queue.RECONCILE
    organization_id: OrganizationId
    objects: bool = False
    planned_at: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchJob(Message):
    """Continues a lane's part of a batch. Two workers never work on one lane, and each turn is queued once."""

    queue: ClassVar[Queue] = Queue.BATCH_JOBS
    organization_id: OrganizationId
    batch_id: BatchId
    lane: int
    turn: int
    request_id: str | None = None

    @property
    def group(self) -> tuple[str, ...]:
        return ("lane", self.organization_id, str(self.lane))

    @property
    def once(self) -> tuple[str, ...]:
        return ("turn", self.organization_id, self.batch_id, str(self.lane), str(self.turn))


@dataclass(frozen=True, slots=True)
class ErasureJob(Message):
    """Continues the erasure of a customer. Two workers never erase one customer at the same time, and no message is
    dropped.
    """

    queue: ClassVar[Queue] = Queue.ERASURES
    organization_id: OrganizationId
    customer_id: CustomerId
    request_id: str | None = None

    @property
    def group(self) -> tuple[str, ...]:
        return ("erasure", self.organization_id, self.customer_id)


def json_name(field: str) -> str:
    """Returns the JSON name of a message's field: `organizationId` for `organization_id`."""
    first, *further_words = field.split("_")
    return first + "".join(word.capitalize() for word in further_words)
