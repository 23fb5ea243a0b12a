"""Finds every stored, published or logged field from the types of the code, so that none is forgotten."""

from __future__ import annotations

import ast
import dataclasses
import typing
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from chalicelib import metrics, observability
from chalicelib.adapters.tables.database import NAMES
from chalicelib.api.models.change_events import CHANGE_EVENTS
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
from chalicelib.ports import messages
from infra.template.api import ACCESS_LOG

CODE: Final = Path(__file__).parents[2] / "chalicelib"

QUEUES, BUS, LOGS, METRICS = "queues", "bus", "logs", "metrics"
"""The stores other than the tables."""

DOCUMENTS: Final[Mapping[str, tuple[type, ...]]] = {
    "invoices": (Invoice,),
    "customers": (Customer,),
    "oauth-states": (Authorization,),
    "payments": (Movement, Settlement),
    "connections": (
        Connection,
        InvoicingSettings,
        UnknownInvoices,
        Trial,
        WebhookCheck,
        CanaryRun,
        Freeze,
        Act,
    ),
    "batches": (Batch, BatchItem, Part, Pace),
    "payouts": (Payout, PayoutLine),
    "events": (Canary,),
}
"""The types of the documents in each table. Stripe's events are stored unchanged."""

HAS_DOCUMENTS_OF_STRIPE: Final = "events"
WHOLE: Final = frozenset({"document", "packed"})
"""The attributes with a document. A document is classified by its fields, except Stripe's events."""

LINE, ACCESS, METRIC = "log line", "access line", "metric"
OF_EVERY_LINE: Final = ("level", "location", "message", "timestamp", "service", "xray_trace_id")
"""The fields that Powertools adds to each line. A line's message is a constant of `observability`."""

ENUM_MEMBER: Final = "word"
"""Stands for the members of any enumeration."""


class Place(NamedTuple):
    """A field of a record, with the stores that hold it and the types of its values."""

    record: str
    field: str
    stores: frozenset[str]
    scalars: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.record}.{self.field}"


def places() -> Mapping[str, Place]:
    """Returns all fields, by name."""
    by_name: dict[str, Place] = {}
    for record, field, store, scalars in _all_fields():
        name = f"{record}.{field}"
        place = by_name.get(name, Place(record, field, frozenset(), frozenset()))
        by_name[name] = place._replace(stores=place.stores | {store}, scalars=place.scalars | scalars)
    return by_name


def fields_of(record: Any) -> Mapping[str, Any]:
    """Returns the fields of a record class with their types; empty for any other class."""
    hints = typing.get_type_hints(record)
    if dataclasses.is_dataclass(record):
        return {field.name: hints[field.name] for field in dataclasses.fields(record)}
    if issubclass(record, msgspec.Struct):
        return {name: hints[name] for name in record.__struct_fields__}
    if issubclass(record, tuple):
        return {name: hints[name] for name in getattr(record, "_fields", ())}
    return {}


def records_in(roots: Iterable[Any]) -> Iterator[type]:
    """Yields each record class that documents of these types can contain, once."""
    yielded: set[type] = set()
    pending = list(roots)
    while pending:
        hint = pending.pop()
        pending.extend(typing.get_args(hint))
        if _is_class(hint) and hint not in yielded and (fields := fields_of(hint)):
            yielded.add(hint)
            pending.extend(fields.values())
            yield hint


def scalars_of(hint: Any) -> frozenset[str]:
    """Returns the names of the value types in a field, without those of nested records."""
    if arguments := typing.get_args(hint):
        return frozenset[str]().union(*(scalars_of(each) for each in arguments))
    if hint is type(None) or hint is Ellipsis:
        return frozenset()
    if not _is_class(hint):
        return frozenset({getattr(hint, "__name__", str(hint))})
    if issubclass(hint, Enum):
        return frozenset({ENUM_MEMBER})
    return frozenset() if fields_of(hint) else frozenset({hint.__name__})


def _is_class(hint: Any) -> typing.TypeGuard[type]:
    return isinstance(hint, type) and not typing.get_args(hint)


def _all_fields() -> Iterator[tuple[str, str, str, frozenset[str]]]:
    for table, roots in DOCUMENTS.items():
        yield from _of_records(table, roots)
    for model, table in NAMES.items():
        for name, attribute in model.get_attributes().items():
            if name not in WHOLE or table == HAS_DOCUMENTS_OF_STRIPE:
                yield f"{table} row", name, table, frozenset({_TYPES[attribute.attr_type]})
    yield from _of_records(QUEUES, messages.Message.__subclasses__())
    yield from _of_records(BUS, CHANGE_EVENTS.values())
    for name in (*_log_fields(), *OF_EVERY_LINE):
        yield LINE, name, LOGS, frozenset({"str"})
    for name in ACCESS_LOG:
        yield ACCESS, name, LOGS, frozenset({"str"})
    for metric in metrics.METRICS.values():
        for name in (*metric.dimensions, "service"):
            is_enumerated = (metric.name, name) in metrics.VALUES
            yield METRIC, name, METRICS, frozenset({ENUM_MEMBER if is_enumerated else "str"})


_TYPES: Final = {"S": "str", "N": "int", "B": "bytes"}


def _of_records(store: str, roots: Iterable[Any]) -> Iterator[tuple[str, str, str, frozenset[str]]]:
    for record in records_in(roots):
        for field, hint in fields_of(record).items():
            if scalars := scalars_of(hint):
                yield record.__name__, field, store, scalars


def _log_fields() -> Iterator[str]:
    """Yields the names of all fields of log lines: those that `observability` writes, and the ids of the subject."""
    for path in sorted(CODE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        if path == Path(observability.__file__):
            yield from (key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in _texts(node.keys))
            yield from (field for each in _spread(tree) for field in fields_of(each))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called_name(node) in _CORRELATING:
                yield from (keyword.arg for keyword in node.keywords if keyword.arg is not None)


def _spread(tree: ast.Module) -> Iterator[Any]:
    """Yields the record classes whose fields become fields of a log line by `asdict` or `_asdict`."""
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        for call in (
            node for node in ast.walk(function) if isinstance(node, ast.Call) and "asdict" in _called_name(node)
        ):
            record = call.args[0] if call.args else getattr(call.func, "value", None)
            yield typing.get_type_hints(getattr(observability, function.name))[getattr(record, "id", "")]


_CORRELATING: Final = frozenset({"about", "note"})
"""The functions of `chalicelib.correlation` that add an id to the log lines."""


def _called_name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _texts(nodes: Iterable[ast.expr | None]) -> Iterator[str]:
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
