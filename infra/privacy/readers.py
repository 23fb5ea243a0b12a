"""The functions that read and write each table, by the rights in `chalicelib.functions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from chalicelib.adapters.tables.database import NAMES
from chalicelib.functions import FUNCTIONS, STREAM_TRIGGERS, Function

READING: Final = frozenset({"GetItem", "BatchGetItem", "Query"})
WRITING: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"})


class Access(NamedTuple):
    """The functions that read items of a table, that only read keys from its indexes, and that write items."""

    reads: tuple[str, ...]
    finds: tuple[str, ...]
    writes: tuple[str, ...]


def access() -> Mapping[str, Access]:
    """Returns the access to each table."""
    return {
        table: Access(
            tuple(each.name for each in FUNCTIONS if _reads(each, table)),
            tuple(each.name for each in FUNCTIONS if not _reads(each, table) and table in each.indexes),
            tuple(each.name for each in FUNCTIONS if not WRITING.isdisjoint(each.tables.get(table, ()))),
        )
        for table in NAMES.values()
    }


def _reads(function: Function, table: str) -> bool:
    """Returns True if the function can read the table's items, or their changes in its stream."""
    stream = STREAM_TRIGGERS.get(function.name)
    return not READING.isdisjoint(function.tables.get(table, ())) or (stream is not None and table in stream.tables)
