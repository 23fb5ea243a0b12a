"""Events are put on the bus in portions, each entry of an answer is checked, and only what failed is put again."""

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
TAKEN = {"EventId": "11111111-2222-3333-4444-555555555555"}


class Client:
    """Answers PutEvents by a script: for each request an error, or the entries of its answer by number."""

    def __init__(self, *script: Any) -> None:
        self._script: Iterator[Any] = iter(script)
        self.requests: list[list[str]] = []

    def put_events(self, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 botocore's name
        self.requests.append([each["Detail"] for each in Entries])
        answer = next(self._script, {})
        if isinstance(answer, Exception):
            raise answer
        return {"Entries": [answer.get(number, TAKEN) for number in range(len(Entries))]}


def event(number: int, size: int = 2) -> BusEvent:
    return BusEvent(f"chg_{number}", "invoice.paid", 1_800_000_000, str(number).encode().ljust(size))


def bus(*script: Any) -> tuple[EventBridgeBus, Client, FakeClock]:
    clock, client = FakeClock(), Client(*script)
    made = EventBridgeBus("pom-changes", clock)
    vars(made)["_client"] = client
    return made, client, clock


def details(*numbers: int) -> list[str]:
    return [event(number).detail.decode() for number in numbers]


def refused(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutEvents")  # type: ignore[typeddict-item]


def test_no_request_has_more_than_ten_events() -> None:
    made, client, _ = bus()
    assert made.put([event(number) for number in range(23)]) == {}
    assert [len(each) for each in client.requests] == [10, 10, 3]


def test_no_request_has_more_bytes_than_eventbridge_takes() -> None:
    large = [event(number, 100 * 1024) for number in range(5)]
    cut = list(portions(large))
    assert [len(each) for each in cut] == [2, 2, 1]
    assert all(sum(map(size_of, each)) <= MAX_REQUEST_BYTES and len(each) <= MAX_ENTRIES for each in cut)


def test_an_event_that_is_too_large_by_itself_is_alone_in_its_request() -> None:
    cut = list(portions([event(0), event(1, MAX_REQUEST_BYTES), event(2)]))
    assert [[each.id for each in some] for some in cut] == [["chg_0"], ["chg_1"], ["chg_2"]]


def test_only_the_entries_that_were_not_taken_are_put_again() -> None:
    made, client, _ = bus({1: THROTTLED, 3: THROTTLED}, {1: THROTTLED})
    assert made.put([event(number) for number in range(4)]) == {}
    assert client.requests == [details(0, 1, 2, 3), details(1, 3), details(3)]


def test_an_entry_that_is_refused_for_good_is_not_put_again() -> None:
    made, client, _ = bus({0: MALFORMED})
    refusals = made.put([event(0), event(1)])
    assert client.requests == [details(0, 1)]
    assert {key: (why.code, why.transient) for key, why in refusals.items()} == {"chg_0": ("MalformedDetail", False)}


def test_an_entry_that_is_never_taken_is_told_after_a_few_tries() -> None:
    made, client, _ = bus(*[{0: THROTTLED}] * 9)
    refusals = made.put([event(0)])
    assert len(client.requests) == len(PAUSES) + 1
    assert refusals["chg_0"].transient


@pytest.mark.parametrize(
    "failure",
    [
        refused("InternalException", 500),
        refused("ThrottlingException"),
        refused("RequestLimitExceeded"),
        refused("RequestTimeoutException"),
        refused("SlowDown", 503),
        EndpointConnectionError(endpoint_url="https://events.example"),
    ],
)
def test_a_bus_that_does_not_answer_is_told_as_retryable(failure: Exception) -> None:
    made, _, _ = bus(failure)
    with pytest.raises(Retryable) as caught:
        made.put([event(0)])
    assert caught.value.code == "event_bus_unavailable"
    assert caught.value.__cause__ is failure


def test_what_a_throttled_bus_is_told_as_says_with_which_code_aws_refused_the_request() -> None:
    made, _, _ = bus(refused("ThrottlingException"))
    with pytest.raises(Retryable) as caught:
        made.put([event(0)])
    assert "ThrottlingException" in caught.value.message
    [cause] = cast("list[dict[str, object]]", described(caught.value)["causes"])
    assert cause["code"] == "ThrottlingException"


@pytest.mark.parametrize("code", sorted(DEPLOYMENT_FAULTS))
def test_a_bus_that_refuses_any_event_is_a_fault_of_the_deployment_with_awss_code(code: str) -> None:
    made, client, _ = bus(refused(code))
    with pytest.raises(DeploymentFault) as caught:
        made.put([event(0), event(1)])
    assert len(client.requests) == 1, "no event is tried alone"
    assert described(caught.value)["code"] == code


@pytest.mark.parametrize("code", ["AccessDeniedException", "NotAuthorizedForSourceException"])
def test_an_entry_that_is_refused_because_of_a_right_may_be_taken_later(code: str) -> None:
    made, _, _ = bus(*[{0: {"ErrorCode": code, "ErrorMessage": "You are not allowed to."}}] * (len(PAUSES) + 1))
    assert made.put([event(0), event(1)])["chg_0"].transient


def test_a_request_that_one_event_spoils_takes_the_others() -> None:
    spoiled = refused("ValidationException")
    made, client, _ = bus(spoiled, {}, spoiled, {})
    refusals = made.put([event(0), event(1), event(2)])
    assert list(refusals) == ["chg_1"]
    assert not refusals["chg_1"].transient
    assert client.requests[1:] == [details(0), details(1), details(2)]
