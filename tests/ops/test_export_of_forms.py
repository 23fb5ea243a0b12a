"""`export` of everything that a release ever stored: each kind of item is in exactly one organization's export."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.tables.row_kinds import kind_of
from tests.backends import Aws, aws, empty_tables
from tests.named_town import StoredItem, stored_items
from tests.ops.exporting import Office, keys_of
from tests.ops.rehearsed_town import RehearsedTown
from tests.ops.rehearsing import Rehearsal
from tests.releases import forms
from tests.releases.reader import put

__all__ = ["aws"]

NOBODYS = {
    ("connections", "webhook"): "The latest look at the platform's own webhook endpoints.",
    ("connections", "canary"): "The latest flight of the platform's test events.",
    ("connections", "freeze"): "The freeze of everybody who connects.",
    ("events", "canary"): "A test event of the platform's own.",
}
"""Kinds of items that belong to no organization, and what they are instead."""


@pytest.fixture
def office(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Office:
    return Office(aws.prefix, Rehearsal(RehearsedTown(1, ()), aws.prefix, monkeypatch, capsys), tmp_path)


@pytest.mark.parametrize("name", forms.names())
def test_every_kind_of_item_that_a_release_ever_stored_is_in_exactly_one_export(office: Office, name: str) -> None:
    empty_tables()
    form = forms.load(name)
    # The acts of these exports come after those of the form: both have nonces that are counted.
    office.rehearsal.town.ports.clock.set(form["at"] + 1)
    for entry in form["items"]:
        put(office.prefix, entry)
    items = list(stored_items(office.prefix))
    for each in items:
        store_account_binding(office.prefix, each)
    items = list(stored_items(office.prefix))
    organizations = {each.partition for each in items if each.table == "connections"} - {"platform"}
    attempts = [each for item in items if item.table == "oauth-states" for each in item.documents]
    organizations |= {each["organization_id"] for each in attempts}

    lines = [line for organization in sorted(organizations) for line in office.exports(organization)]

    lines_by_key = {keys_of(each): each for each in lines}
    assert len(lines_by_key) == len(lines), "an item is in two exports"
    nobodys = {
        (item.table, kind_of(item.table, item.raw)) for item in items if (item.table, item.keys) not in lines_by_key
    }
    assert nobodys <= set(NOBODYS)
    for item in items:
        line = lines_by_key.get((item.table, item.keys))
        if line is not None:
            assert_whole(item, line)


def store_account_binding(prefix: str, item: StoredItem) -> None:
    """Stores the claim that binds a connection's account to its organization.

    A form has only one claim of each kind, but in a stage each connected account has its own.
    """
    if item.table == "connections" and item.keys[1] == "connection":
        for document in item.documents:
            if document["account_id"] is not None:
                owner, holder = f"account#{document['account_id']}", item.partition
                claim = {"owner": {"S": owner}, "claim": {"S": "binding"}, "holder": {"S": holder}}
                put(prefix, {"table": "claims", "item": claim})


def assert_whole(item: StoredItem, line: Mapping[str, Any]) -> None:
    """Requires that the line contains everything of the item."""
    values = {**line["keys"], **line["attributes"]}
    for name, value in item.raw.items():
        if name not in ("document", "packed") and not name.startswith("txn_"):
            assert str(values.pop(name)) == next(iter(value.values())), (item.keys, name)
    assert values == {}
    documents = [line["document"]] if "document" in line else []
    documents += line.get("settlements", {}).values()
    assert sorted(map(json.dumps, documents)) == sorted(map(json.dumps, item.documents))
