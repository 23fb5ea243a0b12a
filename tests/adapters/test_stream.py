"""Records of the tables' streams are read as Lambda passes them on: JSON, with bytes in base64."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.tables.stream import change_reader, table_of
from chalicelib.domain.changes import ChangeType, ObjectKind
from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import invoice_write
from chalicelib.domain.trial import Trial, TrialReport, TrialStep
from chalicelib.ports.changes import StoredChange
from infra.local.streams import ShardReader
from tests.backends import Aws, Backend
from tests.contracts.examples import ACCOUNT, NOW, ORG, customer, in_status, invoice, payout, payout_line

Written = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def records_written(aws: Aws, stores_on_tables: Backend) -> Written:
    """Returns a function that reads the records that a test has written to a table, in their order."""
    before = {table: len(_records(aws, table)) for table in ("invoices", "customers", "connections", "payouts")}
    return lambda table: _records(aws, table)[before[table] :]


def _records(aws: Aws, table: str) -> list[dict[str, Any]]:
    as_json = json.dumps(ShardReader(aws.prefix + table).peek(1000))
    return list(json.loads(as_json))


def read_record(aws: Aws, record: dict[str, Any]) -> StoredChange | None:
    return change_reader(aws.prefix)(record)


def change_in(aws: Aws, record: dict[str, Any]) -> StoredChange:
    change = read_record(aws, record)
    assert change is not None
    return change


def test_changes_of_an_invoice_are_read_from_the_packed_documents_of_both_versions(
    aws: Aws, stores_on_tables: Backend, records_written: Written
) -> None:
    store = stores_on_tables.invoices
    draft = store.insert(invoice_write(invoice()), {})
    pending = store.save(invoice_write(in_status(draft, InvoiceStatus.PENDING)))
    paid_invoice = store.save(invoice_write(in_status(pending, InvoiceStatus.PAID)))
    insert_record, created_record, paid_record = records_written("invoices")

    assert isinstance(paid_record["dynamodb"]["NewImage"]["packed"]["B"], str)
    assert read_record(aws, insert_record) is None
    assert ChangeType.INVOICE_CREATED in change_in(aws, created_record).change.difference.types
    change = change_in(aws, paid_record).change
    assert (change.organization_id, change.object_kind, change.object_id) == (
        ORG,
        ObjectKind.INVOICE,
        paid_invoice.id,
    )
    assert change.difference.types == (ChangeType.INVOICE_PAID,)
    assert (change.difference.previous_status, change.difference.status) == ("pending", "paid")
    assert change.version == paid_invoice.version
    assert change_in(aws, paid_record).shown == paid_invoice


def test_a_deleted_invoice_is_a_change_with_the_version_after_its_last(
    aws: Aws, stores_on_tables: Backend, records_written: Written
) -> None:
    stored_invoice = stores_on_tables.invoices.insert(invoice_write(in_status(invoice(), InvoiceStatus.DRAFT)), {})
    stores_on_tables.invoices.remove(invoice_write(stored_invoice), [])
    change = change_in(aws, records_written("invoices")[-1]).change
    assert change.deleted
    assert (change.difference.previous_status, change.difference.status) == ("draft", None)
    assert change.version == stored_invoice.version + 1


def test_a_version_without_a_published_difference_is_no_change(
    aws: Aws, stores_on_tables: Backend, records_written: Written
) -> None:
    stored_invoice = stores_on_tables.invoices.insert(invoice_write(in_status(invoice(), InvoiceStatus.PENDING)), {})
    stores_on_tables.invoices.save(invoice_write(replace(stored_invoice, updated_at=NOW + 9)))
    assert [read_record(aws, each) is None for each in records_written("invoices")] == [False, True]


def test_a_record_delivered_again_has_the_same_ids(
    aws: Aws, stores_on_tables: Backend, records_written: Written
) -> None:
    stores_on_tables.invoices.insert(invoice_write(in_status(invoice(), InvoiceStatus.PENDING)), {})
    [record] = records_written("invoices")
    first, again = change_in(aws, record).change, change_in(aws, record).change
    ids = [first.id_of(each) for each in first.difference.types]
    assert ids == [again.id_of(each) for each in again.difference.types]
    assert len(set(ids)) == len(ids)


def test_a_failed_customer_sync_is_a_change(aws: Aws, stores_on_tables: Backend, records_written: Written) -> None:
    pending = stores_on_tables.customers.save(customer())
    failed_customer = stores_on_tables.customers.save(replace(pending, sync_status=SyncStatus.FAILED))
    pending_record, failed_record = records_written("customers")
    assert read_record(aws, pending_record) is None
    assert change_in(aws, failed_record).change.difference.types == (ChangeType.CUSTOMER_SYNC_FAILED,)
    assert change_in(aws, failed_record).shown == failed_customer


def test_a_connection_is_a_change_and_other_items_of_its_table_are_not(
    aws: Aws, stores_on_tables: Backend, records_written: Written
) -> None:
    stores_on_tables.connections.bind(replace(Connection(ORG), account_id=ACCOUNT, connected_at=NOW))
    [bound] = records_written("connections")
    change = change_in(aws, bound).change
    assert (change.object_kind, change.object_id) == (ObjectKind.CONNECTION, ORG)
    assert change.difference.types == (ChangeType.CONNECTION_CHANGED,)
    stores_on_tables.settings.save(InvoicingSettings(ORG))
    test = Trial(ACCOUNT, "run", NOW)
    stores_on_tables.connections.begin_trial(ORG, test)
    stores_on_tables.connections.save_trial(ORG, test.reported(TrialReport(TrialStep.ACCOUNT, True, "Well."), NOW))
    _, *other_items = records_written("connections")
    assert [read_record(aws, each) for each in other_items] == [None, None, None]


def test_a_payout_is_a_change_and_its_lines_are_not(
    aws: Aws, stores_on_tables: Backend, records_written: Written
) -> None:
    on_its_way = stores_on_tables.payouts.save(payout())
    stores_on_tables.payouts.put_lines(ORG, on_its_way.id, [payout_line()])
    stores_on_tables.payouts.save(replace(on_its_way, fact=replace(on_its_way.fact, status="paid")))
    changes = [read_record(aws, each) for each in records_written("payouts")]
    assert [each is None for each in changes] == [True, True, False]
    assert changes[2] is not None
    assert changes[2].change.difference.types == (ChangeType.PAYOUT_PAID,)


def test_the_time_of_a_change_is_when_its_version_was_stored_in_whole_seconds(
    aws: Aws, stores_on_tables: Backend, records_written: Written
) -> None:
    stores_on_tables.invoices.insert(invoice_write(in_status(invoice(), InvoiceStatus.PENDING)), {})
    [record] = records_written("invoices")
    record["dynamodb"]["ApproximateCreationDateTime"] = 1_800_000_123.75
    assert change_in(aws, record).change.at == 1_800_000_123


@pytest.mark.parametrize("damage", ["not base64!", "AAAA"])
def test_a_damaged_document_raises_an_error_and_is_never_skipped(
    damage: str, aws: Aws, stores_on_tables: Backend, records_written: Written
) -> None:
    stores_on_tables.invoices.insert(invoice_write(in_status(invoice(), InvoiceStatus.PENDING)), {})
    [record] = records_written("invoices")
    record["dynamodb"]["NewImage"]["packed"]["B"] = damage
    with pytest.raises(Exception):  # noqa: B017, PT011 any exception queues the record
        read_record(aws, record)


def test_a_record_of_an_unknown_table_is_an_error(aws: Aws) -> None:
    record = {"eventSourceARN": "arn:aws:dynamodb:us-east-1:1:table/other/stream/2026", "dynamodb": {}}
    assert table_of(str(record["eventSourceARN"])) == "other"
    with pytest.raises(KeyError):
        read_record(aws, record)
