"""Finds every place that holds or tells something, by the types of the code, so that none can be forgotten."""

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
"""The stores besides the tables."""

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
"""The types that the documents of each table hold. Stripe's own events are kept as they came."""

HAS_DOCUMENTS_OF_STRIPE: Final = "events"
WHOLE: Final = frozenset({"document", "packed"})
"""The attributes that hold a document. It is classified by its fields, unless it is an event of Stripe's."""

LINE, ACCESS, METRIC = "log line", "access line", "metric"
OF_EVERY_LINE: Final = ("level", "location", "message", "timestamp", "service", "xray_trace_id")
"""What Powertools writes in each line. A line's message is a constant of `observability`."""

WORD: Final = "word"
"""Stands for every member of an enumeration."""


class Place(NamedTuple):
    """A field of a record, the stores that hold it, and the types of the values in it."""

    record: str
    field: str
    stores: frozenset[str]
    scalars: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.record}.{self.field}"


def places() -> Mapping[str, Place]:
    """Returns every place, by its name."""
    found: dict[str, Place] = {}
    for record, field, store, scalars in _everywhere():
        name = f"{record}.{field}"
        known = found.get(name, Place(record, field, frozenset(), frozenset()))
        found[name] = known._replace(stores=known.stores | {store}, scalars=known.scalars | scalars)
    return found


def fields_of(record: Any) -> Mapping[str, Any]:
    """Returns the fields of a class of records with their types, or nothing if it is none."""
    hints = typing.get_type_hints(record)
    if dataclasses.is_dataclass(record):
        return {field.name: hints[field.name] for field in dataclasses.fields(record)}
    if issubclass(record, msgspec.Struct):
        return {name: hints[name] for name in record.__struct_fields__}
    if issubclass(record, tuple):
        return {name: hints[name] for name in getattr(record, "_fields", ())}
    return {}


def records_in(roots: Iterable[Any]) -> Iterator[type]:
    """Yields every class of records that a document of these types can be made of, each once."""
    seen: set[type] = set()
    waiting = list(roots)
    while waiting:
        hint = waiting.pop()
        waiting.extend(typing.get_args(hint))
        if _is_class(hint) and hint not in seen and (fields := fields_of(hint)):
            seen.add(hint)
            waiting.extend(fields.values())
            yield hint


def scalars_of(hint: Any) -> frozenset[str]:
    """Returns the names of the types of the values that are directly in a field, not in a record in it."""
    if arguments := typing.get_args(hint):
        return frozenset[str]().union(*(scalars_of(each) for each in arguments))
    if hint is type(None) or hint is Ellipsis:
        return frozenset()
    if not _is_class(hint):
        return frozenset({getattr(hint, "__name__", str(hint))})
    if issubclass(hint, Enum):
        return frozenset({WORD})
    return frozenset() if fields_of(hint) else frozenset({hint.__name__})


def _is_class(hint: Any) -> typing.TypeGuard[type]:
    return isinstance(hint, type) and not typing.get_args(hint)


def _everywhere() -> Iterator[tuple[str, str, str, frozenset[str]]]:
    for table, roots in DOCUMENTS.items():
        yield from _of_records(table, roots)
    for model, table in NAMES.items():
        for name, attribute in model.get_attributes().items():
            if name not in WHOLE or table == HAS_DOCUMENTS_OF_STRIPE:
                yield f"{table} row", name, table, frozenset({_TYPES[attribute.attr_type]})
    yield from _of_records(QUEUES, messages.Message.__subclasses__())
    yield from _of_records(BUS, CHANGE_EVENTS.values())
    for name in (*_logged(), *OF_EVERY_LINE):
        yield LINE, name, LOGS, frozenset({"str"})
    for name in ACCESS_LOG:
        yield ACCESS, name, LOGS, frozenset({"str"})
    for metric in metrics.METRICS.values():
        for name in (*metric.dimensions, "service"):
            closed = (metric.name, name) in metrics.VALUES
            yield METRIC, name, METRICS, frozenset({WORD if closed else "str"})


_TYPES: Final = {"S": "str", "N": "int", "B": "bytes"}


def _of_records(store: str, roots: Iterable[Any]) -> Iterator[tuple[str, str, str, frozenset[str]]]:
    for record in records_in(roots):
        for field, hint in fields_of(record).items():
            if scalars := scalars_of(hint):
                yield record.__name__, field, store, scalars


def _logged() -> Iterator[str]:
    """Yields the names of every field of a log line: what `observability` writes, and the ids that it is about."""
    for path in sorted(CODE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        if path == Path(observability.__file__):
            yield from (key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in _texts(node.keys))
            yield from (field for each in _spread(tree) for field in fields_of(each))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) in _CORRELATING:
                yield from (keyword.arg for keyword in node.keywords if keyword.arg is not None)


def _spread(tree: ast.Module) -> Iterator[Any]:
    """Yields the classes of the records whose fields become those of a log line, by `asdict` or `_asdict`."""
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call) and "asdict" in _called(node)):
            record = call.args[0] if call.args else getattr(call.func, "value", None)
            yield typing.get_type_hints(getattr(observability, function.name))[getattr(record, "id", "")]


_CORRELATING: Final = frozenset({"about", "note"})
"""What notes an id for the log lines: `chalicelib.correlation`."""


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _texts(nodes: Iterable[ast.expr | None]) -> Iterator[str]:
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
