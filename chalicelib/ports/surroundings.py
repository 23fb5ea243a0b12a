"""What else is around the use cases: queues, time and chance, and our own front door."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.identifiers import (
    BatchId,
    CustomerId,
    InvoiceId,
    OrganizationId,
)


class InvoiceTask(StrEnum):
    """What a worker is to do with an invoice."""

    RESUME = "resume"
    MARK_OVERDUE = "mark_overdue"
    REMIND = "remind"
    CLOSE = "close"


class Queues(Protocol):
    """Work for later. A message that could not be sent raises Retryable."""

    def sync_customer(self, organization_id: OrganizationId, customer_id: CustomerId, edition: int) -> None: ...

    def invoice_task(self, organization_id: OrganizationId, invoice_id: InvoiceId, task: InvoiceTask) -> None: ...

    def reconcile(self, organization_id: OrganizationId, *, objects: bool) -> None: ...

    def reconcile_all(self, organizations: Sequence[OrganizationId], planned_at: int) -> None:
        """A run each, by the plan of that moment. If it raises, some may have been sent."""

    def batch_work(self, organization_id: OrganizationId, batch_id: BatchId, lane: int, turn: int) -> None:
        """One message of a lane is worked on at a time."""


class Clock(Protocol):
    """Time and chance, injected so that tests own both."""

    def now(self) -> int:
        """Epoch seconds UTC."""

    def nonce(self) -> str:
        """An unguessable text of at least 128 bits."""

    def milliseconds(self) -> int:
        """Epoch milliseconds UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def pause(self, seconds: float) -> None:
        """Wait for about so long: by chance from half of it to one and a half."""


class WebhookDoor(Protocol):
    """Our own webhook endpoint, met by its public URL as Stripe meets it."""

    def secrets(self) -> Sequence[str]:
        """The signing secrets as they are stored at this moment, the newest first. Raises Retryable."""

    def post(self, body: bytes, secret: str, at: int) -> int:
        """Send an event, signed with `secret` at that moment; answers the HTTP status.

        Raises: Retryable if there is no answer.
        """
