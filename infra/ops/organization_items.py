"""Reads every stored item of an organization, table by table, with its documents decoded.

The items are read in the form of DynamoDB, so attributes that today's code does not know are included. Each item is
in its state at the time of the read, because people may continue to work during an export.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import boto3

from chalicelib.adapters.tables.codec import inflate, text_of
from chalicelib.adapters.tables.database import NAMES
from chalicelib.adapters.tables.payments import SETTLEMENT
from chalicelib.adapters.tables.row_kinds import kind_of
from infra.ops.stage import Stage

Item = Mapping[str, Any]
"""An item in the form of DynamoDB's API."""

KEYS = {
    name: [
        each["AttributeName"]
        for each in sorted(model._get_schema()["key_schema"], key=lambda key: key["KeyType"])  # HASH before RANGE
    ]
    for model, name in NAMES.items()
}
"""The names of each table's partition key and sort key."""

DOCUMENTS = frozenset({"document", "packed"})


class OrganizationItems:
    """The stored items of one organization."""

    def __init__(self, stage: Stage, organization_id: str) -> None:
        self._client: Any = boto3.client("dynamodb")
        self._prefix = stage.config.table_prefix
        self._organization_id = organization_id
        self._elsewhere: Mapping[str, Callable[[], Iterator[Item]]] = {
            "claims": self._claims,
            "events": lambda: self._by_account("events"),
            "payment-refs": lambda: self._by_account("payment-refs"),
            "payouts": self._payouts,
            "oauth-states": self._attempts_to_connect,
        }
        """How to read the tables whose partition key is not the organization."""

    def of(self, table: str) -> Iterator[Item]:
        """Yields the items in a table. DynamoDB is read in pages of a megabyte, as they are needed."""
        if table in self._elsewhere:
            return self._elsewhere[table]()
        return self._partition(table, self._organization_id)

    def _claims(self) -> Iterator[Item]:
        yield from self._partition("claims", self._organization_id)
        yield from self._bindings()

    def _bindings(self) -> Iterator[Item]:
        """Yields the claims on the Stripe accounts that the organization has or had.

        No index leads to these claims, so the whole table is scanned.
        """
        yield from self._read(
            "scan",
            "claims",
            FilterExpression="holder = :organization AND claim = :binding",
            ExpressionAttributeValues={":organization": {"S": self._organization_id}, ":binding": {"S": "binding"}},
        )

    def _by_account(self, table: str) -> Iterator[Item]:
        """Yields the items about the organization's accounts. An account never moves to another organization."""
        for binding in self._bindings():
            yield from self._partition(table, binding["owner"]["S"].removeprefix("account#"))

    def _payouts(self) -> Iterator[Item]:
        """Yields each payout with its lines. A payout is stored before its lines, so no line lacks its payout."""
        for payout in self._query("payouts", "organization_id", self._organization_id, IndexName="by_arrival"):
            yield from self._partition("payouts", payout["payout_key"]["S"])

    def _attempts_to_connect(self) -> Iterator[Item]:
        """Yields attempts to connect. Only their documents name the organization, and there are few for a few
        days.
        """
        for item in self._read("scan", "oauth-states", ConsistentRead=True):
            if json.loads(text_of(item))["organization_id"] == self._organization_id:
                yield item

    def _partition(self, table: str, partition: str) -> Iterator[Item]:
        return self._query(table, KEYS[table][0], partition, ConsistentRead=True)

    def _query(self, table: str, name: str, partition: str, **how: Any) -> Iterator[Item]:
        return self._read(
            "query",
            table,
            KeyConditionExpression="#partition = :partition",
            ExpressionAttributeNames={"#partition": name},
            ExpressionAttributeValues={":partition": {"S": partition}},
            **how,
        )

    def _read(self, operation: str, table: str, **how: Any) -> Iterator[Item]:
        for page in self._client.get_paginator(operation).paginate(TableName=self._prefix + table, **how):
            yield from page["Items"]


def export_line(table: str, item: Item) -> dict[str, Any]:
    """Returns an item in the form of the export: its keys, its other attributes, and its documents decoded."""
    names = [each for each in item if each not in KEYS[table] and each not in DOCUMENTS]
    settlements = {each: _document(item[each]) for each in names if each.startswith(SETTLEMENT)}
    document = next((_document(item[each]) for each in DOCUMENTS if each in item), None)
    return {
        "table": table,
        "row": kind_of(table, item),
        "keys": {each: _plain(item[each]) for each in KEYS[table]},
        "attributes": {each: _plain(item[each]) for each in names if each not in settlements},
        **({"document": document} if document is not None else {}),
        **({"settlements": settlements} if settlements else {}),
    }


def _document(value: Mapping[str, Any]) -> Any:
    """Returns the contents of a document. A parked event's document is the JSON text that Stripe sent."""
    document = json.loads(inflate(bytes(value["B"])) if "B" in value else value["S"])
    if isinstance(document, str):
        with suppress(ValueError):
            return json.loads(document)
    return document


def _plain(value: Mapping[str, Any]) -> str | int:
    """Returns the value of an attribute. Besides documents, POM stores only texts and whole numbers."""
    [(kind, content)] = value.items()
    if kind not in ("S", "N"):
        raise ValueError(f"POM stores no attributes of DynamoDB's type {kind}")
    return int(content) if kind == "N" else str(content)
