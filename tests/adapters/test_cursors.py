"""Cursors that a client edited. Their prefixes are valid, so that each still belongs to its list."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from pynamodb.exceptions import QueryError

from chalicelib.adapters.tables.models import BatchItem as Row
from chalicelib.domain.batch import BatchKind
from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.errors import Refused
from chalicelib.domain.identifiers import BatchId
from chalicelib.domain.status import InvoiceStatus, StatusGroup
from chalicelib.domain.summary import invoice_write
from chalicelib.ports.storage import InvoiceFilter, Page
from tests.backends import Backend
from tests.contracts.examples import NOW, ORG, customer, in_status, invoice
from tests.contracts.test_batch_store import batch, running_batch

Read = Callable[[Backend, str | None], Page[Any]]

BY_ADDRESS = CustomerFilter(email="ann@example.test")
BY_STATUS = CustomerFilter(sync_status=SyncStatus.PENDING)

LISTS: dict[str, Read] = {
    "items of a batch": lambda stores, after: stores.batches.items(batch(), 1, after),
    "batches": lambda stores, after: stores.batches.page(ORG, BatchKind.INVOICES, 1, after),
    "customers": lambda stores, after: stores.customers.page(ORG, CustomerFilter(), 1, after),
    "customers by name": lambda stores, after: stores.customers.page(ORG, CustomerFilter(name="a"), 1, after),
    "customers by address": lambda stores, after: stores.customers.page(ORG, BY_ADDRESS, 1, after),
    "customers by status": lambda stores, after: stores.customers.page(ORG, BY_STATUS, 1, after),
    "invoices": lambda stores, after: stores.invoices.page(ORG, InvoiceFilter(), 1, after),
    "invoices by due date": lambda stores, after: stores.invoices.page(ORG, InvoiceFilter(due_before=NOW), 1, after),
    "unpaid invoices": lambda stores, after: stores.invoices.page(
        ORG, InvoiceFilter(group=StatusGroup.UNPAID), 1, after
    ),
}
POSITIONS_OF_NO_ITEM = (
    "!", "#", "\x00", "item#", "item#bat_b#", "item#bat_b#000000", "item#bat_a#", "item#bat_a#1",
    "item#bat_a#0000001", "item#bat_a#~", "item#bat_a#" + "\u0661" * 6, "batch#bat_a", "part#bat_a#0", "invoices#",
    "invoices#1#bat_a", "s#000000000000#a", "u#", "customers#001700000000#bat_a", "x" * 1024, "\U0010ffff",
)  # fmt: skip
"""Positions that no item in any of these lists has."""


@pytest.fixture
def stores(stores_on_tables: Backend) -> Backend:
    running_batch(stores_on_tables)
    running_batch(stores_on_tables, id=BatchId("bat_b"))
    stores_on_tables.customers.save(customer(profile=Profile(first_name="Ann", email="ann@example.test")))
    overdue = in_status(invoice(), InvoiceStatus.PENDING, due_at=NOW - 1)
    stores_on_tables.invoices.insert(invoice_write(overdue), {})
    return stores_on_tables


def edited_cursor(cursor: str | None, position: str) -> str:
    """Returns the cursor with another position in the same list."""
    assert cursor is not None, "there is something in this list"
    tag = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:8]
    return urlsafe_b64encode(tag + position.encode()).decode().rstrip("=")


@pytest.mark.parametrize("name", [name for name in LISTS if name != "customers"])
def test_an_edited_cursor_that_is_not_a_position_of_its_list_is_refused(stores: Backend, name: str) -> None:
    cursor = LISTS[name](stores, None).end_cursor
    for position in POSITIONS_OF_NO_ITEM:
        with pytest.raises(Refused, match="cursor_invalid"):
            LISTS[name](stores, edited_cursor(cursor, position))


def test_any_text_is_a_position_in_the_partition_of_customers(stores: Backend) -> None:
    cursor = LISTS["customers"](stores, None).end_cursor
    for position in POSITIONS_OF_NO_ITEM:
        LISTS["customers"](stores, edited_cursor(cursor, position))
    for position in ("", "x" * 1025):
        with pytest.raises(Refused, match="cursor_invalid"):
            LISTS["customers"](stores, edited_cursor(cursor, position))


@pytest.mark.parametrize(("name", "position"), [
    ("items of a batch", "item#bat_a#999999"),
    ("batches", "invoices#000000000000#bat_a"),
    ("customers", "zzzz"),
    ("customers by name", "azure\tcust_1"),
    ("customers by address", "ann@example.test#zzzz"),
    ("customers by status", "pending#zzzz"),
    ("invoices", "000000000000#inv_a"),
    ("invoices by due date", "999999999999#inv_a"),
    ("unpaid invoices", "u#000000000000#a"),
])  # fmt: skip
def test_a_cursor_beyond_the_end_of_its_list_returns_an_empty_page(stores: Backend, name: str, position: str) -> None:
    cursor = LISTS[name](stores, None).end_cursor
    assert LISTS[name](stores, edited_cursor(cursor, position)) == Page((), None, False)


def test_the_local_tables_refuse_bounds_that_dynamodb_refuses(stores: Backend) -> None:
    for low, high in (("b", "a"), ("", "a"), ("a", "a" * 1025)):
        with pytest.raises(QueryError, match="ValidationException"):
            list(Row.query(ORG, Row.place.between(low, high)))
