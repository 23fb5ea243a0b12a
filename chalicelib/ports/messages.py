"""The messages on the queues, the same for those who send them and for the workers that receive them.

A message holds ids only. In JSON its fields are in camel case, and those that are None are left out. Workers also
read messages that an earlier release has sent, so a new field needs a default.

`request_id` is the request that the work goes back to. The queue adds it when the message is sent; it is in the body
because a dead letter that is sent again keeps only its body.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.identifiers import BatchId, CustomerId, InvoiceId, OrganizationId


@dataclass(frozen=True, slots=True)
class CustomerSync:
    """Give this edition of a customer to Stripe. Editions of one customer are worked on in order, and queued once."""

    organization_id: OrganizationId
    customer_id: CustomerId
    edition: int
    request_id: str | None = None


class InvoiceTask(StrEnum):
    """What a worker is to do with an invoice."""

    RESUME = "resume"
    MARK_OVERDUE = "mark_overdue"
    REMIND = "remind"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class InvoiceJob:
    """Do this with an invoice. Two workers never work on one invoice."""

    organization_id: OrganizationId
    invoice_id: InvoiceId
    task: InvoiceTask = InvoiceTask.RESUME
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Compare an organization's account with Stripe: its events, and its objects too if `objects`.

    `planned_at` is when the schedule planned it (epoch seconds UTC), None if somebody asked for it.
    """

    organization_id: OrganizationId
    objects: bool = False
    planned_at: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchJob:
    """Go on with a lane's part of a batch. Two workers never work on one lane, and a turn is queued once."""

    organization_id: OrganizationId
    batch_id: BatchId
    lane: int
    turn: int
    request_id: str | None = None


Message = CustomerSync | InvoiceJob | Reconciliation | BatchJob


def json_name(field: str) -> str:
    """Returns the name in JSON of a message's field: `organizationId` for `organization_id`."""
    first, *others = field.split("_")
    return first + "".join(other.capitalize() for other in others)
