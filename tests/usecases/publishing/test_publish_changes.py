"""Tests the publishing of a batch of changes: each change is published at least once, and a failing change stops no
other change.
"""

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
    """The error of reading a damaged record. Its message holds personal data that must not be published."""


def read_change(body: Mapping[str, Any]) -> StoredChange | None:
    if body.get("damaged"):
        raise Unreadable("dana@example.test")
    if body.get("silent"):
        return None
    change = Change(ORG, ObjectKind.CUSTOMER, "cust_1", body["version"], body["at"], FAILED)
    return StoredChange(change, customer())


def render_events(stored_change: StoredChange, published_object: PublishedObject) -> Sequence[BusEvent]:
    change = stored_change.change
    return [BusEvent(event_id(change.version), each, change.at, b"{}") for each in change.difference.types]


def event_id(version: int) -> str:
    return Change(ORG, ObjectKind.CUSTOMER, "cust_1", version, 0, FAILED).id_of(ChangeType.CUSTOMER_SYNC_FAILED)


def stream_records(ports: FakePorts, *bodies: Mapping[str, Any], ago: int = 1) -> list[Record]:
    at = ports.clock.now() - ago
    return [
        Record(str(number), at, {"version": number, "at": at, **body}) for number, body in enumerate(bodies, start=1)
    ]


def refuse_append(version: int, error: Exception, ports: FakePorts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the feed refuse the change of this version and accept all others."""
    append = ports.changes.append

    def unless_refused(changes: Sequence[Change]) -> None:
        if changes[0].version == version:
            raise error
        append(changes)

    monkeypatch.setattr(ports.changes, "append", unless_refused)


def publish(ports: FakePorts, *bodies: Mapping[str, Any], ago: int = 1) -> Outcome:
    return publish_records(stream_records(ports, *bodies, ago=ago), read_change, render_events, ports)


def versions_in_feed(ports: FakePorts) -> list[int]:
    return [entry.change.version for entry in ports.changes.after(ORG, None, 100).entries]


def ids_on_bus(ports: FakePorts) -> list[str]:
    return [event.id for event in ports.bus.events]


def test_changes_are_on_the_bus_and_in_the_feed_in_the_order_of_writing(ports: FakePorts) -> None:
    outcome = publish(ports, {}, {"silent": True}, {})
    assert (outcome.published, outcome.unpublished, outcome.repeat_from) == (2, {}, None)
    assert ids_on_bus(ports) == [event_id(1), event_id(3)]
    assert versions_in_feed(ports) == [1, 3]


def test_a_repeated_batch_publishes_the_same_event_ids(ports: FakePorts) -> None:
    publish(ports, {}, {})
    publish(ports, {}, {})
    assert ids_on_bus(ports) == [event_id(1), event_id(2)] * 2


def test_an_unreadable_record_is_queued_without_a_change_and_stops_no_other_change(ports: FakePorts) -> None:
    outcome = publish(ports, {}, {"damaged": True}, {})
    assert (outcome.published, list(outcome.unpublished), outcome.repeat_from) == (2, ["2"], None)
    assert versions_in_feed(ports) == [1, 3]
    [(body, reason, change)] = ports.unpublished.kept
    assert (body["version"], change) == (2, None)
    assert "Unreadable" in reason
    assert "dana" not in reason


def test_a_change_whose_object_cannot_be_rendered_is_queued_and_stops_no_other_change(ports: FakePorts) -> None:
    def render_all_but_second(stored: StoredChange, shown: PublishedObject) -> Sequence[BusEvent]:
        if stored.change.version == 2:
            raise Unreadable
        return render_events(stored, shown)

    outcome = publish_records(stream_records(ports, {}, {}, {}), read_change, render_all_but_second, ports)
    assert list(outcome.unpublished) == ["2"]
    assert (ids_on_bus(ports), versions_in_feed(ports)) == ([event_id(1), event_id(3)], [1, 3])
    [(_, _, change)] = ports.unpublished.kept
    assert change is not None
    assert (change.version, change.difference) == (2, FAILED)


def test_an_event_that_the_bus_refuses_permanently_is_queued_with_its_reason(ports: FakePorts) -> None:
    ports.bus.refusals[event_id(2)] = NEVER
    outcome = publish(ports, {}, {}, {})
    assert outcome.unpublished == {"2": "EventBridge refuses it: InvalidArgument. Detail is malformed."}
    assert (len(ports.unpublished.kept), versions_in_feed(ports)) == (1, [1, 3])


def test_a_transient_refusal_repeats_the_change_and_all_later_changes(ports: FakePorts) -> None:
    ports.bus.refusals[event_id(2)] = LATER
    outcome = publish(ports, {}, {}, {})
    assert (outcome.repeat_from, ports.unpublished.kept) == ("2", [])
    assert versions_in_feed(ports) == [1]
    assert (outcome.failure and outcome.failure.code) == "ThrottlingException"


def test_an_event_refused_for_half_a_day_is_queued_with_eventbridges_reason(
    ports: FakePorts,
) -> None:
    ports.bus.refusals[event_id(1)] = LATER
    outcome = publish(ports, {}, {}, ago=PATIENCE + 1)
    assert (list(outcome.unpublished), outcome.published, outcome.failure) == (["1"], 1, None)
    assert ports.unpublished.kept[0][1] == "ThrottlingException: EventBridge did not take it. Rate exceeded."


def test_a_missing_permission_repeats_the_batch_and_queues_it_after_half_a_day(
    ports: FakePorts,
) -> None:
    ports.bus.failure = NO_RIGHT
    outcome = publish(ports, {}, {}, ago=PATIENCE)
    assert (outcome.repeat_from, outcome.failure, ports.unpublished.kept) == ("1", NO_RIGHT, [])
    outcome = publish(ports, {}, {}, ago=PATIENCE + 1)
    assert (list(outcome.unpublished), outcome.repeat_from) == (["1", "2"], None)
    assert "AccessDeniedException" in ports.unpublished.kept[0][1]
    assert "secret" not in ports.unpublished.kept[0][1]


def test_an_unavailable_bus_repeats_the_batch_and_appends_nothing_to_the_feed(ports: FakePorts) -> None:
    ports.bus.failure = DOWN
    outcome = publish(ports, {}, {})
    assert (outcome.repeat_from, versions_in_feed(ports), ports.unpublished.kept) == ("1", [], [])
    assert outcome.failure is DOWN


def test_changes_unpublished_for_half_a_day_are_queued(ports: FakePorts) -> None:
    ports.bus.failure = DOWN
    assert publish(ports, {}, {}, ago=PATIENCE).repeat_from == "1"
    outcome = publish(ports, {}, {}, ago=PATIENCE + 1)
    assert (list(outcome.unpublished), outcome.repeat_from) == (["1", "2"], None)
    assert "event_bus_unavailable" in ports.unpublished.kept[0][1]


def test_a_record_that_can_be_neither_published_nor_queued_is_repeated(ports: FakePorts) -> None:
    ports.unpublished.failure = Retryable("queue_unavailable", "The queue does not answer at the moment.")
    outcome = publish(ports, {}, {"damaged": True}, {})
    assert (outcome.published, outcome.unpublished, outcome.repeat_from) == (1, {}, "2")


def test_an_unavailable_feed_repeats_the_batch_from_the_failed_change(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_append(2, Retryable("database_unavailable", "The database does not answer."), ports, monkeypatch)
    outcome = publish(ports, {}, {}, {})
    assert (outcome.published, outcome.repeat_from, versions_in_feed(ports)) == (1, "2", [1])


def test_changes_that_the_feed_refuses_for_half_a_day_are_queued(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_changes: Sequence[Change]) -> None:
        raise Retryable("database_unavailable", "The database does not respond at the moment.")

    monkeypatch.setattr(ports.changes, "append", down)
    assert publish(ports, {}, ago=PATIENCE).repeat_from == "1"
    outcome = publish(ports, {}, {}, ago=PATIENCE + 1)
    assert (list(outcome.unpublished), outcome.repeat_from, outcome.published) == (["1", "2"], None, 0)
    assert "database_unavailable" in ports.unpublished.kept[0][1]


def test_a_feed_with_an_unreadable_newest_row_stops_no_other_change(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_append(2, ValueError("'version'"), ports, monkeypatch)
    outcome = publish(ports, {}, {}, {})
    assert (list(outcome.unpublished), outcome.repeat_from, versions_in_feed(ports)) == (["2"], None, [1, 3])
    assert len(ports.unpublished.kept) == 1


def test_a_change_that_waits_for_one_feed_for_half_a_day_is_queued_and_stops_no_other_change(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_append(1, Retryable("concurrent_change", "The feed was changed by someone else."), ports, monkeypatch)
    outcome = publish(ports, {}, {}, ago=PATIENCE + 1)
    assert (outcome.published, list(outcome.unpublished), outcome.repeat_from) == (1, ["1"], None)


def test_a_change_with_a_permanent_and_a_transient_refusal_is_queued_once(ports: FakePorts) -> None:
    def two_events(stored: StoredChange, shown: PublishedObject) -> Sequence[BusEvent]:
        [event] = render_events(stored, shown)
        return [event, BusEvent(f"{event.id}_second", event.detail_type, event.at, event.detail)]

    ports.bus.refusals |= {event_id(1): LATER, f"{event_id(1)}_second": NEVER}
    outcome = publish_records(stream_records(ports, {}, {}), read_change, two_events, ports)
    assert (list(outcome.unpublished), outcome.published, outcome.repeat_from) == (["1"], 1, None)
    assert "InvalidArgument" in ports.unpublished.kept[0][1]
