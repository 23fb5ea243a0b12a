"""What becomes of changes when AWS refuses one of the requests that telling them takes, request by request.

What would meet every change waits: an outage, and a right or a resource that the deployment lacks. What may concern
one record is queued.
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
QUEUED = ("ValidationException",)

CONNECTED = replace(Connection(ORG), account_id=ACCOUNT)


@dataclass(frozen=True)
class Request:
    """A request to DynamoDB, and the object whose change takes it. `again` is True if the feed has a row already."""

    operation: str
    table: str
    shown: Versioned
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
    """Stands for the clients of EventBridge and of SQS. Fails if it is given a failure."""

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
class Telling:
    """The real adapters: of DynamoDB over the embedded one, of EventBridge and SQS over clients that may fail."""

    ports: FakePorts
    queue: Client

    def tell(self, shown: Versioned, *, damaged: bool = False) -> Outcome:
        """Tells two changes of the object."""
        changes = [
            StoredChange(
                Change(
                    ORG, ObjectKind.CUSTOMER, "obj_1", version, NOW, Difference((ChangeType.CUSTOMER_SYNC_FAILED,))
                ),
                shown,
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

        return publish_records(records, read, lambda change, _: [rendered(change)], self.ports)


def rendered(stored: StoredChange) -> BusEvent:
    return BusEvent(f"chg_{stored.change.version}", "customer.sync_failed", NOW, b"{}")


@pytest.fixture
def telling(stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch) -> Telling:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    return over(stores_on_tables)


def over(stores: Backend, *, bus: Client | None = None, queue: Client | None = None) -> Telling:
    ports, queue = World().ports, queue or Client()
    for name in STORES:
        setattr(ports, name, getattr(stores, name))
    made, unpublished = EventBridgeBus("pom-changes", ports.clock), UnpublishedQueue("http://sqs.test/unpublished")
    vars(made)["_client"], vars(unpublished)["_client"] = bus or Client(), queue
    ports.bus, ports.unpublished = made, unpublished  # type: ignore[assignment]
    return Telling(ports, queue)


def refused(code: str) -> Exception:
    if code == NETWORK:
        return EndpointConnectionError(endpoint_url="https://aws.test")
    return ClientError({"Error": {"Code": code, "Message": "not today"}}, "Operation")


def refusing(wanted: Request, prefix: str, code: str, met: list[str]) -> Callable[..., None]:
    """DynamoDB refuses this request, and answers the others."""

    def answer(request: Any, **_: Any) -> None:
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        if operation == wanted.operation and f'"{prefix}{wanted.table}"'.encode() in request.body:
            met.append(operation)
            raise refused(code)

    return answer


def with_refused(telling: Telling, what: str, code: str, aws: Aws) -> Outcome:
    request, met = REQUESTS[what], list[str]()
    telling.ports.connections.save(CONNECTED)
    if request.again:
        telling.ports.changes.append([Change(ORG, ObjectKind.CUSTOMER, "other", 1, NOW, Difference(()))])
    with dynamodb_answering(refusing(request, aws.prefix, code, met)):
        outcome = telling.tell(request.shown)
    assert met, "the request was made, and refused"
    return outcome


@pytest.mark.parametrize("code", WAITS)
@pytest.mark.parametrize("what", REQUESTS)
def test_a_request_to_dynamodb_that_would_be_refused_for_every_change_has_the_batch_repeated(
    telling: Telling, aws: Aws, what: str, code: str
) -> None:
    outcome = with_refused(telling, what, code, aws)
    assert (outcome.repeat_from, outcome.published, outcome.unpublished, telling.queue.bodies) == ("0", 0, {}, [])
    expected = "database_unavailable" if code in {"ThrottlingException", NETWORK} else code
    assert (outcome.failure and outcome.failure.code) == expected


@pytest.mark.parametrize("code", QUEUED)
@pytest.mark.parametrize("what", REQUESTS)
def test_a_request_to_dynamodb_that_may_be_refused_because_of_its_record_has_that_record_queued(
    telling: Telling, aws: Aws, what: str, code: str
) -> None:
    outcome = with_refused(telling, what, code, aws)
    assert (outcome.repeat_from, outcome.failure, list(outcome.unpublished)) == (None, None, ["0", "1"])
    assert len(telling.queue.bodies) == 2


@pytest.mark.parametrize("code", WAITS)
def test_a_bus_that_refuses_every_event_has_the_batch_repeated(stores_on_tables: Backend, code: str) -> None:
    telling = over(stores_on_tables, bus=Client(refused(code)))
    outcome = telling.tell(customer())
    assert (outcome.repeat_from, outcome.published, outcome.unpublished, telling.queue.bodies) == ("0", 0, {}, [])
    expected = "event_bus_unavailable" if code in {"ThrottlingException", NETWORK} else code
    assert (outcome.failure and outcome.failure.code) == expected


@pytest.mark.parametrize("code", QUEUED)
def test_an_event_that_the_bus_refuses_also_when_it_is_alone_is_queued(stores_on_tables: Backend, code: str) -> None:
    telling = over(stores_on_tables, bus=Client(refused(code)))
    outcome = telling.tell(customer())
    assert (outcome.repeat_from, list(outcome.unpublished), len(telling.queue.bodies)) == (None, ["0", "1"], 2)


@pytest.mark.parametrize("code", [*WAITS, *QUEUED])
def test_a_record_that_the_queue_does_not_take_comes_again_whatever_the_reason(
    stores_on_tables: Backend, code: str
) -> None:
    telling = over(stores_on_tables, queue=Client(refused(code)))
    outcome = telling.tell(customer(), damaged=True)
    assert (outcome.repeat_from, outcome.published, outcome.unpublished) == ("0", 0, {})
    assert (outcome.failure and outcome.failure.code) == "queue_unavailable"
