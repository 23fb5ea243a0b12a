"""Sends messages to SQS.

Group and deduplication ids are digests, because SQS shows them in places where no customer's id belongs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.aws_sessions import aws_session
from chalicelib.domain.errors import Retryable
from chalicelib.domain.identifiers import digest
from chalicelib.functions import Queue
from chalicelib.ports import Clock
from chalicelib.ports.messages import Message, Reconciliation, json_name

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

MESSAGES_AT_ONCE = 10
"""The most messages in one request to SQS."""

_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})


class SqsQueues:
    """Implements `Queues`. The client is created when the first message is sent.

    `request_id` returns the id of the request that causes the message, or None.
    """

    def __init__(
        self, urls: Mapping[Queue, str], clock: Clock, request_id: Callable[[], str | None] = lambda: None
    ) -> None:
        self._urls = urls
        self._clock = clock
        self._request_id = request_id

    def send(self, message: Message) -> None:
        """Sends one message to its queue. Raises Retryable if SQS does not accept it."""
        url, body = self._urls[message.queue], self._body(message)
        with failures_as_retryable():
            if not message.queue.fifo:
                self._client.send_message(QueueUrl=url, MessageBody=body)
                return
            once = message.once or (*message.group, self._clock.nonce())
            self._client.send_message(
                QueueUrl=url,
                MessageBody=body,
                MessageGroupId=digest(*message.group),
                MessageDeduplicationId=digest(*once),
            )

    def send_all(self, messages: Sequence[Reconciliation]) -> None:
        """Sends the messages, ten in a request. Raises Retryable if any failed; the others have been sent."""
        failed_count = 0
        for start in range(0, len(messages), MESSAGES_AT_ONCE):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "MessageBody": self._body(message)}
                for number, message in enumerate(messages[start : start + MESSAGES_AT_ONCE])
            ]
            with failures_as_retryable():
                response = self._client.send_message_batch(QueueUrl=self._urls[Reconciliation.queue], Entries=entries)
            failed_count += len(response.get("Failed", []))
        if failed_count:
            raise _unavailable()

    def _body(self, message: Message) -> str:
        fields = {**asdict(message), "request_id": self._request_id()}
        body = {json_name(name): value for name, value in fields.items() if value is not None}
        return json.dumps(body, separators=(",", ":"))

    @cached_property
    def _client(self) -> SQSClient:
        return sqs_client()


def sqs_client() -> SQSClient:
    """Returns a client of SQS.

    It is botocore's, because pynamodb has loaded botocore. Loading boto3 would take a tenth of a first webhook's
    time.
    """
    return cast("SQSClient", aws_session().create_client("sqs", config=_CONFIG))


@contextmanager
def failures_as_retryable() -> Iterator[None]:
    """Raises Retryable for any error of SQS's client."""
    try:
        yield
    except (BotoCoreError, ClientError) as exc:
        raise _unavailable() from exc


def _unavailable() -> Retryable:
    return Retryable(
        "queue_unavailable",
        "The work could not be queued at the moment.",
        next_step="Wait a moment; repeating the request is safe.",
    )
