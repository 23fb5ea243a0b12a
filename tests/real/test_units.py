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

Consumed = list[dict[str, Any]]
"""What DynamoDB says of one request, for each table that it went to."""


@contextmanager
def consuming() -> Iterator[list[Consumed]]:
    """Have DynamoDB say what each request consumes."""
    said: list[Consumed] = []

    def ask(params: Any, **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"

    def note(parsed: Any, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        said.append(consumed if isinstance(consumed, list) else [consumed])

    events = database.connection().client.meta.events
    events.register("before-parameter-build.dynamodb", ask)
    events.register("after-call.dynamodb", note)
    try:
        yield said
    finally:
        events.unregister("before-parameter-build.dynamodb", ask)
        events.unregister("after-call.dynamodb", note)


def of_tables(consumed: Consumed) -> float:
    return sum(each["Table"]["CapacityUnits"] for each in consumed if "Table" in each)


def of_indexes(consumed: Consumed) -> float:
    indexes: Iterable[Any] = (each.get("GlobalSecondaryIndexes", {}).values() for each in consumed)
    return float(sum(index["CapacityUnits"] for by_name in indexes for index in by_name))


@pytest.fixture(scope="module")
def both(aws: Aws) -> list[tuple[Request, Consumed]]:
    """Each request of the stories, as we reckon it and as DynamoDB Local does."""
    reckoned: list[Request] = []
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(stories, "BULK", 3)
        patches.setattr(Stage, "requested", lambda self, request: reckoned.append(request))
        with running(table_backend()) as stage, consuming() as said:
            Teller(stage).all()
    return list(zip(reckoned, said, strict=True))


def test_reads_consume_the_calculated_units(both: list[tuple[Request, Consumed]]) -> None:
    reads = [(request, of_tables(said) + of_indexes(said)) for request, said in both if request.operation in READS]
    assert len(reads) > 200
    for request, consumed in reads:
        if consumed:  # a query that finds nothing is free there; AWS says that it is not
            assert request.reads == consumed, request


def test_writes_without_a_transaction_consume_the_calculated_units(both: list[tuple[Request, Consumed]]) -> None:
    single = {"PutItem", "UpdateItem", "BatchWriteItem"}
    writes = [(request, said) for request, said in both if request.operation in single]
    assert {request.operation for request, _ in writes} == single
    assert len(writes) > 25
    for request, said in writes:
        if said:  # a refusal does not say what it consumed; AWS says that it costs as much as a write
            assert (request.writes, request.index_writes) == (of_tables(said), of_indexes(said)), request
    assert len([said for _, said in writes if said]) > 25


def test_transactions_consume_the_calculated_index_writes(both: list[tuple[Request, Consumed]]) -> None:
    """DynamoDB Local doubles the indexes' writes, twice, and tells of one item a table; AWS does neither.

    Measured there by others: github.com/nubo-db/dynoxide/pull/188, which also has what conditions and deletes cost.
    """
    transactions = [
        (request, said)
        for request, said in both
        if request.operation == "TransactWriteItems" and request.items == len(request.tables)
    ]
    assert len(transactions) > 50
    for request, said in transactions:
        assert of_indexes(said) == 4 * request.index_writes, request


def test_a_change_in_the_feed_consumes_one_write_unit_even_with_the_longest_ids(aws: Aws) -> None:
    types = tuple(each for each in ChangeType if each.object_kind is ObjectKind.INVOICE)
    difference = Difference(types, "uncollectible", "uncollectible")
    longest = Change(OrganizationId("o" * 128), ObjectKind.INVOICE, "i" * 255, 10**9, NOW, difference)
    feed = table_backend().changes
    feed.append([longest])
    with consuming() as said:
        feed.append([longest])
    query, put = said
    assert (of_tables(query), of_tables(put), of_indexes(put)) == (1, 1, 0)
