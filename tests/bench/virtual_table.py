"""A DynamoDB double that pretends to hold any number of invoices of one organization, without storing them.

It responds by DynamoDB's documented rules: a key names one item, a query returns its limit or a megabyte, whichever
comes first, and says whether there is more. It stores everything that is written. Lists return `rows` equal invoices,
and the tallies that so many invoices create in three years. Conditions always hold, because nobody else writes. So
the requests and responses of our stores can be counted for a million invoices as for a hundred.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from botocore import xform_name
from botocore.awsrequest import AWSResponse

from chalicelib.adapters.tables.database import NAMES
from tests.backends import dynamodb_answering
from tests.bench.units import size_of

MEGABYTE = 1024 * 1024
PLACES = ("due", "collected", "total")
JSON = dict[str, Any]


class _Body(BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        while chunk := self.read():
            yield chunk


class VirtualTables:
    """Tables with `rows` invoices for every organization. `counted` has the requests and responses since it was last
    cleared.
    """

    def __init__(self, rows: int = 0) -> None:
        self.rows = rows
        self.counted: Counter[str] = Counter()
        self._items: dict[tuple[str, ...], JSON] = {}
        self._invoice: JSON = {}
        self._keys = {name: _keys_of(model) for model, name in NAMES.items()}

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Connects the stores to these tables in this block."""
        with dynamodb_answering(self._answer):
            yield

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).partition(".")[2]
        answered = getattr(self, f"_{xform_name(operation)}")(json.loads(request.body))
        body = json.dumps(answered).encode()
        self.counted["requests"] += 1
        self.counted["bytes sent"] += len(request.body)
        return AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.0"}, _Body(body))

    def _told(self, items: list[JSON]) -> list[JSON]:
        self.counted["items read"] += len(items)
        self.counted["bytes read"] += sum(map(size_of, items))
        return items

    def _name(self, table: str) -> str:
        return next(name for name in self._keys if table.endswith(name))

    def _place(self, table: str, item: JSON) -> tuple[str, ...]:
        name = self._name(table)
        return (name, *(str(item[key]) for key in self._keys[name]))

    def _get_item(self, asked: JSON) -> JSON:
        found = self._items.get(self._place(asked["TableName"], asked["Key"]))
        return {"Item": self._told([found])[0]} if found else {}

    def _batch_get_item(self, asked: JSON) -> JSON:
        [(table, wanted)] = asked["RequestItems"].items()
        found = [self._items.get(self._place(table, key)) for key in wanted["Keys"]]
        return {"Responses": {table: self._told([each for each in found if each])}, "UnprocessedKeys": {}}

    def _put_item(self, asked: JSON) -> JSON:
        self._put(asked)
        return {}

    def _put(self, asked: JSON) -> None:
        self._items[self._place(asked["TableName"], asked["Item"])] = asked["Item"]
        self.counted["items written"] += 1
        if self._name(asked["TableName"]) == "invoices":
            self._invoice = asked["Item"]

    def _update_item(self, asked: JSON) -> JSON:
        self.counted["items written"] += 1
        return {}

    def _transact_write_items(self, asked: JSON) -> JSON:
        for write in asked["TransactItems"]:
            [(kind, what)] = write.items()
            if kind == "Put":
                self._put(what)
            elif kind != "ConditionCheck":
                self.counted["items written"] += 1
        return {}

    def _query(self, asked: JSON) -> JSON:
        name = self._name(asked["TableName"])
        if name == "invoices":
            return self._page(asked.get("Limit"))
        if name == "summaries":
            return _page_of(self._told(self._tallies(asked)))
        return _page_of([])

    def _page(self, limit: int | None) -> JSON:
        most = max(1, MEGABYTE // size_of(self._invoice))
        shown = min(self.rows, limit or most, most)
        items = self._told([self._invoice] * shown)
        more = {"LastEvaluatedKey": {"organization_id": {"S": "o"}}} if shown < self.rows else {}
        return _page_of(items) | more

    def _tallies(self, asked: JSON) -> list[JSON]:
        """Returns the tallies of three years: a total, and for each month the due and paid amounts, in up to eight
        shards.
        """
        said = [value["S"] for value in asked["ExpressionAttributeValues"].values()]
        low, high = sorted(value for value in said if value.startswith(PLACES))
        shards = range(min(8, self.rows))
        months = [f"{2025 + number // 12}-{number % 12 + 1:02}" for number in range(36)]
        places = [f"total#usd#{shard}" for shard in shards]
        places += [
            f"{kind}#{month}#usd#{shard}" for kind in ("due", "collected") for month in months for shard in shards
        ]
        counted = {True: "status:paid:n", False: "01:n"}
        return [
            {"place": {"S": place}, counted[place.startswith("total")]: {"N": "1"}}
            for place in places
            if low <= place <= high
        ]


def _page_of(items: list[JSON]) -> JSON:
    return {"Items": items, "Count": len(items), "ScannedCount": len(items)}


def _keys_of(model: Any) -> list[str]:
    attributes = model.get_attributes()
    keys = [name for name, each in attributes.items() if each.is_hash_key]
    return keys + [name for name, each in attributes.items() if each.is_range_key]
