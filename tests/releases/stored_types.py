"""The types and enum values that documents can contain, derived from the stored types and not from a recording."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args, get_type_hints

from chalicelib.adapters.tables import acts, codec, connections, payouts, settings
from chalicelib.adapters.tables.invoice_items import stored_invoice
from chalicelib.domain.acts import Act
from chalicelib.domain.attention import UnknownInvoices
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.batch import Batch, BatchItem, Part
from chalicelib.domain.canary import Canary, CanaryRun
from chalicelib.domain.connection import Authorization, Connection, Freeze
from chalicelib.domain.customer import Customer
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import Movement
from chalicelib.domain.pacing import Pace
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.trial import Trial
from chalicelib.domain.webhook import WebhookCheck
from tests.releases.reader import unpacked

Path = tuple[Any, ...]

KINDS: dict[tuple[str, str], Any] = {
    ("invoices", ""): Invoice,
    ("customers", ""): Customer,
    ("oauth-states", ""): Authorization,
    ("payments", ""): Movement,
    ("connections", connections.KIND): Connection,
    ("connections", connections.WEBHOOK): WebhookCheck,
    ("connections", connections.CANARY): CanaryRun,
    ("connections", connections.FREEZE): Freeze,
    ("connections", connections.UNKNOWN_INVOICES): UnknownInvoices,
    ("connections", connections.TRIAL): Trial,
    ("connections", settings.KIND): InvoicingSettings,
    ("connections", acts.KIND): Act,
    ("batches", "batch"): Batch,
    ("batches", "item"): BatchItem,
    ("batches", "part"): Part,
    ("batches", "lane"): Pace,
    ("payouts", payouts.HEADER): Payout,
    ("payouts", "line"): PayoutLine,
    ("events", "canary"): Canary,
}
"""The type of each kind of document, by its table and by what its key begins with."""


def expected() -> set[Any]:
    """Returns every type that a document can be made of, and every word of the enumerations among them."""
    types: set[Any] = set()

    def walk(hint: Any) -> None:
        for each in get_args(hint):
            walk(each)
        if not isinstance(hint, type) or hint in types or get_args(hint):
            return
        if issubclass(hint, Enum):
            types.update((hint, *hint))
        elif dataclasses.is_dataclass(hint):
            types.add(hint)
            hints = get_type_hints(hint)
            for field in dataclasses.fields(hint):
                walk(hints[field.name])

    for kind in (*KINDS.values(), Settlement):
        walk(kind)
    return types


def of_item(table: str, item: Any) -> set[Any]:
    """Returns the types and words in the document of an item of a fixture."""
    return {each for value in _values(table, item) for each, _ in _walk(value, ())}


def words(table: str, item: Any) -> Iterator[tuple[Enum, Path]]:
    """Yields each word of an enumeration in a document, with the path that leads to it in the JSON."""
    for value in _values(table, item)[:1]:
        yield from ((each, path) for each, path in _walk(value, ()) if isinstance(each, Enum))


def with_word(item: Any, path: Path, word: Any) -> Any:
    """Returns the item with another word in that place of its document."""
    document = json.loads(text_of(item))
    at = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = word.value
    changed_document = codec.document_attribute(json.dumps(document, separators=(",", ":")).encode())
    other_attributes = {name: value for name, value in item.items() if name not in ("document", "packed")}
    return (
        {**other_attributes, "document": {"S": json.dumps(document, separators=(",", ":"))}}
        if changed_document
        else other_attributes
    )


def text_of(item: Any) -> str | bytes:
    """Returns the JSON of an item's document."""
    return codec.text_of(unpacked(item))


def kind_of(table: str, item: Any) -> Any:
    """Returns the type of the document of an item, or None if the item has none or it is an event of Stripe's."""
    if not ("document" in item or "packed" in item):
        return None
    begins = item.get("kind", item.get("place", item.get("outcome", {"S": ""})))["S"].split("#")[0]
    return KINDS.get((table, begins))


def value_of(table: str, item: Any) -> Any:
    """Returns what the document of an item holds. Its kind is known."""
    kind, raw = kind_of(table, item), unpacked(item)
    return stored_invoice(raw) if kind is Invoice else codec.decode_item(kind, raw)


def _values(table: str, item: Any) -> list[Any]:
    settlements = [value for name, value in unpacked(item).items() if name.startswith("txn_")]
    return [
        *([value_of(table, item)] if kind_of(table, item) else []),
        *(codec.decode(Settlement, each.get("S"), each.get("B")) for each in settlements),
    ]


def _walk(value: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    if isinstance(value, Enum):
        yield type(value), path
        yield value, path
    elif dataclasses.is_dataclass(value):
        yield type(value), path
        for field in dataclasses.fields(value):
            yield from _walk(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _walk(name, (*path, "the name of", name))
            yield from _walk(each, (*path, name))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for number, each in enumerate(value):
            yield from _walk(each, (*path, number))
