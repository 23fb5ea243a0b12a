"""How a worker works through a batch of messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Protocol, TypeVar

import msgspec

from chalicelib import correlation, observability
from chalicelib.functions import QUEUE_TRIGGERS
from chalicelib.ports.messages import Message, json_name

T = TypeVar("T", bound=Message)

_WORKERS = {trigger.queue: name for name, trigger in QUEUE_TRIGGERS.items()}

IDS = ("request_id", "organization_id", "invoice_id", "batch_id")
"""What of a message is logged with its work."""


class SqsEvent(Protocol):
    """Chalice's event."""

    context: Any

    def to_dict(self) -> dict[str, Any]: ...


def work_through(event: SqsEvent, message: type[T], work: Callable[[T], None]) -> dict[str, Any]:
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

    processor = (
        SqsFifoPartialProcessor(skip_group_on_error=True) if message.queue.fifo else BatchProcessor(EventType.SQS)
    )
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
        received = msgspec.json.decode(body, type=dict[str, Any])
        by_field = {field.name: json_name(field.name) for field in fields(message)}
        known = {field: received[name] for field, name in by_field.items() if name in received}
        return msgspec.convert(known, type=message)
    except msgspec.DecodeError as error:
        observability.message_unreadable(_WORKERS[message.queue], error)
        raise
