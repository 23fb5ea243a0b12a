"""What is told of a change of the queue, by what is stored now."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.customer import SyncStatus
from chalicelib.ports.changes import StoredChange, UnpublishedChange
from infra.ops.republishing import publish_again, still_to_publish
from tests.contracts.examples import ORG, customer
from tests.fakes.ports import FakePorts
from tests.world import World

FAILED = Difference((ChangeType.CUSTOMER_SYNC_FAILED,), "pending", "failed")
NOW = 1_700_000_000
CUSTOMER = {"organization_id": ORG, "customer_id": "cust_1"}


@pytest.fixture
def ports() -> FakePorts:
    return World().ports


def unpublished_record(
    change: Change | None = None, *, version: int = 1, deleted: bool = False, **named: Any
) -> UnpublishedChange:
    table, keys = named.get("table", "customers"), named.get("keys", CUSTOMER)
    return UnpublishedChange("Why.", f"pom-{table}", keys, version, deleted, NOW, change)


def unpublished_change(version: int) -> Change:
    return Change(ORG, ObjectKind.CUSTOMER, "cust_1", version, NOW, FAILED)


def published_event(change: StoredChange | None, ports: FakePorts) -> dict[str, Any]:
    assert change is not None
    assert publish_again(change, ports, "https://dashboard.stripe.test") is None
    detail: dict[str, Any] = json.loads(ports.bus.events[-1].detail)
    return detail


def test_a_change_to_the_current_version_is_published_with_the_original_event(ports: FakePorts) -> None:
    stored_customer = ports.customers.save(customer())
    event = published_event(
        still_to_publish(unpublished_record(unpublished_change(stored_customer.version)), "pom-", ports), ports
    )
    assert event["object"]["id"] == "cust_1"
    assert (event["type"], event["objectOmitted"], event["status"]) == ("customer.sync_failed", False, "failed")
    assert [each.change for each in ports.changes.after(ORG, None, 9).entries] == [
        unpublished_change(stored_customer.version)
    ]


def test_an_object_that_has_changed_again_is_left_out_of_an_otherwise_equal_event(ports: FakePorts) -> None:
    ports.customers.save(ports.customers.save(customer()))
    event = published_event(still_to_publish(unpublished_record(unpublished_change(1)), "pom-", ports), ports)
    assert (event["object"], event["objectOmitted"], event["deleted"]) == (None, True, False)
    assert (event["id"], event["version"], event["previousStatus"], event["status"]) == (
        unpublished_change(1).id_of(ChangeType.CUSTOMER_SYNC_FAILED), 1, "pending", "failed",
    )  # fmt: skip


def test_for_an_unreadable_record_the_current_version_is_published_as_new(ports: FakePorts) -> None:
    synced_customer = replace(customer(), sync_status=SyncStatus.SYNCED)
    stored_customer = ports.customers.save(ports.customers.save(synced_customer))
    event = published_event(still_to_publish(unpublished_record(version=1), "pom-", ports), ports)
    assert (event["type"], event["previousStatus"], event["version"]) == (
        "customer.synced",
        None,
        stored_customer.version,
    )
    assert event["object"]["syncStatus"] == "synced"


def test_an_unreadable_record_of_an_object_without_events_publishes_nothing(ports: FakePorts) -> None:
    ports.customers.save(replace(customer(), sync_status=SyncStatus.PENDING))
    assert still_to_publish(unpublished_record(), "pom-", ports) is None


def test_an_unreadable_deletion_is_published_with_the_next_version(ports: FakePorts) -> None:
    event = published_event(still_to_publish(unpublished_record(version=4, deleted=True), "pom-", ports), ports)
    assert (event["type"], event["version"], event["deleted"]) == ("customer.deleted", 5, True)
    assert (event["object"], event["objectOmitted"]) == (None, False)


def test_an_earlier_version_of_a_deleted_object_is_not_published(ports: FakePorts) -> None:
    assert still_to_publish(unpublished_record(version=4), "pom-", ports) is None


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("connections", {"organization_id": ORG, "kind": "trial"}),
        ("payouts", {"payout_key": f"{ORG}#po_1", "place": "line#txn_1"}),
    ],
)
def test_items_that_are_no_objects_publish_nothing(ports: FakePorts, table: str, keys: dict[str, str]) -> None:
    assert still_to_publish(unpublished_record(table=table, keys=keys), "pom-", ports) is None


def test_a_connection_and_a_payout_are_found_by_their_keys(ports: FakePorts) -> None:
    connection = unpublished_record(
        table="connections", keys={"organization_id": "org%", "kind": "connection"}, deleted=True
    )
    payout = unpublished_record(table="payouts", keys={"payout_key": "org%25#po_1", "place": "payout"}, deleted=True)
    for each, kind, object_id in ((connection, "connection", "org%"), (payout, "payout", "po_1")):
        stored_change = still_to_publish(each, "pom-", ports)
        assert stored_change is not None
        change = stored_change.change
        assert (change.object_kind, change.organization_id, change.object_id) == (kind, "org%", object_id)
