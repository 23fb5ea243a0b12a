"""Patches of moto's SQS: a long poll holds no lock, and FIFO deduplication outlives the message."""

from __future__ import annotations

from collections.abc import Callable

from moto.sqs.models import DEDUPLICATION_TIME_IN_SECONDS, Message, Queue

from infra.local.aws.locks import SQS


def wait_without_lock(self: Queue, timeout: float) -> None:
    """Replaces `Queue.wait_for_messages`: waits at most `timeout` seconds without blocking other calls."""
    with SQS:
        SQS.wait_for(lambda: bool(self.messages), timeout=timeout)


def deduplicating(add_message: Callable[[Queue, Message], None]) -> Callable[[Queue, Message], None]:
    """Wraps `Queue.add_message`: a FIFO deduplication id counts for five minutes, even after its message is gone.

    moto compares an id only with the messages that are still in the queue. So AWS would drop a message with a badly
    chosen id, and moto would accept it. A message that SQS moves to a dead-letter queue is never a duplicate.
    """

    def wrapper(self: Queue, message: Message) -> None:
        with SQS:
            if self.fifo_queue and message.deduplication_id and not message.approximate_receive_count:
                sent_ids: dict[str, float] = self.__dict__.setdefault("_seen_deduplication_ids", {})
                sent_at = float(message.sent_timestamp or 0)  # milliseconds
                first_sent_at = sent_ids.get(message.deduplication_id)
                if first_sent_at is not None and sent_at - first_sent_at < DEDUPLICATION_TIME_IN_SECONDS * 1000:
                    return
                sent_ids[message.deduplication_id] = sent_at
            add_message(self, message)
            SQS.notify_all()

    return wrapper
