"""What the queues carry, and how a batch of it is worked through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec

from chalicelib import correlation, observability
from chalicelib.ports import InvoiceTask

T = TypeVar("T")

IDS = ("request_id", "organization_id", "invoice_id", "batch_id")
"""What of a message is logged with its work."""


class CustomerSync(msgspec.Struct, rename="camel", frozen=True):
    organization_id: str
    customer_id: str
    edition: int
    request_id: str | None = None


class InvoiceJob(msgspec.Struct, rename="camel", frozen=True):
    organization_id: str
    invoice_id: str
    task: InvoiceTask = InvoiceTask.RESUME
    request_id: str | None = None


class BatchJob(msgspec.Struct, rename="camel", frozen=True):
    organization_id: str
    batch_id: str
    lane: int
    turn: int
    request_id: str | None = None


class Reconcile(msgspec.Struct, rename="camel", frozen=True):
    organization_id: str
    objects: bool = False
    planned_at: int = 0
    """When it was planned; 0 if somebody asked for it."""
    request_id: str | None = None


class SqsEvent(Protocol):
    """Chalice's event."""

    context: Any

    def to_dict(self) -> dict[str, Any]: ...


def work_through(event: SqsEvent, message: type[T], work: Callable[[T], None], *, fifo: bool) -> dict[str, Any]:
    """Do `work` for each message; SQS keeps those that failed, and on a FIFO queue those behind them in their group.

    Each message fails by itself: one that can never be read goes to the dead-letter queue, the others are done.
    """
    # Here, because the API's Lambda imports this module by way of `app.py`: a sixth of its cold start would be this.
    from aws_lambda_powertools.utilities.batch import (
        BatchProcessor,
        EventType,
        SqsFifoPartialProcessor,
        process_partial_response,
    )

    processor = SqsFifoPartialProcessor(skip_group_on_error=True) if fifo else BatchProcessor(EventType.SQS)
    processor.raise_on_entire_batch_failure = False

    def handle(record: Any) -> None:
        with correlation.about(message_id=record.message_id):
            read = _read(record.body, message)
            correlation.note(**{name: getattr(read, name, None) for name in IDS})
            work(read)

    answer: dict[str, Any] = dict(
        process_partial_response(
            event=event.to_dict(), record_handler=handle, processor=processor, context=event.context
        )
    )
    return answer


def _read(body: str, message: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=message)
    except msgspec.DecodeError as error:
        observability.message_unreadable(error)
        raise
