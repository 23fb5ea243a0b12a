"""Every stored item of an organization, table by table, as it is stored and with its documents decoded.

It takes items as DynamoDB has them, so it shows attributes that today's code does not know, too. Each item
is as it is when it is read. People may go on working meanwhile.
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
"""An item as DynamoDB's API has it."""

KEYS = {
    name: [
        each["AttributeName"]
        for each in sorted(model._get_schema()["key_schema"], key=lambda key: key["KeyType"])  # HASH before RANGE
    ]
    for model, name in NAMES.items()
}
"""The names of each table's keys: the partition's, and what orders it."""

DOCUMENTS = frozenset({"document", "packed"})


class HeldItems:
    """The items of one organization in a stage."""

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
        """The tables whose partitions are not organizations."""

    def of(self, table: str) -> Iterator[Item]:
        """Yields the items in a table. They are read a megabyte at a time, when they are asked for."""
        if table in self._elsewhere:
            return self._elsewhere[table]()
        return self._partition(table, self._organization_id)

    def _claims(self) -> Iterator[Item]:
        yield from self._partition("claims", self._organization_id)
        yield from self._bindings()

    def _bindings(self) -> Iterator[Item]:
        """Yields the claims on the Stripe accounts that the organization has, or had before.

        No index leads to them, so the whole table is read.
        """
        yield from self._read(
            "scan",
            "claims",
            FilterExpression="holder = :organization AND claim = :binding",
            ExpressionAttributeValues={":organization": {"S": self._organization_id}, ":binding": {"S": "binding"}},
        )

    def _by_account(self, table: str) -> Iterator[Item]:
        """Yields the items about the organization's accounts. An account belongs to one organization for good."""
        for binding in self._bindings():
            yield from self._partition(table, binding["owner"]["S"].removeprefix("account#"))

    def _payouts(self) -> Iterator[Item]:
        """Yields each payout with its lines. A payout is stored before its lines, so there are none without it."""
        for payout in self._query("payouts", "organization_id", self._organization_id, IndexName="by_arrival"):
            yield from self._partition("payouts", payout["payout_key"]["S"])

    def _attempts_to_connect(self) -> Iterator[Item]:
        """Yields attempts to connect. Their document alone names the organization. There are few, for some days."""
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


def shown(table: str, item: Item) -> dict[str, Any]:
    """Returns an item as an export has it: its keys, its other attributes, and its documents decoded."""
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
    """Returns what a document holds. A parked event's holds the text that Stripe sent, which is JSON itself."""
    document = json.loads(inflate(bytes(value["B"])) if "B" in value else value["S"])
    if isinstance(document, str):
        with suppress(ValueError):
            return json.loads(document)
    return document


def _plain(value: Mapping[str, Any]) -> str | int:
    """Returns an attribute: POM stores texts and whole numbers beside its documents, and nothing else."""
    [(kind, held)] = value.items()
    if kind not in ("S", "N"):
        raise ValueError(f"an attribute of DynamoDB's type {kind} is none of POM's")
    return int(held) if kind == "N" else str(held)
