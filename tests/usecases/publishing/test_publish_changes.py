"""A batch of changes is told at least once, and one that cannot be told stops nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.errors import DeploymentFault, Retryable
from chalicelib.ports.changes import BusEvent, Refusal, StoredChange
from chalicelib.usecases.publishing.publish_changes import PATIENCE, Outcome, Record, publish_records
from chalicelib.usecases.publishing.published_objects import PublishedObject
from tests.contracts.examples import ORG, customer
from tests.fakes.ports import FakePorts
from tests.world import World

FAILED = Difference((ChangeType.CUSTOMER_SYNC_FAILED,), "pending", "failed")
NO_RIGHT = DeploymentFault("AccessDeniedException", "x-amz-security-token: secret")
DOWN = Retryable("event_bus_unavailable", "The event bus does not answer at the moment.")
LATER = Refusal("ThrottlingException", "Rate exceeded.", transient=True)
NEVER = Refusal("InvalidArgument", "Detail is malformed.", transient=False)


@pytest.fixture
def ports() -> FakePorts:
    return World().ports


class Unreadable(Exception):
    """What reading a damaged record raises. Its message holds what must not be told."""


def read(body: Mapping[str, Any]) -> StoredChange | None:
    if body.get("damaged"):
        raise Unreadable("dana@example.test")
    if body.get("silent"):
        return None
    change = Change(ORG, ObjectKind.CUSTOMER, "cust_1", body["version"], body["at"], FAILED)
    return StoredChange(change, customer())


def render(stored: StoredChange, shown: PublishedObject) -> Sequence[BusEvent]:
    change = stored.change
    return [BusEvent(event_id(change.version), each, change.at, b"{}") for each in change.difference.types]


def event_id(version: int) -> str:
    return Change(ORG, ObjectKind.CUSTOMER, "cust_1", version, 0, FAILED).id_of(ChangeType.CUSTOMER_SYNC_FAILED)


def batch(ports: FakePorts, *bodies: Mapping[str, Any], ago: int = 1) -> list[Record]:
    at = ports.clock.now() - ago
    return [
        Record(str(number), at, {"version": number, "at": at, **body}) for number, body in enumerate(bodies, start=1)
    ]


def cannot_append(version: int, error: Exception, ports: FakePorts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the feed refuse the change of this version, and take the others."""
    append = ports.changes.append

    def unless_refused(changes: Sequence[Change]) -> None:
        if changes[0].version == version:
            raise error
        append(changes)

    monkeypatch.setattr(ports.changes, "append", unless_refused)


def tell(ports: FakePorts, *bodies: Mapping[str, Any], ago: int = 1) -> Outcome:
    return publish_records(batch(ports, *bodies, ago=ago), read, render, ports)


def in_feed(ports: FakePorts) -> list[int]:
    return [entry.change.version for entry in ports.changes.after(ORG, None, 100).entries]


def on_bus(ports: FakePorts) -> list[str]:
    return [event.id for event in ports.bus.events]


def test_changes_are_on_the_bus_and_in_the_feed_in_the_order_of_writing(ports: FakePorts) -> None:
    outcome = tell(ports, {}, {"silent": True}, {})
    assert (outcome.published, outcome.unpublished, outcome.repeat_from) == (2, {}, None)
    assert on_bus(ports) == [event_id(1), event_id(3)]
    assert in_feed(ports) == [1, 3]


def test_a_batch_that_comes_again_tells_the_same_ids(ports: FakePorts) -> None:
    tell(ports, {}, {})
    tell(ports, {}, {})
    assert on_bus(ports) == [event_id(1), event_id(2)] * 2


def test_a_record_that_nobody_can_read_is_queued_without_a_change_and_stops_nobody_else(ports: FakePorts) -> None:
    outcome = tell(ports, {}, {"damaged": True}, {})
    assert (outcome.published, list(outcome.unpublished), outcome.repeat_from) == (2, ["2"], None)
    assert in_feed(ports) == [1, 3]
    [(body, reason, change)] = ports.unpublished.kept
    assert (body["version"], change) == (2, None)
    assert "Unreadable" in reason
    assert "dana" not in reason


def test_an_object_that_cannot_be_shown_is_queued_and_stops_nobody_else(ports: FakePorts) -> None:
    def cannot_show_two(stored: StoredChange, shown: PublishedObject) -> Sequence[BusEvent]:
        if stored.change.version == 2:
            raise Unreadable
        return render(stored, shown)

    outcome = publish_records(batch(ports, {}, {}, {}), read, cannot_show_two, ports)
    assert list(outcome.unpublished) == ["2"]
    assert (on_bus(ports), in_feed(ports)) == ([event_id(1), event_id(3)], [1, 3])
    [(_, _, change)] = ports.unpublished.kept
    assert change is not None
    assert (change.version, change.difference) == (2, FAILED)


def test_an_event_that_the_bus_refuses_for_good_is_queued_with_its_reason(ports: FakePorts) -> None:
    ports.bus.refusals[event_id(2)] = NEVER
    outcome = tell(ports, {}, {}, {})
    assert outcome.unpublished == {"2": "EventBridge refuses it: InvalidArgument. Detail is malformed."}
    assert (len(ports.unpublished.kept), in_feed(ports)) == (1, [1, 3])


def test_an_event_that_may_be_taken_later_comes_again_with_all_behind_it(ports: FakePorts) -> None:
    ports.bus.refusals[event_id(2)] = LATER
    outcome = tell(ports, {}, {}, {})
    assert (outcome.repeat_from, ports.unpublished.kept) == ("2", [])
    assert in_feed(ports) == [1]
    assert (outcome.failure and outcome.failure.code) == "ThrottlingException"


def test_an_event_that_was_not_taken_for_half_a_day_is_queued_with_eventbridges_code_and_message(
    ports: FakePorts,
) -> None:
    ports.bus.refusals[event_id(1)] = LATER
    outcome = tell(ports, {}, {}, ago=PATIENCE + 1)
    assert (list(outcome.unpublished), outcome.published, outcome.failure) == (["1"], 1, None)
    assert ports.unpublished.kept[0][1] == "ThrottlingException: EventBridge did not take it. Rate exceeded."


def test_a_missing_right_has_the_batch_repeated_and_after_half_a_day_queued_without_awss_message(
    ports: FakePorts,
) -> None:
    ports.bus.failure = NO_RIGHT
    outcome = tell(ports, {}, {}, ago=PATIENCE)
    assert (outcome.repeat_from, outcome.failure, ports.unpublished.kept) == ("1", NO_RIGHT, [])
    outcome = tell(ports, {}, {}, ago=PATIENCE + 1)
    assert (list(outcome.unpublished), outcome.repeat_from) == (["1", "2"], None)
    assert "AccessDeniedException" in ports.unpublished.kept[0][1]
    assert "secret" not in ports.unpublished.kept[0][1]


def test_while_the_bus_is_down_the_whole_batch_comes_again_and_the_feed_gets_nothing(ports: FakePorts) -> None:
    ports.bus.failure = DOWN
    outcome = tell(ports, {}, {})
    assert (outcome.repeat_from, in_feed(ports), ports.unpublished.kept) == ("1", [], [])
    assert outcome.failure is DOWN


def test_what_waits_for_half_a_day_is_queued_before_the_stream_forgets_it(ports: FakePorts) -> None:
    ports.bus.failure = DOWN
    assert tell(ports, {}, {}, ago=PATIENCE).repeat_from == "1"
    outcome = tell(ports, {}, {}, ago=PATIENCE + 1)
    assert (list(outcome.unpublished), outcome.repeat_from) == (["1", "2"], None)
    assert "event_bus_unavailable" in ports.unpublished.kept[0][1]


def test_a_record_that_can_neither_be_told_nor_queued_comes_again(ports: FakePorts) -> None:
    ports.unpublished.failure = Retryable("queue_unavailable", "The queue does not answer at the moment.")
    outcome = tell(ports, {}, {"damaged": True}, {})
    assert (outcome.published, outcome.unpublished, outcome.repeat_from) == (1, {}, "2")


def test_a_feed_that_does_not_answer_has_the_batch_repeated_from_there(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    cannot_append(2, Retryable("database_unavailable", "The database does not answer."), ports, monkeypatch)
    outcome = tell(ports, {}, {}, {})
    assert (outcome.published, outcome.repeat_from, in_feed(ports)) == (1, "2", [1])


def test_the_feed_that_does_not_answer_for_half_a_day_has_its_changes_queued(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_changes: Sequence[Change]) -> None:
        raise Retryable("database_unavailable", "The database does not respond at the moment.")

    monkeypatch.setattr(ports.changes, "append", down)
    assert tell(ports, {}, ago=PATIENCE).repeat_from == "1"
    outcome = tell(ports, {}, {}, ago=PATIENCE + 1)
    assert (list(outcome.unpublished), outcome.repeat_from, outcome.published) == (["1", "2"], None, 0)
    assert "database_unavailable" in ports.unpublished.kept[0][1]


def test_a_feed_whose_newest_row_cannot_be_read_stops_no_other_change(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    cannot_append(2, ValueError("'version'"), ports, monkeypatch)
    outcome = tell(ports, {}, {}, {})
    assert (list(outcome.unpublished), outcome.repeat_from, in_feed(ports)) == (["2"], None, [1, 3])
    assert len(ports.unpublished.kept) == 1


def test_what_waits_for_one_feed_for_half_a_day_is_queued_and_stops_no_other_change(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    cannot_append(1, Retryable("concurrent_change", "The feed was changed by someone else."), ports, monkeypatch)
    outcome = tell(ports, {}, {}, ago=PATIENCE + 1)
    assert (outcome.published, list(outcome.unpublished), outcome.repeat_from) == (1, ["1"], None)


def test_a_change_with_one_event_refused_for_good_and_one_for_now_is_queued_once(ports: FakePorts) -> None:
    def two_events(stored: StoredChange, shown: PublishedObject) -> Sequence[BusEvent]:
        [event] = render(stored, shown)
        return [event, BusEvent(f"{event.id}_second", event.detail_type, event.at, event.detail)]

    ports.bus.refusals |= {event_id(1): LATER, f"{event_id(1)}_second": NEVER}
    outcome = publish_records(batch(ports, {}, {}), read, two_events, ports)
    assert (list(outcome.unpublished), outcome.published, outcome.repeat_from) == (["1"], 1, None)
    assert "InvalidArgument" in ports.unpublished.kept[0][1]
