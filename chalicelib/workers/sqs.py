"""Works through a batch of SQS messages."""

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
"""The fields of a message that are logged with its work."""


class SqsEvent(Protocol):
    """The SQS event that Chalice passes to a handler."""

    context: Any

    def to_dict(self) -> dict[str, Any]: ...


def work_through(event: SqsEvent, message: type[T], work: Callable[[T], None]) -> dict[str, Any]:
    """Calls `work` for each message of the event, and returns the failed messages, which SQS keeps.

    On a FIFO queue, SQS also keeps the later messages of a failed message's group. Each message fails separately: an
    unreadable message goes to the dead-letter queue, and the other messages are handled.
    """
    # Imported here, because the API's Lambda imports this module through `app.py`, and this import would take a sixth
    # of its cold start.
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
