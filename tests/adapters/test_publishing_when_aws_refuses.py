"""Changes are not lost when AWS refuses a request of publishing. Each request is refused once.

A failure that would concern every change (an outage, a missing permission or resource) makes the batch wait. A
failure that may concern one record queues that record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.adapters.event_bus import EventBridgeBus
from chalicelib.adapters.unpublished_changes import UnpublishedQueue
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.connection import Connection
from chalicelib.ports.changes import BusEvent, StoredChange, Versioned
from chalicelib.usecases.publishing.publish_changes import Outcome, Record, publish_records
from tests.backends import STORES, Aws, Backend, dynamodb_answering
from tests.contracts.examples import ACCOUNT, NOW, ORG, customer, invoice, payout
from tests.fakes.ports import FakePorts
from tests.world import World

NETWORK = "no connection"
WAITS = ("AccessDeniedException", "ResourceNotFoundException", "ThrottlingException", NETWORK)
QUEUED_CODES = ("ValidationException",)

CONNECTED = replace(Connection(ORG), account_id=ACCOUNT)


@dataclass(frozen=True)
class Request:
    """A request to DynamoDB, and the object whose change sends it. `again` is True if the feed already has a row."""

    operation: str
    table: str
    stored_object: Versioned
    again: bool = False


REQUESTS = {
    "names of customers": Request("BatchGetItem", "customers", invoice()),
    "connection of a customer": Request("GetItem", "connections", customer()),
    "connection of a payout": Request("GetItem", "connections", payout()),
    "payouts beside a payout": Request("BatchGetItem", "payouts", payout(reversed_by_id="po_2")),
    "last event in a report": Request("Query", "events", CONNECTED),
    "newest row of the feed": Request("Query", "changes", customer()),
    "head of the feed": Request("GetItem", "changes", customer()),
    "first row of the feed": Request("TransactWriteItems", "changes", customer()),
    "next row of the feed": Request("PutItem", "changes", customer(), again=True),
}


class Client:
    """A client of EventBridge and of SQS that raises a given failure."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.bodies: list[str] = []
        self._failure = failure

    def put_events(self, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803 botocore's name
        self._fail()
        return {"Entries": [{"EventId": "1"} for _ in Entries]}

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 botocore's names
        self._fail()
        self.bodies.append(MessageBody)

    def _fail(self) -> None:
        if self._failure is not None:
            raise self._failure


@dataclass
class Publishing:
    """Publishes through the real adapters, over the embedded DynamoDB and over clients that may fail."""

    ports: FakePorts
    queue: Client

    def publish(self, stored_object: Versioned, *, damaged: bool = False) -> Outcome:
        """Publishes two changes of the object."""
        changes = [
            StoredChange(
                Change(
                    ORG, ObjectKind.CUSTOMER, "obj_1", version, NOW, Difference((ChangeType.CUSTOMER_SYNC_FAILED,))
                ),
                stored_object,
            )
            for version in (2, 3)
        ]
        bodies: list[dict[str, Any]] = [
            {"eventSourceARN": "arn", "dynamodb": {"Keys": {}, "ApproximateCreationDateTime": NOW}, "number": number}
            for number in (0, 1)
        ]
        records = [Record(str(body["number"]), self.ports.clock.now(), body) for body in bodies]

        def read(body: Mapping[str, Any]) -> StoredChange:
            if damaged:
                raise ValueError
            return changes[body["number"]]

        return publish_records(records, read, lambda change, _: [bus_event(change)], self.ports)


def bus_event(stored_change: StoredChange) -> BusEvent:
    return BusEvent(f"chg_{stored_change.change.version}", "customer.sync_failed", NOW, b"{}")


@pytest.fixture
def publishing(stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch) -> Publishing:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    return adapters_with(stores_on_tables)


def adapters_with(stores: Backend, *, bus: Client | None = None, queue: Client | None = None) -> Publishing:
    ports, queue = World().ports, queue or Client()
    for name in STORES:
        setattr(ports, name, getattr(stores, name))
    event_bus, unpublished_queue = (
        EventBridgeBus("pom-changes", ports.clock),
        UnpublishedQueue("http://sqs.test/unpublished"),
    )
    vars(event_bus)["_client"], vars(unpublished_queue)["_client"] = bus or Client(), queue
    ports.bus, ports.unpublished = event_bus, unpublished_queue  # type: ignore[assignment]
    return Publishing(ports, queue)


def client_error(code: str) -> Exception:
    if code == NETWORK:
        return EndpointConnectionError(endpoint_url="https://aws.test")
    return ClientError({"Error": {"Code": code, "Message": "not today"}}, "Operation")


def dynamodb_refusing(failing_request: Request, prefix: str, code: str, met: list[str]) -> Callable[..., None]:
    """Makes DynamoDB refuse this request and respond to all others."""

    def respond(request: Any, **_: Any) -> None:
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        if operation == failing_request.operation and f'"{prefix}{failing_request.table}"'.encode() in request.body:
            met.append(operation)
            raise client_error(code)

    return respond


def outcome_when_refused(publishing: Publishing, request_name: str, code: str, aws: Aws) -> Outcome:
    request, met = REQUESTS[request_name], list[str]()
    publishing.ports.connections.save(CONNECTED)
    if request.again:
        publishing.ports.changes.append([Change(ORG, ObjectKind.CUSTOMER, "other", 1, NOW, Difference(()))])
    with dynamodb_answering(dynamodb_refusing(request, aws.prefix, code, met)):
        outcome = publishing.publish(request.stored_object)
    assert met, "the request was made, and refused"
    return outcome


@pytest.mark.parametrize("code", WAITS)
@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_dynamodb_refusal_that_concerns_every_change_repeats_the_batch(
    publishing: Publishing, aws: Aws, request_name: str, code: str
) -> None:
    outcome = outcome_when_refused(publishing, request_name, code, aws)
    assert (outcome.repeat_from, outcome.published, outcome.unpublished, publishing.queue.bodies) == ("0", 0, {}, [])
    expected_code = "database_unavailable" if code in {"ThrottlingException", NETWORK} else code
    assert (outcome.failure and outcome.failure.code) == expected_code


@pytest.mark.parametrize("code", QUEUED_CODES)
@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_dynamodb_refusal_that_may_concern_one_record_queues_that_record(
    publishing: Publishing, aws: Aws, request_name: str, code: str
) -> None:
    outcome = outcome_when_refused(publishing, request_name, code, aws)
    assert (outcome.repeat_from, outcome.failure, list(outcome.unpublished)) == (None, None, ["0", "1"])
    assert len(publishing.queue.bodies) == 2


@pytest.mark.parametrize("code", WAITS)
def test_a_bus_that_refuses_every_event_repeats_the_batch(stores_on_tables: Backend, code: str) -> None:
    publishing = adapters_with(stores_on_tables, bus=Client(client_error(code)))
    outcome = publishing.publish(customer())
    assert (outcome.repeat_from, outcome.published, outcome.unpublished, publishing.queue.bodies) == ("0", 0, {}, [])
    expected_code = "event_bus_unavailable" if code in {"ThrottlingException", NETWORK} else code
    assert (outcome.failure and outcome.failure.code) == expected_code


@pytest.mark.parametrize("code", QUEUED_CODES)
def test_an_event_refused_even_on_its_own_is_queued(stores_on_tables: Backend, code: str) -> None:
    publishing = adapters_with(stores_on_tables, bus=Client(client_error(code)))
    outcome = publishing.publish(customer())
    assert (outcome.repeat_from, list(outcome.unpublished), len(publishing.queue.bodies)) == (None, ["0", "1"], 2)


@pytest.mark.parametrize("code", [*WAITS, *QUEUED_CODES])
def test_a_record_that_the_queue_refuses_is_delivered_again_for_any_reason(
    stores_on_tables: Backend, code: str
) -> None:
    publishing = adapters_with(stores_on_tables, queue=Client(client_error(code)))
    outcome = publishing.publish(customer(), damaged=True)
    assert (outcome.repeat_from, outcome.published, outcome.unpublished) == ("0", 0, {})
    assert (outcome.failure and outcome.failure.code) == "queue_unavailable"
