"""Computes the request units of requests to DynamoDB by AWS's documented rules, from the items that they touch.

The rules (docs.aws.amazon.com/amazondynamodb/latest/developerguide, in 2025):

    item sizes                         CapacityUnitCalculations.html
    reads, writes, failed conditions   read-write-operations.html: 4 KB, 1 KB, the larger of before and after
    transactions                       transaction-apis.html#transaction-capacity-handling: everything twice
    indexes                            GSI.html#GSI.ThroughputConsiderations: one write for an entry that comes, goes
                                       or changes, two for one that moves, none where nothing projected changes;
                                       the propagation of a transaction is not a transaction

That indexes are not doubled in a transaction, and that a condition check costs as a write of what it looks at, others
have measured on AWS (github.com/nubo-db/dynoxide/pull/188). A transaction that is cancelled is taken to cost what its
conditions met, twice: the dearer reading. `tests/real/test_units.py` holds all else against DynamoDB Local.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import boto3

from chalicelib.adapters.tables import database

Item: TypeAlias = Mapping[str, Mapping[str, Any]]
"""An item in DynamoDB's JSON form."""

BATCH = 100
"""The most items in one batch read."""
READ_BLOCK = 4 * 1024
WRITE_BLOCK = 1024
TRANSACTIONAL = 2
READS = frozenset({"GetItem", "BatchGetItem", "Query"})


def size_of(item: Item | None) -> int:
    """Returns the bytes that DynamoDB counts for an item: names and values."""
    return sum(len(name.encode()) + _size_of_value(value) for name, value in (item or {}).items())


def _size_of_value(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            digits = content.lstrip("-").replace(".", "").strip("0")
            return math.ceil(len(digits) / 2) + 1 + content.startswith("-")
        case "B":
            return len(content)
        case "BOOL" | "NULL":
            return 1
    raise ValueError(f"no item of ours has an attribute of type {kind}")


def read_units(size: int, *, consistent: bool) -> float:
    """Returns the read units of one item, or of one whole page of a query. A missing item costs as much as 4 KB."""
    return max(1, math.ceil(size / READ_BLOCK)) * (1.0 if consistent else 0.5)


def write_units(before: Item | None, after: Item | None) -> int:
    """Returns the write units of one write to a table or to an index."""
    return max(1, math.ceil(max(size_of(before), size_of(after)) / WRITE_BLOCK))


@dataclass(frozen=True)
class Index:
    """A global secondary index. `projected` is None if the index has every attribute."""

    name: str
    keys: tuple[str, ...]
    projected: frozenset[str] | None

    def entry(self, item: Item | None) -> Item | None:
        """Returns the attributes of an item that the index holds, or None if the item is not in the index."""
        if item is None or any(name not in item for name in self.keys):
            return None
        return {name: value for name, value in item.items() if self.projected is None or name in self.projected}

    def units(self, before: Item | None, after: Item | None) -> int:
        """Returns the write units of the index for a change of an item in the table."""
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        if old and new and any(old[name] != new[name] for name in self.keys):
            return write_units(old, None) + write_units(None, new)
        return write_units(old, new)


@dataclass(frozen=True)
class Request:
    """One request and its cost. `written` is the bytes of the items written; the entries of indexes are counted
    separately.
    """

    operation: str
    tables: tuple[str, ...]
    items: int = 0
    """The number of items that the request writes, or checks in a transaction."""
    reads: float = 0.0
    writes: float = 0.0
    by_index: Mapping[str, int] = field(default_factory=dict)
    """Write units by table and index, with a dot between them."""
    written: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)
    """The bytes of the largest item that the request wrote in each table."""

    @property
    def index_writes(self) -> float:
        return sum(self.by_index.values())

    @property
    def all_writes(self) -> float:
        return self.writes + self.index_writes


Place: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""A table, and the key of an item in it."""


class Meter:
    """Computes the cost of each request. Its own client reads the items before and after the request."""

    def __init__(
        self, told: Callable[[Request], None], aside: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        """Calls `told` with each request. Reads items within `aside`, so that their time is not counted."""
        self._told = told
        self._aside = aside
        self._client: Any = boto3.client("dynamodb")
        self._described: dict[str, Any] = {}
        self._before: dict[Place, Item | None] = {}
        self._params: Any = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Measures every request of the tables' client in this block."""
        events = database.connection().client.meta.events
        hooks = (("before-parameter-build.dynamodb", self._begins), ("after-call.dynamodb", self._ended))
        for name, hook in hooks:
            events.register(name, hook)
        try:
            yield
        finally:
            for name, hook in hooks:
                events.unregister(name, hook)

    def _begins(self, params: Any, model: Any, **_: Any) -> None:
        with self._aside():
            self._params = params
            self._before = self._items(self._written(model.name, params))

    def _ended(self, model: Any, http_response: Any, **_: Any) -> None:
        with self._aside():
            if model.name in READS:
                request = self._read(model.name, self._params)
            else:
                request = self._wrote(model.name, refused=http_response.status_code >= 300)
        self._told(request)

    def _read(self, operation: str, params: Any) -> Request:
        if operation == "Query":
            size = sum(map(size_of, self._evaluated(params)))
            units = read_units(size, consistent=params.get("ConsistentRead", False))
            return Request(operation, (params["TableName"],), reads=units)
        wanted = params["RequestItems"] if operation == "BatchGetItem" else {params["TableName"]: params}
        units = 0.0
        for table, how in wanted.items():
            places = [self._place(table, key) for key in how.get("Keys") or [how["Key"]]]
            for item in self._items(places).values():
                units += read_units(size_of(item), consistent=how.get("ConsistentRead", False))
        return Request(operation, tuple(wanted), reads=units)

    def _evaluated(self, params: Any) -> list[Item]:
        """Returns all items that a query evaluates, before filters and projections."""
        said = ("TableName", "IndexName", "KeyConditionExpression", "Limit", "ScanIndexForward", "ExclusiveStartKey")
        query = {name: params[name] for name in (*said, "ConsistentRead") if name in params}
        condition = query["KeyConditionExpression"]
        for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            query[name] = {each: value for each, value in params[name].items() if each in condition}
        found: list[Item] = self._client.query(**query)["Items"]
        return found

    def _wrote(self, operation: str, *, refused: bool) -> Request:
        times = TRANSACTIONAL if operation == "TransactWriteItems" else 1
        units = written = 0
        by_index: Counter[str] = Counter()
        sizes: dict[str, int] = {}
        now = self._before if refused else self._items(self._before)
        for place, before in self._before.items():
            after = now[place]
            units += times * write_units(before, after)
            if after != before:
                for index in self._table(place[0])["indexes"]:
                    by_index[f"{place[0]}.{index.name}"] += index.units(before, after)
                written += size_of(after)
                sizes[place[0]] = max(sizes.get(place[0], 0), size_of(after))
        tables = tuple(dict.fromkeys(table for table, _ in self._before))
        return Request(
            operation, tables, len(self._before), writes=units, by_index=by_index, written=written, sizes=sizes
        )

    def _written(self, operation: str, params: Any) -> Iterator[Place]:
        if operation == "TransactWriteItems":
            writes = [next(iter(each.values())) for each in params["TransactItems"]]
        elif operation in {"PutItem", "UpdateItem", "DeleteItem"}:
            writes = [params]
        elif operation == "BatchWriteItem":
            writes = [
                {"TableName": table, **next(iter(each.values()))}
                for table, requests in params["RequestItems"].items()
                for each in requests
            ]
        elif operation in READS:
            writes = []
        else:
            raise ValueError(f"the cost of {operation} is unknown")
        for write in writes:
            yield self._place(write["TableName"], write.get("Key") or write["Item"])

    def _place(self, table: str, item: Item) -> Place:
        return table, tuple((name, str(item[name]["S"])) for name in self._table(table)["keys"])

    def _items(self, places: Iterable[Place]) -> dict[Place, Item | None]:
        """Returns the items stored at each of these places, by batch reads of the meter's own client."""
        found: dict[Place, Item | None] = dict.fromkeys(places)
        every = list(found)
        for some in (every[start : start + BATCH] for start in range(0, len(every), BATCH)):
            keys: dict[str, list[Item]] = defaultdict(list)
            for table, key in some:
                keys[table].append({name: {"S": value} for name, value in key})
            wanted = {table: {"Keys": of_table, "ConsistentRead": True} for table, of_table in keys.items()}
            answer = self._client.batch_get_item(RequestItems=wanted)
            assert not answer["UnprocessedKeys"]
            for table, items in answer["Responses"].items():
                found |= {self._place(table, item): item for item in items}
        return found

    def _table(self, name: str) -> Any:
        """Returns the keys of a table, and its indexes."""
        if name not in self._described:
            table = self._client.describe_table(TableName=name)["Table"]
            keys = _keys(table)
            indexes = [_index(each, keys) for each in table.get("GlobalSecondaryIndexes", ())]
            self._described[name] = {"keys": keys, "indexes": indexes}
        return self._described[name]


def _keys(described: Any) -> tuple[str, ...]:
    return tuple(each["AttributeName"] for each in described["KeySchema"])


def _index(described: Any, table_keys: tuple[str, ...]) -> Index:
    keys, projection = _keys(described), described["Projection"]
    projected = None
    if projection["ProjectionType"] != "ALL":
        projected = frozenset((*keys, *table_keys, *projection.get("NonKeyAttributes", ())))
    return Index(described["IndexName"], keys, projected)
