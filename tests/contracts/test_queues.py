"""Workers receive messages from SQS or ElasticMQ in the promised form and order."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest

from chalicelib.adapters.queues import SqsQueues
from chalicelib.domain.errors import Retryable
from chalicelib.domain.identifiers import BatchId, CustomerId, InvoiceId, OrganizationId
from chalicelib.functions import Queue
from chalicelib.ports.messages import BatchJob, CustomerSync, InvoiceJob, InvoiceTask, Reconciliation
from tests.backends import Aws
from tests.contracts.examples import ORG, OTHER_ORG
from tests.fakes import FakeClock

CUSTOMER = CustomerId("cust_anna@example.com")
INVOICE = InvoiceId("inv_1")
BATCH = BatchId("bat_1")


@pytest.fixture
def queues(aws: Aws) -> SqsQueues:
    for name in Queue:
        take_messages(aws, name)
    return SqsQueues({name: aws.queue_urls[name] for name in Queue}, FakeClock())


def take_messages(aws: Aws, name: str) -> list[dict[str, Any]]:
    """Returns all messages of the queue, and deletes them. SQS hands out one message of each group at a time."""
    sqs = boto3.client("sqs")
    url = aws.queue_urls[name]
    messages: list[dict[str, Any]] = []
    while True:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"]
        )
        if not answer.get("Messages"):
            return messages
        for message in answer["Messages"]:
            messages.append(message)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def bodies(messages: list[dict[str, Any]]) -> list[Any]:
    return [json.loads(message["Body"]) for message in messages]


def test_a_customer_sync_names_organization_customer_and_edition(aws: Aws, queues: SqsQueues) -> None:
    queues.send(CustomerSync(ORG, CUSTOMER, 3))
    messages = take_messages(aws, "customer-sync.fifo")
    assert bodies(messages) == [{"organizationId": ORG, "customerId": CUSTOMER, "edition": 3}]


def test_each_edition_is_queued_once(aws: Aws, queues: SqsQueues) -> None:
    next_customer = CustomerId(f"cust_{time.time_ns()}")
    for edition in (1, 1, 2, 1):
        queues.send(CustomerSync(ORG, next_customer, edition))
    queues.send(CustomerSync(OTHER_ORG, next_customer, 1))
    sent = bodies(take_messages(aws, "customer-sync.fifo"))
    assert sorted((body["organizationId"], body["edition"]) for body in sent) == [(ORG, 1), (ORG, 2), (OTHER_ORG, 1)]


def test_editions_of_one_customer_stay_in_order_and_do_not_block_other_customers(aws: Aws, queues: SqsQueues) -> None:
    first, second = CustomerId(f"a_{time.time_ns()}"), CustomerId(f"b_{time.time_ns()}")
    for edition in (1, 2, 3):
        queues.send(CustomerSync(ORG, first, edition))
    queues.send(CustomerSync(ORG, second, 1))
    messages = take_messages(aws, "customer-sync.fifo")
    assert [body["edition"] for body in bodies(messages) if body["customerId"] == first] == [1, 2, 3]
    groups = {
        body["customerId"]: m["Attributes"]["MessageGroupId"]
        for body, m in zip(bodies(messages), messages, strict=True)
    }
    assert groups[first] != groups[second]


def test_an_invoice_can_be_resumed_again_at_once(aws: Aws, queues: SqsQueues) -> None:
    queues.send(InvoiceJob(ORG, INVOICE, InvoiceTask.RESUME))
    queues.send(InvoiceJob(ORG, INVOICE, InvoiceTask.RESUME))
    messages = take_messages(aws, "invoice-jobs.fifo")
    assert bodies(messages) == [{"organizationId": ORG, "invoiceId": INVOICE, "task": "resume"}] * 2
    assert len({message["Attributes"]["MessageGroupId"] for message in messages}) == 1


def test_a_reconciliation_says_whether_objects_are_to_be_compared(aws: Aws, queues: SqsQueues) -> None:
    queues.send(Reconciliation(ORG, objects=True))
    queues.send(Reconciliation(OTHER_ORG, objects=False))
    sent = sorted(bodies(take_messages(aws, "reconcile")), key=lambda body: str(body["organizationId"]))
    assert sent == [
        {"organizationId": ORG, "objects": True},
        {"organizationId": OTHER_ORG, "objects": False},
    ]


def test_planned_reconciliations_are_sent_ten_at_a_time(aws: Aws, queues: SqsQueues) -> None:
    organizations = [OrganizationId(f"org_{number}") for number in range(25)]
    queues.send_all([Reconciliation(each, planned_at=1234) for each in organizations])
    queues.send_all([])
    sent = bodies(take_messages(aws, "reconcile"))
    assert sorted(str(body["organizationId"]) for body in sent) == sorted(organizations)
    assert {(body["objects"], body["plannedAt"]) for body in sent} == {(False, 1234)}


def test_a_lane_has_one_worker_at_a_time_and_each_turn_is_queued_once(aws: Aws, queues: SqsQueues) -> None:
    batch_id = BatchId(f"bat_{time.time_ns()}")
    for lane, turn in ((0, 1), (0, 1), (0, 2), (1, 1)):
        queues.send(BatchJob(ORG, batch_id, lane, turn))
    messages = take_messages(aws, "batch-jobs.fifo")
    sent = [(body["lane"], body["turn"]) for body in bodies(messages)]
    assert sorted(sent) == [(0, 1), (0, 2), (1, 1)]
    assert sent.index((0, 1)) < sent.index((0, 2))
    pairs = zip(bodies(messages), messages, strict=True)
    groups = {(body["lane"], message["Attributes"]["MessageGroupId"]) for body, message in pairs}
    assert len(groups) == 2


def test_attributes_of_messages_hold_no_personal_data(aws: Aws, queues: SqsQueues) -> None:
    queues.send(CustomerSync(ORG, CUSTOMER, 9))
    queues.send(InvoiceJob(ORG, INVOICE, InvoiceTask.RESUME))
    queues.send(BatchJob(ORG, BATCH, 0, 7))
    for name in ("customer-sync.fifo", "invoice-jobs.fifo", "batch-jobs.fifo"):
        for message in take_messages(aws, name):
            attributes = json.dumps({**message["Attributes"], **message.get("MessageAttributes", {})})
            assert not any(secret in attributes for secret in (ORG, CUSTOMER, INVOICE, BATCH, "example.com"))


def test_a_queue_that_does_not_take_a_message_raises_retryable(aws: Aws) -> None:
    missing = aws.queue_urls["reconcile"] + "-missing"
    with pytest.raises(Retryable) as error:
        SqsQueues(dict.fromkeys(Queue, missing), FakeClock()).send(Reconciliation(OrganizationId("o")))
    assert error.value.code == "queue_unavailable"
    assert error.value.__cause__ is not None
    nowhere = "http://127.0.0.1:9/queue"
    with pytest.raises(Retryable):
        SqsQueues(dict.fromkeys(Queue, nowhere), FakeClock()).send(InvoiceJob(ORG, INVOICE))
    with pytest.raises(Retryable):
        SqsQueues(dict.fromkeys(Queue, missing), FakeClock()).send_all([Reconciliation(ORG, planned_at=1)])


def test_a_message_names_the_request_that_caused_its_work(aws: Aws, queues: SqsQueues) -> None:
    urls = {name: aws.queue_urls[name] for name in Queue}
    SqsQueues(urls, FakeClock(), lambda: "req-1").send(Reconciliation(ORG, objects=True))
    assert bodies(take_messages(aws, "reconcile")) == [{"organizationId": ORG, "objects": True, "requestId": "req-1"}]
