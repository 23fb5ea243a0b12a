"""Queue messages keep their exact bytes across releases, and a worker reads messages of earlier releases."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.adapters.queues import SqsQueues
from chalicelib.domain.identifiers import BatchId, CustomerId, InvoiceId, OrganizationId
from chalicelib.functions import Queue
from chalicelib.ports.messages import BatchJob, CustomerSync, InvoiceJob, InvoiceTask, Message, Reconciliation
from chalicelib.workers.sqs import work_through
from tests.fakes import FakeClock

ORG = OrganizationId("org_1")

ON_THE_WIRE: list[tuple[str, Message]] = [
    (
        '{"organizationId":"org_1","customerId":"cust_1","edition":3}',
        CustomerSync(ORG, CustomerId("cust_1"), 3),
    ),
    (
        '{"organizationId":"org_1","invoiceId":"inv_1","task":"resume"}',
        InvoiceJob(ORG, InvoiceId("inv_1"), InvoiceTask.RESUME),
    ),
    (
        '{"organizationId":"org_1","invoiceId":"inv_1","task":"mark_overdue","requestId":"req_1"}',
        InvoiceJob(ORG, InvoiceId("inv_1"), InvoiceTask.MARK_OVERDUE, request_id="req_1"),
    ),
    ('{"organizationId":"org_1","objects":true}', Reconciliation(ORG, objects=True)),
    (
        '{"organizationId":"org_1","objects":false,"plannedAt":1234,"requestId":"tick_1"}',
        Reconciliation(ORG, planned_at=1234, request_id="tick_1"),
    ),
    (
        '{"organizationId":"org_1","batchId":"bat_1","lane":0,"turn":7,"requestId":"req_1"}',
        BatchJob(ORG, BatchId("bat_1"), 0, 7, request_id="req_1"),
    ),
]

FROM_EARLIER_RELEASES: list[tuple[str, Message]] = [
    ('{"organizationId":"org_1","invoiceId":"inv_1"}', InvoiceJob(ORG, InvoiceId("inv_1"), InvoiceTask.RESUME)),
    ('{"organizationId":"org_1"}', Reconciliation(ORG)),
    ('{"organizationId":"org_1","objects":true,"requestId":null}', Reconciliation(ORG, objects=True)),
    (
        '{"organizationId":"org_1","customerId":"cust_1","edition":1,"removedSince":"x"}',
        CustomerSync(ORG, CustomerId("cust_1"), 1),
    ),
]


class Sqs:
    """Records the bodies of the messages."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message(self, **request: Any) -> None:
        self.bodies.append(request["MessageBody"])

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        self.bodies += [entry["MessageBody"] for entry in request["Entries"]]
        return {}


def queues(sqs: Sqs, request_id: str | None) -> SqsQueues:
    sending = SqsQueues(dict.fromkeys(Queue, "https://sqs.test/queue"), FakeClock(), lambda: request_id)
    sending._client = sqs  # type: ignore[assignment]
    return sending


def message_read_from(body: str, message: type[Any]) -> list[Message]:
    """Returns the message that a worker reads from a body, or None if it cannot read the body."""
    handled_messages: list[Message] = []
    record = {"messageId": "message-1", "body": body, "attributes": {}, "eventSource": "aws:sqs"}
    event: Any = SimpleNamespace(context=None, to_dict=lambda: {"Records": [record]})
    work_through(event, message, handled_messages.append)
    return handled_messages


@pytest.mark.parametrize(("body", "message"), ON_THE_WIRE)
def test_a_message_has_exactly_these_bytes(body: str, message: Message) -> None:
    sqs = Sqs()
    queues(sqs, message.request_id).send(message)
    assert sqs.bodies == [body]


def test_each_class_of_messages_goes_to_its_own_queue_in_order_if_the_queue_is_fifo() -> None:
    classes = {type(message) for _, message in ON_THE_WIRE}
    assert len({each.queue for each in classes}) == len(classes)
    for _, message in ON_THE_WIRE:
        assert bool(message.group) == message.queue.fifo


def test_planned_messages_have_the_same_bytes() -> None:
    planned_messages = [(body, message) for body, message in ON_THE_WIRE if isinstance(message, Reconciliation)]
    for body, message in planned_messages:
        sqs = Sqs()
        queues(sqs, message.request_id).send_all([message])
        assert sqs.bodies == [body]


@pytest.mark.parametrize(("body", "message"), [*ON_THE_WIRE, *FROM_EARLIER_RELEASES])
def test_a_worker_reads_every_message_that_is_sent(body: str, message: Message) -> None:
    assert message_read_from(body, type(message)) == [message]


@pytest.mark.parametrize(
    "body",
    [
        '{"organizationId":"org_1"}',
        '{"organizationId":"org_1","invoiceId":"inv_1","task":"forget"}',
        '{"organizationId":"org_1","invoiceId":7}',
        '{"organization_id":"org_1","invoice_id":"inv_1"}',
        '["org_1"]',
        "{",
    ],
)
def test_a_worker_rejects_a_message_that_it_cannot_read(body: str) -> None:
    assert message_read_from(body, InvoiceJob) == []
