"""The queue of changes that could not be told: ids, versions and statuses, and nothing else of the objects."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.adapters.queues import failures_as_retryable, sqs_client
from chalicelib.adapters.tables.stream import table_of
from chalicelib.domain.changes import Change
from chalicelib.ports.changes import UntoldChange

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class UntoldQueue:
    """Fulfils `UntoldChanges`. The client is made when the first change is kept."""

    def __init__(self, url: str) -> None:
        self._url = url

    def keep(self, record: Mapping[str, Any], reason: str, change: Change | None) -> None:
        """Queues what is known of a change without its object, and why it cannot be told.

        Raises:
            Retryable: SQS does not answer.
        """
        body = message_of(untold_change(record, reason, change))
        with failures_as_retryable():
            self._client.send_message(QueueUrl=self._url, MessageBody=body)

    @cached_property
    def _client(self) -> SQSClient:
        return sqs_client()


def untold_change(record: Mapping[str, Any], reason: str, change: Change | None) -> UntoldChange:
    """Returns what is kept of a record of a stream. `change` is what the record tells, or None if nobody can read it.

    Of the images only the object's version is read, which is an attribute of its own.
    """
    stored = record["dynamodb"]
    deleted = "NewImage" not in stored
    version = stored.get("OldImage" if deleted else "NewImage", {}).get("version", {}).get("N")
    return UntoldChange(
        reason,
        table_of(record["eventSourceARN"]),
        {name: str(next(iter(value.values()))) for name, value in stored["Keys"].items()},
        int(version) if version is not None else None,
        deleted,
        int(stored["ApproximateCreationDateTime"]),
        change,
    )


def message_of(untold: UntoldChange) -> str:
    """Returns the body of the message that keeps a change."""
    return msgspec.json.encode(untold).decode()


def untold_in(body: str) -> UntoldChange:
    """Returns the change that a message keeps.

    Raises:
        msgspec.DecodeError: the message holds none, or one of a form that this release does not know.
    """
    return msgspec.json.decode(body, type=UntoldChange)
