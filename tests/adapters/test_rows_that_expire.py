"""Whichever expired rows DynamoDB deletes, no feed position is given twice, and none is given before a cursor."""

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
    difference = Difference((ChangeType.INVOICE_PAID,), "pending", "paid")
    return Change(ORG, ObjectKind.INVOICE, "inv_a", version, NOW, difference)


def feed_positions() -> list[Place]:
    rows = (item for item in ChangeItem.scan() if item.place != change_rows.HEAD)
    change_keys = [change_rows.row_of(item.to_dynamodb_dict()) for item in rows]
    return sorted(row.place for row in change_keys)


@pytest.mark.parametrize("seconds_left", [DAY // 2, 60, 0, -DAY])
def test_a_new_epoch_begins_after_a_row_that_expires_soon_or_has_expired(
    seconds_left: int, stores_on_tables: Backend
) -> None:
    clock = FakeClock(NOW)
    feed = TableChanges(clock)
    feed.append([change(1)])
    clock.set(NOW + EXPIRES_AFTER - seconds_left)
    feed.append([change(2), change(3)])
    assert feed_positions() == [Place(1, 1), Place(2, 1), Place(2, 2)]


def test_the_position_of_a_deleted_row_is_not_given_again(stores_on_tables: Backend) -> None:
    """DynamoDB deletes expired rows in any order, so an older row may remain while a cursor points after a newer
    one.
    """
    clock = FakeClock(NOW)
    feed = TableChanges(clock)
    feed.append([change(1), change(2)])
    cursor = feed.after(ORG, None, 10).cursor
    clock.set(NOW + 30 * DAY)
    cursor = feed.after(ORG, cursor, 10).cursor  # A client polls without changes.
    clock.set(NOW + EXPIRES_AFTER)
    ChangeItem(ORG, Place(1, 2).range_key).delete()
    feed.append([change(3)])
    [entry] = feed.after(ORG, cursor, 10).entries
    assert entry.change.version == 3


def test_a_slow_writer_continues_in_an_epoch_that_was_begun_in_the_meantime(
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
    assert feed_positions() == [Place(1, 1), Place(2, 1), Place(2, 2)]


def test_the_head_is_checked_only_after_a_row_that_expires_within_a_day(stores_on_tables: Backend) -> None:
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
    assert feed_positions() == [Place(1, 1), Place(1, 2), Place(1, 3)]
