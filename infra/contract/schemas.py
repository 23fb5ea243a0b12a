"""Decides what a change of a JSON schema means to a client that was generated before the change.

A client sends what the schema of a request allows, so a new schema must not allow less. A client reads what the
schema of a response allows, so a new schema must not allow more than the client can read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

Json = dict[str, Any]

COMPLETE_SETS = {"InvoiceStatus"}
"""Sets of values in responses that never grow. `docs/contract.md` names them. Every other set may grow."""
_LOWEST = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_HIGHEST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_FORMS = ("pattern", "format", "multipleOf")


class Side(Enum):
    """The use of a schema: in requests or in responses."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two documents. A breaking change can make a client fail that was generated before it."""

    breaking: bool
    where: str
    what: str

    def __str__(self) -> str:
        return f"{'BREAKS ' if self.breaking else 'adds   '} {self.where}: {self.what}"


class SchemaComparison:
    """Compares schemas of two documents. Each named schema is compared once for each side."""

    def __init__(self, before: Json, after: Json) -> None:
        self._before, self._after = before, after
        self._compared: set[tuple[str, Side]] = set()

    def changes(self, before: Json, after: Json, side: Side, where: str) -> Iterator[Change]:
        """Yields what changed from one schema to another, and in the named schemas that they refer to."""
        old, new = _alternatives(before), _alternatives(after)
        for name in sorted(old.keys() - new.keys()):
            yield Change(True, where, f"is no longer {name}")
        for name in sorted(new.keys() - old.keys()):
            yield Change(side is Side.RESPONSE, where, f"may be {name}")
        for name in sorted(old.keys() & new.keys()):
            yield from self._of_one_kind(old[name], new[name], side, where)

    def _of_one_kind(self, old: Json, new: Json, side: Side, where: str) -> Iterator[Change]:
        if "$ref" in old:
            yield from self._named_schema(old["$ref"].rpartition("/")[2], side)
            return
        yield from _values(old, new, side, where)
        if side is Side.REQUEST:
            yield from _limits(old, new, where)
        elif old.get("format") != new.get("format"):
            yield Change(True, where, f"has the format {new.get('format')}, which was {old.get('format')}")
        yield from self._properties(old, new, side, where)
        for part in ("items", "additionalProperties"):
            if isinstance(old.get(part), dict) and isinstance(new.get(part), dict):
                yield from self.changes(old[part], new[part], side, f"{where}[]")

    def _named_schema(self, name: str, side: Side) -> Iterator[Change]:
        in_both = name in self._before and name in self._after
        if in_both and (name, side) not in self._compared:
            self._compared.add((name, side))
            yield from self.changes(self._before[name], self._after[name], side, name)

    def _properties(self, old: Json, new: Json, side: Side, where: str) -> Iterator[Change]:
        had, has = old.get("properties", {}), new.get("properties", {})
        was_required, is_required = set(old.get("required", ())), set(new.get("required", ()))
        for name in had.keys() - has.keys():
            yield Change(True, f"{where}.{name}", "is gone")
        for name in has.keys() - had.keys():
            breaks = name in is_required and side is Side.REQUEST
            yield Change(breaks, f"{where}.{name}", "is new" + (" and required" if breaks else ""))
        for name in had.keys() & has.keys():
            if name in was_required - is_required:
                yield Change(side is Side.RESPONSE, f"{where}.{name}", "may be left out")
            if name in is_required - was_required:
                yield Change(side is Side.REQUEST, f"{where}.{name}", "is required")
            yield from self.changes(had[name], has[name], side, f"{where}.{name}")


def _alternatives(schema: Json) -> dict[str, Json]:
    """Returns each named schema and each type that a value may have, with its schema."""
    if "$ref" in schema:
        return {schema["$ref"].rpartition("/")[2]: schema}
    parts = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if parts:
        alternatives: dict[str, Json] = {}
        for part in parts:
            for name, each in _alternatives(part).items():
                alternatives[f"another {name}" if name in alternatives else name] = each
        return alternatives
    if "type" not in schema and _allowed_values(schema):
        return {"string": schema}  # msgspec writes a single word as `const` without its type
    types = schema.get("type", "any")
    return dict.fromkeys([types] if isinstance(types, str) else types, schema)


def _allowed_values(schema: Json) -> set[Any] | None:
    """Returns the values that a schema allows, or None if it does not list them."""
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None


def _values(old: Json, new: Json, side: Side, where: str) -> Iterator[Change]:
    had, has = _allowed_values(old), _allowed_values(new)
    if had == has:
        return
    if had is None or has is None:
        narrower = had is None
        change_words = "is one of a set of values" if narrower else "is no longer one of a set of values"
        yield Change(narrower is (side is Side.REQUEST), where, change_words)
        return
    for value in sorted(had - has, key=str):
        yield Change(True, where, f"no longer has the value {value}")
    for value in sorted(has - had, key=str):
        yield Change(side is Side.RESPONSE and where in COMPLETE_SETS, where, f"has the new value {value}")


def _limits(old: Json, new: Json, where: str) -> Iterator[Change]:
    for key in (*_LOWEST, *_HIGHEST, *_FORMS):
        was, now = old.get(key), new.get(key)
        if was != now:
            yield Change(_narrower(key, was, now), where, f"has {key} {now}, which was {was}")


def _narrower(key: str, was: Any, now: Any) -> bool:
    if now is None:
        return False
    if was is None or key in _FORMS:
        return True
    return bool(now > was if key in _LOWEST else now < was)
