"""A simulation of two companies whose customers have unique names, and a reader of every stored item as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3

from chalicelib.adapters.tables.codec import inflate
from chalicelib.adapters.tables.database import NAMES
from chalicelib.domain.customer_fields import Address, Profile
from chalicelib.domain.customer_save import Save
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.usecases.customers.customers import put_customer
from tests.ops.rehearsed_town import CUSTOMERS, RehearsedTown


class NamedTown(RehearsedTown):
    """A town in which each customer's texts name the organization and the customer, so that a leak names its
    owner.
    """

    def saves_customers(self, organization: OrganizationId) -> None:
        for number in range(CUSTOMERS):
            put_customer(organization, CustomerId(f"cust_{number}"), Save(profile(organization, number)), self.ports)
        self.work()

    def do_save_customer(self, organization: OrganizationId) -> None:
        number = self.rng.randrange(CUSTOMERS)
        save = Save(profile(organization, number, again=str(self._number())))
        self._asks(lambda: put_customer(organization, CustomerId(f"cust_{number}"), save, self.ports))


def name_of(organization: OrganizationId, number: int) -> str:
    """Returns the word that every text of this customer contains."""
    return f"zq{organization.removeprefix('org_')}{number}x"


def profile(organization: OrganizationId, number: int, again: str = "") -> Profile:
    word = name_of(organization, number)
    address = Address(street=f"1 {word} St", city=f"{word}town", zip_code="85004", country="US")
    return Profile(f"{word}first{again}", f"{word}last", f"{word} LLC", f"{word}@pool.test", "+16025550143", address)


@dataclass(frozen=True)
class StoredItem:
    """A raw item of a table."""

    table: str
    keys: tuple[str, ...]
    raw: dict[str, Any]

    @property
    def partition(self) -> str:
        return self.keys[0]

    @cached_property
    def texts(self) -> list[str]:
        """Returns the attributes of the item as texts, with compressed documents inflated."""
        return [_text(value) for value in self.raw.values()]

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    @property
    def documents(self) -> Iterator[Any]:
        """Yields the item's JSON documents, decoded."""
        for name, value in self.raw.items():
            if name in ("document", "packed") or name.startswith("txn_"):
                document = json.loads(_text(value))
                yield json.loads(document) if isinstance(document, str) else document


def stored_items(prefix: str) -> Iterator[StoredItem]:
    """Yields every item of every table of a stage, read without the code under test."""
    client: Any = boto3.client("dynamodb")
    for name in NAMES.values():
        table = prefix + name
        schema = client.describe_table(TableName=table)["Table"]["KeySchema"]
        for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            for item in page["Items"]:
                keys = tuple(str(next(iter(item[each["AttributeName"]].values()))) for each in schema)
                yield StoredItem(name, keys, item)


def _text(value: dict[str, Any]) -> str:
    [(kind, content)] = value.items()
    if kind == "B":
        return inflate(bytes(content)).decode()
    return content if isinstance(content, str) else json.dumps(content)
