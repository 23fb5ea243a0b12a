"""Whichever expired rows DynamoDB deletes, no place in the feed is given twice, and none in front of a cursor."""

from __future__ import annotations

import pytest

from chalicelib.adapters.tables import TableChanges, change_rows, changes
from chalicelib.adapters.tables.change_rows import DAY, EXPIRES_AFTER, Place, Row
from chalicelib.adapters.tables.models import ChangeItem
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.identifiers import OrganizationId
from tests.backends import Backend, aws, requests_to_dynamodb, stores_on_tables
from tests.contracts.examples import NOW, ORG
from tests.fakes import FakeClock

__all__ = ["aws", "stores_on_tables"]


def change(version: int) -> Change:
    paid = Difference((ChangeType.INVOICE_PAID,), "pending", "paid")
    return Change(ORG, ObjectKind.INVOICE, "inv_a", version, NOW, paid)


def places() -> list[Place]:
    rows = (item for item in ChangeItem.scan() if item.place != change_rows.HEAD)
    found = [change_rows.row_of(item.to_dynamodb_dict()) for item in rows]
    return sorted(row.place for row in found)


@pytest.mark.parametrize("left", [DAY // 2, 60, 0, -DAY])
def test_behind_a_row_that_expires_soon_or_has_expired_a_new_epoch_begins(
    left: int, stores_on_tables: Backend
) -> None:
    clock = FakeClock(NOW)
    feed = TableChanges(clock)
    feed.append([change(1)])
    clock.set(NOW + EXPIRES_AFTER - left)
    feed.append([change(2), change(3)])
    assert places() == [Place(1, 1), Place(2, 1), Place(2, 2)]


def test_the_place_of_a_row_that_was_deleted_is_not_given_again(stores_on_tables: Backend) -> None:
    """DynamoDB deletes expired rows in any order, so an older one may be left, and a cursor behind a newer one."""
    clock = FakeClock(NOW)
    feed = TableChanges(clock)
    feed.append([change(1), change(2)])
    cursor = feed.after(ORG, None, 10).cursor
    clock.set(NOW + 30 * DAY)
    cursor = feed.after(ORG, cursor, 10).cursor  # somebody asks from time to time, and nothing changes
    clock.set(NOW + EXPIRES_AFTER)
    ChangeItem(ORG, Place(1, 2).range_key).delete()
    feed.append([change(3)])
    [entry] = feed.after(ORG, cursor, 10).entries
    assert entry.change.version == 3


def test_whoever_is_slow_writes_behind_an_epoch_that_was_begun_meanwhile(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, fast = FakeClock(NOW), FakeClock(NOW + EXPIRES_AFTER - DAY // 2)
    feed = TableChanges(clock)
    feed.append([change(1)])
    clock.set(NOW + EXPIRES_AFTER - DAY)
    newest = changes._newest

    def read_before_another_begins_an_epoch(organization_id: OrganizationId) -> Row | None:
        row = newest(organization_id)
        monkeypatch.setattr(changes, "_newest", newest)
        TableChanges(fast).append([change(2)])
        return row

    monkeypatch.setattr(changes, "_newest", read_before_another_begins_an_epoch)
    feed.append([change(3)])
    assert places() == [Place(1, 1), Place(2, 1), Place(2, 2)]


def test_only_behind_a_row_that_expires_within_a_day_the_head_is_checked(stores_on_tables: Backend) -> None:
    clock = FakeClock(NOW)
    feed = TableChanges(clock)
    feed.append([change(1)])
    clock.set(NOW + EXPIRES_AFTER - DAY - 1)
    with requests_to_dynamodb() as requests:
        feed.append([change(2)])
    assert requests == ["Query", "PutItem"]
    clock.set(clock.now() + EXPIRES_AFTER - DAY)
    with requests_to_dynamodb() as requests:
        feed.append([change(3)])
    assert requests == ["Query", "TransactWriteItems"]
    assert places() == [Place(1, 1), Place(1, 2), Place(1, 3)]
