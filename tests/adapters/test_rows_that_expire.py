"""A row that DynamoDB deletes while a change is appended behind it leaves no gap in the feed."""

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


@pytest.mark.parametrize("left", [60, DAY - 1])
def test_a_change_behind_a_row_that_is_deleted_meanwhile_begins_a_new_epoch(
    left: int, stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock(NOW)
    feed = TableChanges(clock)
    feed.append([change(1)])
    clock.set(NOW + EXPIRES_AFTER - left)
    newest = changes._newest

    def read_and_then_deleted(organization_id: OrganizationId) -> Row | None:
        row = newest(organization_id)
        for item in ChangeItem.scan():
            if item.place != change_rows.HEAD:
                item.delete()
        return row

    monkeypatch.setattr(changes, "_newest", read_and_then_deleted)
    feed.append([change(2)])
    assert places() == [Place(2, 1)]


def test_a_row_far_from_its_end_is_not_checked(stores_on_tables: Backend) -> None:
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
