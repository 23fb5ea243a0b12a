"""The queue of changes that could not be published. It holds ids, versions and statuses, but no other fields."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.adapters.queues import failures_as_retryable, sqs_client
from chalicelib.adapters.tables.stream import table_of
from chalicelib.domain.changes import Change
from chalicelib.ports.changes import UnpublishedChange

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class UnpublishedQueue:
    """Implements `UnpublishedChanges`. The client is created when the first change is queued."""

    def __init__(self, url: str) -> None:
        self._url = url

    def keep(self, record: Mapping[str, Any], reason: str, change: Change | None) -> None:
        """Queues a change without its object, and the reason why it could not be published.

        Raises:
            Retryable: SQS does not answer.
        """
        body = message_of(unpublished_change(record, reason, change))
        with failures_as_retryable():
            self._client.send_message(QueueUrl=self._url, MessageBody=body)

    @cached_property
    def _client(self) -> SQSClient:
        return sqs_client()


def unpublished_change(record: Mapping[str, Any], reason: str, change: Change | None) -> UnpublishedChange:
    """Returns the unpublished change of a record of a stream. `change` is None if the record cannot be read.

    Of the record's images, only the attribute with the object's version is read.
    """
    stored = record["dynamodb"]
    deleted = "NewImage" not in stored
    version = stored.get("OldImage" if deleted else "NewImage", {}).get("version", {}).get("N")
    return UnpublishedChange(
        reason,
        table_of(record["eventSourceARN"]),
        {name: str(next(iter(value.values()))) for name, value in stored["Keys"].items()},
        int(version) if version is not None else None,
        deleted,
        int(stored["ApproximateCreationDateTime"]),
        change,
    )


def message_of(unpublished: UnpublishedChange) -> str:
    """Returns the body of the message that holds a change."""
    return msgspec.json.encode(unpublished).decode()


def unpublished_in(body: str) -> UnpublishedChange:
    """Returns the change that a message holds.

    Raises:
        msgspec.DecodeError: the message holds no change, or a form that this release does not support.
    """
    return msgspec.json.decode(body, type=UnpublishedChange)
