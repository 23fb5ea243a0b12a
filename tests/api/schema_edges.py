"""Generates values at the limits of a JSON Schema: the last that are valid, and the first that are not."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Json = dict[str, Any]
Path = tuple[str | int, ...]

TEXTS = (
    "", " ", "\n", "a\nb", "a\x00b", "#", "a", "a/b", "é", "a\n", "x" * 128, "x" * 129,
    "0", "-1", "01", "1e3", "0.01", "0.010", "0.001", "1.0001", "1.00001", "1." + "0" * 12, "1." + "0" * 13,
    "999999.99", "1000000.01", "99999999", "99999999.0", "99999999.5", "100000000",
    "100000", "100000.0", "100000.5", "100001", "usd", "jpy", "us", "usdd",
    "due_on_receipt", "net_30", "net_31", "days_0", "days_365", "days_366", "days_999", "days_1000",
    "cus_1", "cus_", "cus_" + "a" * 64, "cus_" + "a" * 65, "acct_1",
    "a@b.co", " a@b.co ", "a..b@c.co", "a@b", "a b@c.co",
)  # fmt: skip
"""Texts to test on any pattern. The pattern itself decides which of them are valid."""


@dataclass(frozen=True)
class Edge:
    """A value for one field of a request, and whether the schema accepts it."""

    path: Path
    value: Any
    accepted: bool

    @property
    def fields(self) -> set[str]:
        """Returns the fields that an error may name: the field itself, or the list that contains it."""
        return {self.field, re.sub(r"\[\d+\]$", "", self.field)}

    @property
    def field(self) -> str:
        """Returns the name of the field in the API's notation."""
        return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.path).lstrip(".")


def edges(schema: Json, example: Any, schemas: Json, path: Path = ()) -> Iterator[Edge]:
    """Yields the edges of every limit in a schema. `example` is a valid value."""
    schema = resolved(schema, schemas)
    if schema.get("x-ignored"):
        return
    alternatives = list(_alternatives(schema, schemas))
    for alternative in alternatives:
        for edge in _edges(alternative, example, schemas, path):
            is_accepted = edge.accepted or (
                edge.path == path and any(_accepts_text(each, edge.value) for each in alternatives)
            )
            yield Edge(edge.path, edge.value, is_accepted)


def _alternatives(schema: Json, schemas: Json) -> Iterator[Json]:
    """Yields each alternative of a schema, merged with the keywords next to the alternatives."""
    schema = resolved(schema, schemas)
    if "anyOf" not in schema:
        yield schema
        return
    siblings = {name: value for name, value in schema.items() if name != "anyOf"}
    for each in schema["anyOf"]:
        yield from _alternatives({**siblings, **each}, schemas)


def resolved(schema: Json, schemas: Json) -> Json:
    """Returns the schema that a reference names, or the schema itself if it is no reference."""
    if "$ref" not in schema:
        return schema
    siblings = {name: value for name, value in schema.items() if name != "$ref"}
    return {**schemas[schema["$ref"].rpartition("/")[2]], **siblings}


def with_value(body: Any, path: Path, value: Any) -> Any:
    """Returns a copy of the body with this value at this path."""
    if not path:
        return value
    changed_body = copy.deepcopy(body)
    node = changed_body
    for step, following in pairwise(path):
        if isinstance(node, dict) and not isinstance(node.get(step), (dict, list)):
            node[step] = [] if isinstance(following, int) else {}
        node = node[step]
    if isinstance(node, list) and path[-1] == len(node):
        node.append(value)
    else:
        node[path[-1]] = value
    return changed_body


def _edges(schema: Json, example: Any, schemas: Json, path: Path) -> Iterator[Edge]:
    if "properties" in schema:
        example_fields = example if isinstance(example, dict) else {}
        for name, each in schema["properties"].items():
            yield from edges(each, example_fields.get(name), schemas, (*path, name))
        for name in schema.get("required", ()):
            yield Edge((*path, name), MISSING, False)
        return
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "array" in kinds:
        yield from _edges_of_list(schema, example, schemas, path)
    if "enum" in schema:
        yield from (Edge(path, value, True) for value in schema["enum"])
        yield Edge(path, "something_else", False)
    elif "string" in kinds and "format" not in schema:
        yield from (Edge(path, text, _matches(schema, text)) for text in [*TEXTS, *_long(schema)])
    if {"integer", "number"} & set(kinds):
        yield from _edges_of_number(schema, path)
    if "boolean" in kinds:
        yield from (Edge(path, value, True) for value in (True, False))
        yield Edge(path, "something_else", False)


def _edges_of_list(schema: Json, example: Any, schemas: Json, path: Path) -> Iterator[Edge]:
    items = resolved(schema["items"], schemas)
    first_item = example[0] if example else items.get("examples", [items.get("minimum", None)])[0]
    first_item = items["enum"][0] if first_item is None and "enum" in items else first_item
    most, least = schema.get("maxItems", 400), schema.get("minItems", 0)
    yield Edge(path, _several(first_item, most), True)
    if "maxItems" in schema:
        yield Edge(path, _several(first_item, most + 1), False)
    yield Edge(path, _several(first_item, least), True)
    if least:
        yield Edge(path, _several(first_item, least - 1), False)
    if "$ref" not in schema["items"] or "ImportedCustomer" not in schema["items"]["$ref"]:
        yield from edges(schema["items"], first_item, schemas, (*path, 0))


def _several(item: Any, number: int) -> list[Any]:
    """Returns this many copies of the item, each with its own ids."""
    if not isinstance(item, dict):
        return [item] * number
    own = {"serviceId", "id"} & set(item)
    return [{**item, **{name: f"{item[name]}_{n}" for name in own}} for n in range(number)]


def _edges_of_number(schema: Json, path: Path) -> Iterator[Edge]:
    for limit, outward in (("minimum", -1), ("maximum", 1)):
        if limit in schema:
            yield Edge(path, schema[limit], True)
            yield Edge(path, schema[limit] + outward, False)
    if "exclusiveMinimum" in schema:
        yield Edge(path, schema["exclusiveMinimum"], False)
        yield Edge(path, schema["exclusiveMinimum"] + 1, True)
    if "maximum" not in schema:
        yield Edge(path, 10**15, True)


def _long(schema: Json) -> list[str]:
    """Returns texts of the maximum length and one more. Without a limit, the text is longer than anybody writes."""
    if "maxLength" in schema:
        return [letter * length for letter in "xé" for length in (schema["maxLength"], schema["maxLength"] + 1)]
    return ["x" * 3000]


def _matches(schema: Json, text: str) -> bool:
    pattern = schema.get("pattern")
    return schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)) and (
        pattern is None or re.search(pattern, text) is not None
    )


def _accepts_text(schema: Json, value: Any) -> bool:
    """Returns True if one of the schema's alternatives accepts the text."""
    if not isinstance(value, str) or schema.get("type") != "string" or "format" in schema:
        return False
    return value in schema["enum"] if "enum" in schema else _matches(schema, value)


class _Missing:
    def __repr__(self) -> str:
        return "left out"


MISSING = _Missing()
