"""A change costs one write unit: its row stays below 1 KB with the longest ids, and one put without an index stores
it.
"""

from __future__ import annotations

from chalicelib.adapters.tables.change_rows import LAST, Row, row_of, values_of
from chalicelib.adapters.tables.models import ChangeItem
from chalicelib.adapters.tables.writes import attributes
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.identifiers import OrganizationId
from tests.backends import Backend, aws, requests_to_dynamodb, stores_on_tables
from tests.bench.units import size_of
from tests.contracts.examples import NOW, ORG

__all__ = ["aws", "stores_on_tables"]

INVOICE_TYPES = tuple(each for each in ChangeType if each.object_kind is ObjectKind.INVOICE)


def test_the_row_with_the_longest_ids_and_every_type_is_below_1_kb_and_is_read_unchanged() -> None:
    difference = Difference(INVOICE_TYPES, "uncollectible", "uncollectible")
    change = Change(OrganizationId("o" * 128), ObjectKind.INVOICE, "i" * 255, 10**12, NOW, difference)
    row = Row(LAST, change, NOW)
    item = attributes(values_of(row))
    assert size_of(item) < 1024
    assert row_of(item) == row


def test_each_change_of_a_batch_is_one_put_and_the_newest_row_is_read_once(stores_on_tables: Backend) -> None:
    changes = [
        Change(ORG, ObjectKind.INVOICE, f"inv_{each}", 1, NOW, Difference((ChangeType.INVOICE_PAID,), None, "paid"))
        for each in range(4)
    ]
    stores_on_tables.changes.append(changes[:1])
    with requests_to_dynamodb() as requests:
        stores_on_tables.changes.append(changes[1:])
    assert requests == ["Query", "PutItem", "PutItem", "PutItem"]
    assert ChangeItem._get_schema()["global_secondary_indexes"] == []
