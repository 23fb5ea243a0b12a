"""Compares the bench's calculation of request units with the units that Amazon's DynamoDB Local reports for each
request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.adapters.tables import database
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.identifiers import OrganizationId
from tests.backends import Aws, table_backend
from tests.bench import stories
from tests.bench.stories import Teller
from tests.bench.stories_stage import Stage, running
from tests.bench.units import READS, Request
from tests.contracts.examples import NOW
from tests.real.contracts.conftest import aws

__all__ = ["aws"]

pytestmark = pytest.mark.real

ConsumedUnits = list[dict[str, Any]]
"""The units that DynamoDB reports for one request, for each table."""


@contextmanager
def consuming() -> Iterator[list[ConsumedUnits]]:
    """Have DynamoDB say what each request consumes."""
    units: list[ConsumedUnits] = []

    def ask(params: Any, **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"

    def note(parsed: Any, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        units.append(consumed if isinstance(consumed, list) else [consumed])

    events = database.connection().client.meta.events
    events.register("before-parameter-build.dynamodb", ask)
    events.register("after-call.dynamodb", note)
    try:
        yield units
    finally:
        events.unregister("before-parameter-build.dynamodb", ask)
        events.unregister("after-call.dynamodb", note)


def of_tables(units: ConsumedUnits) -> float:
    return sum(each["Table"]["CapacityUnits"] for each in units if "Table" in each)


def of_indexes(units: ConsumedUnits) -> float:
    indexes: Iterable[Any] = (each.get("GlobalSecondaryIndexes", {}).values() for each in units)
    return float(sum(index["CapacityUnits"] for by_name in indexes for index in by_name))


@pytest.fixture(scope="module")
def requests_with_units(aws: Aws) -> list[tuple[Request, ConsumedUnits]]:
    """Each request of the stories, as we reckon it and as DynamoDB Local does."""
    calculated: list[Request] = []
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(stories, "BULK", 3)
        patches.setattr(Stage, "requested", lambda self, request: calculated.append(request))
        with running(table_backend()) as stage, consuming() as units:
            Teller(stage).all()
    return list(zip(calculated, units, strict=True))


def test_reads_consume_the_calculated_units(requests_with_units: list[tuple[Request, ConsumedUnits]]) -> None:
    reads = [
        (request, of_tables(units) + of_indexes(units))
        for request, units in requests_with_units
        if request.operation in READS
    ]
    assert len(reads) > 200
    for request, consumed in reads:
        if consumed:  # a query that finds nothing is free there; AWS says that it is not
            assert request.reads == consumed, request


def test_writes_without_a_transaction_consume_the_calculated_units(
    requests_with_units: list[tuple[Request, ConsumedUnits]],
) -> None:
    single = {"PutItem", "UpdateItem", "BatchWriteItem"}
    writes = [(request, units) for request, units in requests_with_units if request.operation in single]
    assert {request.operation for request, _ in writes} == single
    assert len(writes) > 25
    for request, units in writes:
        if units:  # a refusal does not say what it consumed; AWS says that it costs as much as a write
            assert (request.writes, request.index_writes) == (of_tables(units), of_indexes(units)), request
    assert len([units for _, units in writes if units]) > 25


def test_transactions_consume_the_calculated_index_writes(
    requests_with_units: list[tuple[Request, ConsumedUnits]],
) -> None:
    """DynamoDB Local doubles the indexes' writes, twice, and tells of one item a table; AWS does neither.

    Measured there by others: github.com/nubo-db/dynoxide/pull/188, which also has what conditions and deletes cost.
    """
    transactions = [
        (request, units)
        for request, units in requests_with_units
        if request.operation == "TransactWriteItems" and request.items == len(request.tables)
    ]
    assert len(transactions) > 50
    for request, units in transactions:
        assert of_indexes(units) == 4 * request.index_writes, request


def test_a_change_in_the_feed_consumes_one_write_unit_even_with_the_longest_ids(aws: Aws) -> None:
    types = tuple(each for each in ChangeType if each.object_kind is ObjectKind.INVOICE)
    difference = Difference(types, "uncollectible", "uncollectible")
    longest = Change(OrganizationId("o" * 128), ObjectKind.INVOICE, "i" * 255, 10**9, NOW, difference)
    feed = table_backend().changes
    feed.append([longest])
    with consuming() as units:
        feed.append([longest])
    query, put_units = units
    assert (of_tables(query), of_tables(put_units), of_indexes(put_units)) == (1, 1, 0)
