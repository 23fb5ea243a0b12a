"""The retention time of each kind of row: every row that a company's year leaves in the tables expires as stated."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from chalicelib.adapters.tables import TABLES, TableChanges
from chalicelib.adapters.tables.database import NAMES
from chalicelib.adapters.tables.models import OAuthStateItem
from chalicelib.adapters.tables.row_kinds import kind_of, of_import
from chalicelib.domain.connection import Authorization
from chalicelib.domain.identifiers import UserId
from chalicelib.domain.retention import RETENTION, of_row
from chalicelib.domain.retention_types import Expires, NoExpiry, Place, Store
from tests.backends import Backend, aws, aws_with_resources, stores_on_tables, table_backend
from tests.bench.stories_stage import running
from tests.contracts.examples import ACCOUNT, NOW, ORG
from tests.releases.stored_types import KINDS
from tests.releases.story import Story

__all__ = ["aws", "stores_on_tables"]

NOT_IN_THE_STORY = {("oauth-states", "unused")}
"""Kinds of rows that the recorded story does not create. A test below writes one."""


@pytest.fixture(scope="module")
def rows() -> Any:
    """Returns all rows of all tables after a recorded story of a company, by kind."""
    with aws_with_resources(), running(table_backend()) as stage:
        stage.ports.changes = TableChanges(stage.ports.clock)  # type: ignore[assignment]
        Story(stage).tell()
        yield _rows()


def _rows() -> dict[tuple[str, str], list[dict[str, Any]]]:
    client = boto3.client("dynamodb")
    rows_by_kind: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for model in TABLES:
        table = NAMES[model]
        pages = client.get_paginator("scan").paginate(TableName=model.Meta.table_name)
        items = [item for page in pages for item in page["Items"]]
        imports = {_batch(item) for item in items if kind_of(table, item) == of_import("batch")}
        for item in items:
            kind = kind_of(table, item)
            if table == "batches" and kind in ("item", "part") and _batch(item) in imports:
                kind = of_import(kind)
            rows_by_kind.setdefault((table, kind), []).append(item)
    return rows_by_kind


def _batch(item: dict[str, Any]) -> str:
    return str(item["place"]["S"].split("#")[1])


def test_each_stored_kind_of_row_has_a_retention_time_and_a_reason(rows: Any) -> None:
    classified = {place[1:] for place in RETENTION if place.store is Store.TABLE}
    assert rows.keys() - classified == set()
    assert classified - rows.keys() == NOT_IN_THE_STORY
    assert {each for each in KINDS if each[1]} - classified == set()


def test_a_row_expires_if_and_only_if_its_kind_has_an_end(rows: Any) -> None:
    wrong = [
        (place, item.keys())
        for place, items in rows.items()
        for item in items
        if isinstance(of_row(*place), Expires) != ("expires_at" in item)
    ]
    assert wrong == []


def test_only_a_parked_event_that_is_still_retried_keeps_stripes_body(rows: Any) -> None:
    holding = {place for place, items in rows.items() for item in items if {"document", "packed"} & item.keys()}
    assert {kind for table, kind in holding if table == "events"} == {"parked", "canary"}


def test_an_unused_authorization_is_retained_for_a_month(stores_on_tables: Backend) -> None:
    authorization = Authorization("hash", ORG, UserId("user_1"), NOW, NOW + 600, account_id=ACCOUNT)
    stores_on_tables.connections.put_authorization(authorization)
    [item] = (each.to_dynamodb_dict() for each in OAuthStateItem.scan())
    retention = of_row("oauth-states", kind_of("oauth-states", item))
    assert isinstance(retention, Expires)
    assert (retention.days, int(item["expires_at"]["N"])) == (30, authorization.expires_at + retention.seconds)


def test_exactly_the_tables_with_expiring_rows_have_an_expiry() -> None:
    ending = {
        place.name
        for place, retention in RETENTION.items()
        if place.store is Store.TABLE and isinstance(retention, Expires)
    }
    assert {name for model, name in NAMES.items() if model._ttl_attribute() is not None} == ending


def test_each_entry_has_a_reason_and_each_without_an_end_says_what_ends_it() -> None:
    for place, retention in RETENTION.items():
        assert retention.why.endswith("."), place
        assert retention.until if isinstance(retention, NoExpiry) else retention.since, place
        assert retention.source == "" or retention.source.startswith("https://"), place


def test_retention_times_of_personal_data_are_the_documented_ones() -> None:
    """Documents promise these times, in days, so a change of the table is a change of a promise."""
    days = {
        ("events", ""): 35, ("events", "parked"): 42, ("events", "set_aside"): 35,
        ("batches", "batch"): 400, ("batches", "item"): 414, ("batches", "item of an import"): 44,
        ("connections", "trial"): 30, ("connections", "unknown_invoices"): 30, ("changes", ""): 32,
    }  # fmt: skip
    assert {row: RETENTION[Place(Store.TABLE, *row)].days for row in days} == days  # type: ignore[union-attr]
