"""The streams of the tables report the changes that the stores write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.adapters.tables.models import CustomerItem, PayoutItem
from chalicelib.adapters.tables.stream import change_reader
from chalicelib.domain.changes import ChangeType
from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.errors import StaleWrite
from infra.local.streams import ShardReader
from tests.backends import Backend
from tests.contracts.examples import ORG, customer, payout

StreamedChanges = list[tuple[ChangeType, int, str | None, str | None]]
"""Types of changes, each with the version, the status before and the status after."""


def changes_of(table: str) -> Callable[[], StreamedChanges]:
    """Returns a function that returns the changes of a table since its last call."""
    reader = ShardReader(table)
    prefix = table.rpartition("-")[0] + "-"
    read_records = change_reader(prefix)

    def new_changes() -> StreamedChanges:
        changes: StreamedChanges = []
        while records := reader.peek(100):
            reader.pass_by(len(records))
            for record in records:
                stored = read_records(record)
                if stored is not None:
                    change, difference = stored.change, stored.change.difference
                    changes += [(each, change.version, difference.previous_status, difference.status)
                              for each in difference.types]  # fmt: skip
        return changes

    new_changes()
    return new_changes


@pytest.fixture
def customer_changes(stores_on_tables: Backend) -> Callable[[], StreamedChanges]:
    return changes_of(CustomerItem.Meta.table_name)


@pytest.fixture
def payout_changes(stores_on_tables: Backend) -> Callable[[], StreamedChanges]:
    return changes_of(PayoutItem.Meta.table_name)


def test_versions_are_streamed_in_the_order_in_which_they_were_stored(
    stores_on_tables: Backend, payout_changes: Callable[[], StreamedChanges]
) -> None:
    first = payout()
    stored = stores_on_tables.payouts.save(replace(first, fact=replace(first.fact, status="pending")))
    stored = stores_on_tables.payouts.save(replace(stored, fact=replace(stored.fact, status="paid")))
    stores_on_tables.payouts.save(replace(stored, fact=replace(stored.fact, status="failed")))
    assert payout_changes() == [
        (ChangeType.PAYOUT_PAID, 2, "pending", "paid"),
        (ChangeType.PAYOUT_FAILED, 3, "paid", "failed"),
    ]


def test_a_refused_write_is_not_streamed(
    stores_on_tables: Backend, customer_changes: Callable[[], StreamedChanges]
) -> None:
    stored = stores_on_tables.customers.save(customer())
    failed = stored.not_synced(SyncStatus.FAILED, "Stripe refused the address.")
    stores_on_tables.customers.save(failed)
    with pytest.raises(StaleWrite):
        stores_on_tables.customers.save(failed)
    assert customer_changes() == [(ChangeType.CUSTOMER_SYNC_FAILED, 2, "pending", "failed")]


def test_a_deletion_is_streamed_with_its_own_version(
    stores_on_tables: Backend, customer_changes: Callable[[], StreamedChanges]
) -> None:
    stored = stores_on_tables.customers.save(customer())
    CustomerItem(ORG, stored.id).delete()
    assert customer_changes() == [(ChangeType.CUSTOMER_DELETED, 2, "pending", None)]


def test_lines_of_payouts_are_not_streamed(
    stores_on_tables: Backend, payout_changes: Callable[[], StreamedChanges]
) -> None:
    PayoutItem(f"{ORG}#po_1", "line#1#txn_1", document="{}").save()
    assert payout_changes() == []
