"""SQS in the embedded AWS: long polls block no other call, no message is lost, FIFO ids outlive their message."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

MANY = 50


def fifo_queue(sqs: Any, name: str) -> str:
    return str(sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"])


def receive(sqs: Any, url: str, wait: int = 0) -> list[dict[str, Any]]:
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait)
    return list(answer.get("Messages", []))


def test_a_long_poll_blocks_no_other_call_and_ends_with_a_message(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(receive, sqs, url, 20)
        while not poll.running():
            pass
        sqs.send_message(QueueUrl=url, MessageBody="wake up")

        assert [message["Body"] for message in poll.result(timeout=10)] == ["wake up"]


def test_no_message_is_lost_between_sends_and_deletes(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]

    def send(sender: int) -> None:
        for number in range(MANY):
            sqs.send_message(QueueUrl=url, MessageBody=f"{sender}-{number}")

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    received_bodies: list[str] = []
    try:
        with ThreadPoolExecutor(2) as pool:
            senders = [pool.submit(send, number) for number in range(2)]
            while len(received_bodies) < 2 * MANY:
                messages = receive(sqs, url)
                for message in messages:
                    received_bodies.append(message["Body"])
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                if not messages and all(sender.done() for sender in senders):
                    break
    finally:
        sys.setswitchinterval(before)

    assert len(received_bodies) == len(set(received_bodies)) == 2 * MANY


def test_a_fifo_deduplication_id_counts_after_its_message_is_deleted(sqs: Any) -> None:
    url = fifo_queue(sqs, "jobs.fifo")
    for body in ("first", "second"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId="same")
        messages = receive(sqs, url)
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert [message["Body"] for message in messages] == (["first"] if body == "first" else [])


def test_a_message_on_its_way_to_the_dead_letter_queue_is_no_duplicate(sqs: Any) -> None:
    dead = fifo_queue(sqs, "dead.fifo")
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = sqs.create_queue(
        QueueName="jobs.fifo",
        Attributes={
            "FifoQueue": "true",
            "RedrivePolicy": f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": "1"}}',
        },
    )["QueueUrl"]
    for _ in range(2):  # fails, is looked at and sent back by an operator under the same id, fails again
        sqs.send_message(QueueUrl=url, MessageBody="bad", MessageGroupId="g", MessageDeduplicationId=f"id{_}")
        [message] = receive(sqs, url)
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        assert receive(sqs, url) == []
        [dead_letter] = receive(sqs, dead)
        sqs.delete_message(QueueUrl=dead, ReceiptHandle=dead_letter["ReceiptHandle"])
