"""The kind of a table's row, in the terms of `domain.retention`."""

from __future__ import annotations

from chalicelib.adapters.tables.change_rows import HEAD
from chalicelib.adapters.tables.connections import UNUSED
from chalicelib.adapters.tables.database import Item
from chalicelib.adapters.tables.events import CANARY
from chalicelib.adapters.tables.keys import key
from chalicelib.adapters.tables.markers import PARKED
from chalicelib.domain.batch import BatchKind

IMPORTED = key(BatchKind.CUSTOMERS, "")
"""The beginning of `created_key` in the header of an import."""


def kind_of(table: str, item: Item) -> str:
    """Returns the kind of a row, or "" if its table has only one kind. `table` is without the stage's prefix.

    The items and parts of a batch do not show whether the batch is an import. `of_import` returns their kind in an
    import.
    """
    match table:
        case "connections":
            return _text(item, "kind").partition("#")[0]
        case "claims":
            return _text(item, "claim").partition("#")[0]
        case "payouts":
            return _text(item, "place").partition("#")[0]
        case "batches":
            kind = _text(item, "place").partition("#")[0]
            return of_import(kind) if _text(item, "created_key").startswith(IMPORTED) else kind
        case "oauth-states":
            return UNUSED if _text(item, "work") == UNUSED else ""
        case "changes":
            return HEAD if _text(item, "place") == HEAD else ""
        case "events":
            return _kind_of_event(item)
    return ""


def of_import(kind: str) -> str:
    """Returns the kind of an import's row. `kind` is that of the same row in a batch of invoices."""
    return f"{kind} of an import"


def _kind_of_event(item: Item) -> str:
    outcome = _text(item, "outcome")
    if outcome == PARKED:
        return PARKED if "parked_key" in item else "set_aside"
    return CANARY if outcome == CANARY else ""


def _text(item: Item, name: str) -> str:
    value: str = item.get(name, {}).get("S", "")
    return value
