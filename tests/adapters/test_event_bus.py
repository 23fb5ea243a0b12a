"""Events are put on the bus in batches, each entry of a response is checked, and only failed entries are put
again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.adapters.deployment_faults import DEPLOYMENT_FAULTS
from chalicelib.adapters.event_bus import MAX_ENTRIES, MAX_REQUEST_BYTES, PAUSES, EventBridgeBus, portions, size_of
from chalicelib.domain.errors import DeploymentFault, Retryable
from chalicelib.observability import described
from chalicelib.ports.changes import BusEvent
from tests.fakes.ports import FakeClock

THROTTLED = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded."}
MALFORMED = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
ACCEPTED = {"EventId": "11111111-2222-3333-4444-555555555555"}


class Client:
    """Responds to PutEvents from a script: for each request an error, or the failed entries by number."""

    def __init__(self, *script: Any) -> None:
        self._script: Iterator[Any] = iter(script)
        self.requests: list[list[str]] = []

    def put_events(self, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 botocore's name
        self.requests.append([each["Detail"] for each in Entries])
        response = next(self._script, {})
        if isinstance(response, Exception):
            raise response
        return {"Entries": [response.get(number, ACCEPTED) for number in range(len(Entries))]}


def event(number: int, size: int = 2) -> BusEvent:
    return BusEvent(f"chg_{number}", "invoice.paid", 1_800_000_000, str(number).encode().ljust(size))


def bus(*script: Any) -> tuple[EventBridgeBus, Client, FakeClock]:
    clock, client = FakeClock(), Client(*script)
    event_bus = EventBridgeBus("pom-changes", clock)
    vars(event_bus)["_client"] = client
    return event_bus, client, clock


def details(*numbers: int) -> list[str]:
    return [event(number).detail.decode() for number in numbers]


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutEvents")  # type: ignore[typeddict-item]


def test_no_request_has_more_than_ten_events() -> None:
    event_bus, client, _ = bus()
    assert event_bus.put([event(number) for number in range(23)]) == {}
    assert [len(each) for each in client.requests] == [10, 10, 3]


def test_no_request_has_more_bytes_than_eventbridge_accepts() -> None:
    large = [event(number, 100 * 1024) for number in range(5)]
    batches = list(portions(large))
    assert [len(each) for each in batches] == [2, 2, 1]
    assert all(sum(map(size_of, each)) <= MAX_REQUEST_BYTES and len(each) <= MAX_ENTRIES for each in batches)


def test_an_event_that_is_too_large_for_a_batch_has_its_own_request() -> None:
    batches = list(portions([event(0), event(1, MAX_REQUEST_BYTES), event(2)]))
    assert [[each.id for each in batch] for batch in batches] == [["chg_0"], ["chg_1"], ["chg_2"]]


def test_only_entries_that_failed_are_put_again() -> None:
    event_bus, client, _ = bus({1: THROTTLED, 3: THROTTLED}, {1: THROTTLED})
    assert event_bus.put([event(number) for number in range(4)]) == {}
    assert client.requests == [details(0, 1, 2, 3), details(1, 3), details(3)]


def test_an_entry_that_is_rejected_permanently_is_not_put_again() -> None:
    event_bus, client, _ = bus({0: MALFORMED})
    refusals = event_bus.put([event(0), event(1)])
    assert client.requests == [details(0, 1)]
    assert {key: (why.code, why.transient) for key, why in refusals.items()} == {"chg_0": ("MalformedDetail", False)}


def test_an_entry_that_always_fails_is_reported_after_a_few_attempts() -> None:
    event_bus, client, _ = bus(*[{0: THROTTLED}] * 9)
    refusals = event_bus.put([event(0)])
    assert len(client.requests) == len(PAUSES) + 1
    assert refusals["chg_0"].transient


@pytest.mark.parametrize(
    "failure",
    [
        client_error("InternalException", 500),
        client_error("ThrottlingException"),
        client_error("RequestLimitExceeded"),
        client_error("RequestTimeoutException"),
        client_error("SlowDown", 503),
        EndpointConnectionError(endpoint_url="https://events.example"),
    ],
)
def test_a_bus_that_does_not_respond_raises_a_retryable_error(failure: Exception) -> None:
    event_bus, _, _ = bus(failure)
    with pytest.raises(Retryable) as caught:
        event_bus.put([event(0)])
    assert caught.value.code == "event_bus_unavailable"
    assert caught.value.__cause__ is failure


def test_a_throttled_buss_error_has_the_code_of_aws() -> None:
    event_bus, _, _ = bus(client_error("ThrottlingException"))
    with pytest.raises(Retryable) as caught:
        event_bus.put([event(0)])
    assert "ThrottlingException" in caught.value.message
    [cause] = cast("list[dict[str, object]]", described(caught.value)["causes"])
    assert cause["code"] == "ThrottlingException"


@pytest.mark.parametrize("code", sorted(DEPLOYMENT_FAULTS))
def test_a_bus_that_refuses_every_event_is_a_deployment_fault_with_the_code_of_aws(code: str) -> None:
    event_bus, client, _ = bus(client_error(code))
    with pytest.raises(DeploymentFault) as caught:
        event_bus.put([event(0), event(1)])
    assert len(client.requests) == 1, "no event is put on its own"
    assert described(caught.value)["code"] == code


@pytest.mark.parametrize("code", ["AccessDeniedException", "NotAuthorizedForSourceException"])
def test_an_entry_refused_for_a_missing_permission_is_retryable(code: str) -> None:
    event_bus, _, _ = bus(*[{0: {"ErrorCode": code, "ErrorMessage": "You are not allowed to."}}] * (len(PAUSES) + 1))
    assert event_bus.put([event(0), event(1)])["chg_0"].transient


def test_an_invalid_event_does_not_prevent_the_others_of_its_request() -> None:
    invalid_request = client_error("ValidationException")
    event_bus, client, _ = bus(invalid_request, {}, invalid_request, {})
    refusals = event_bus.put([event(0), event(1), event(2)])
    assert list(refusals) == ["chg_1"]
    assert not refusals["chg_1"].transient
    assert client.requests[1:] == [details(0), details(1), details(2)]
