"""Feeds SQS messages to Lambda handlers as event source mappings do.

A batch is received and passed to the handler in Lambda's form. Messages that the handler does not report as failed
are deleted. The others become visible again after their visibility timeout. The order within a FIFO group, the count
of receives and the dead-letter queue are SQS's own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
from chalice.app import Chalice, SQSEventConfig
from chalice.local import LambdaContext

from infra.local.settings import ACCOUNT, REGION

Handler = Callable[[dict[str, Any], Any], Any]

LONG_POLL = 1
"""Seconds for which one receive waits for a message, and the longest time until a stop."""
RETRY_PAUSE = 1.0
"""Seconds to wait after SQS could not be reached."""
LAMBDA_TIMEOUT = 60_000
"""The timeout in the Lambda context of a handler, in milliseconds."""
LAMBDA_MEMORY = 512
"""The memory in the same context, in megabytes."""
COUNTS = "ApproximateNumberOfMessages"
"""The prefix of the attributes that count waiting, delayed and in-flight messages."""

log = logging.getLogger("infra.local.event_sources")


class UnknownHandlerError(Exception):
    """The application has a queue handler, but its queue is unknown."""


@dataclass(frozen=True)
class Outcome:
    """The result of one batch: how many messages were deleted, and how many wait for another attempt."""

    succeeded: int
    failed: int


class EventSourceMapping:
    """Connects one queue with one handler."""

    def __init__(self, name: str, handler: Handler, queue_url: str, batch_size: int, workers: int = 1) -> None:
        self.name = name
        self.batch_size = batch_size
        self.queue_url = queue_url
        self.workers = workers
        self._handler = handler
        self._sqs = boto3.client("sqs")
        self._turns = threading.Semaphore(workers)
        self._pausing = threading.Lock()
        self._paused = threading.Event()
        attributes = self._sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        self._arn = attributes["Attributes"]["QueueArn"]

    @property
    def origin(self) -> str:
        """Returns the URL of the queue."""
        return self.queue_url

    @property
    def paused(self) -> bool:
        """Returns True if messages stay in the queue for now."""
        return self._paused.is_set()

    def pause(self) -> None:
        """Stops taking messages. Returns when the current batches are finished."""
        self._paused.set()
        with self._pausing:
            for _ in range(self.workers):
                self._turns.acquire()
            self._turns.release(self.workers)

    def resume(self) -> None:
        """Takes messages again."""
        self._paused.clear()

    def idle(self) -> bool:
        """Returns True if the queue has no waiting, delayed or in-flight messages."""
        response = self._sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["All"])
        counts = [int(value) for name, value in response["Attributes"].items() if name.startswith(COUNTS)]
        return not any(counts)

    def run(self, stop: threading.Event) -> None:
        """Polls until `stop` is set. Returns when the current batches are finished.

        One thread polls for all workers, and only while one of them is free. With a poller for each worker, the
        stand-in of SQS would respond to many empty polls a second.
        """
        with ThreadPoolExecutor(self.workers, thread_name_prefix=self.name) as pool:
            while not stop.is_set():
                self._turns.acquire()
                messages = [] if self.paused or stop.is_set() else self._next(stop)
                if messages:
                    pool.submit(self._work_in_turn, messages)
                    continue
                self._turns.release()
                if self.paused:
                    stop.wait(RETRY_PAUSE / 10)

    def poll(self, wait: int = 0) -> Outcome:
        """Receives one batch, waiting at most `wait` seconds, and passes it to the handler."""
        with self._turns:
            return self._work(self._receive(wait))

    def _next(self, stop: threading.Event) -> list[Any]:
        try:
            return self._receive(LONG_POLL)
        except Exception:  # the poller must continue after any error, and must give up its turn
            if not stop.is_set():
                log.exception("%s: the queue could not be read", self.name)
            stop.wait(RETRY_PAUSE)
            return []

    def _receive(self, wait: int) -> list[Any]:
        response = self._sqs.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=min(self.batch_size, 10),
            WaitTimeSeconds=wait,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(response.get("Messages", []))

    def _work_in_turn(self, messages: list[Any]) -> None:
        try:
            self._work(messages)
        except Exception:
            log.exception("%s: what was done could not be deleted, and comes again", self.name)
        finally:
            self._turns.release()

    def _work(self, messages: list[Any]) -> Outcome:
        """Passes a batch to the handler, and deletes the messages that did not fail."""
        if not messages:
            return Outcome(0, 0)
        failed_ids = self._invoke(messages)
        finished_messages = [message for message in messages if message["MessageId"] not in failed_ids]
        for message in finished_messages:
            self._sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        log.info("%s: %s done, %s to try again", self.name, len(finished_messages), len(failed_ids))
        return Outcome(len(finished_messages), len(failed_ids))

    def _invoke(self, messages: list[Any]) -> set[str]:
        """Calls the handler. Returns the ids of the messages that must stay in the queue."""
        all_ids = {str(message["MessageId"]) for message in messages}
        event = {"Records": [_record(message, self._arn) for message in messages]}
        try:
            result = self._handler(event, lambda_context(self.name))
        except Exception:
            log.exception("%s: the handler raised; the whole batch stays", self.name)
            return all_ids
        failures = (result or {}).get("batchItemFailures") or [] if isinstance(result, dict) else []
        failed_ids = {failure.get("itemIdentifier") for failure in failures}
        if not failed_ids <= all_ids:  # as in AWS: an id that is not in the batch fails the batch
            log.error("%s: the handler reported unknown message ids; the whole batch stays", self.name)
            return all_ids
        return failed_ids


def mappings(
    app: Chalice, queue_urls: Mapping[str, str], workers: Mapping[str, int] | None = None
) -> list[EventSourceMapping]:
    """Returns a mapping for every queue handler that `app` registers. `queue_urls` has the URLs by handler names.

    `workers` has the number of batches that a handler processes at the same time, if it is not one.

    Raises:
        UnknownHandlerError: a handler has no URL.
    """
    found_mappings = []
    for source in app.event_sources:
        if not isinstance(source, SQSEventConfig):
            continue
        if source.name not in queue_urls:
            raise UnknownHandlerError(f"no queue is known for the handler {source.name}")
        handler = app.handler_map[source.name]
        at_once = (workers or {}).get(source.name, 1)
        found_mappings.append(
            EventSourceMapping(source.name, handler, queue_urls[source.name], source.batch_size, at_once)
        )
    return found_mappings


def lambda_context(function_name: str) -> Any:
    """Returns a Lambda context with a request id, for one invocation."""
    context = LambdaContext(function_name, LAMBDA_MEMORY, LAMBDA_TIMEOUT)
    context.invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function_name}"
    return context


def _record(message: Any, arn: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {
                "stringValue": value.get("StringValue"),
                "binaryValue": value.get("BinaryValue"),
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": value["DataType"],
            }
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    }
