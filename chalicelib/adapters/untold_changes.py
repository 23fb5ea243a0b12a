"""The queue of changes that could not be told, each with the record of the stream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.queues import failures_as_retryable, sqs_client

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_BYTES = 256 * 1024
"""Bytes that a message may have. Newer queues take 1 MiB; below this every one does."""

IMAGES = ("OldImage", "NewImage")
"""The parts of a record that hold the item before and after."""


class UntoldQueue:
    """Fulfils `UntoldChanges`. The client is made when the first record is kept."""

    def __init__(self, url: str) -> None:
        self._url = url

    def keep(self, record: Mapping[str, Any], reason: str) -> None:
        """Queues the record and why it cannot be told.

        Of a record that is too large for SQS, the keys and the version numbers are kept, and not the documents.

        Raises:
            Retryable: SQS does not answer.
        """
        with failures_as_retryable():
            self._client.send_message(QueueUrl=self._url, MessageBody=_body(record, reason))

    @cached_property
    def _client(self) -> SQSClient:
        return sqs_client()


def _body(record: Mapping[str, Any], reason: str) -> str:
    body = _json({"reason": reason, "record": record})
    if len(body.encode()) <= MAX_BYTES:
        return body
    stored = {name: _small(name, value) for name, value in record["dynamodb"].items()}
    return _json({"reason": reason, "record": {**record, "dynamodb": stored}, "imagesOmitted": True})


def _small(name: str, value: Any) -> Any:
    """Returns a part of a record as it is, or of an image only the object's version."""
    return {"version": value.get("version")} if name in IMAGES else value


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
