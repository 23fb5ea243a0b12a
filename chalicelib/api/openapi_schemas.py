"""Rewrites msgspec's schemas for people and for generators of clients, without changing what they allow.

msgspec writes a type's description at the type, which may be nested in an alternative. Generators show the
description that stands at the field.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

Json = dict[str, Any]

NULL = {"type": "null"}


def readable(schemas: Mapping[str, Json]) -> Json:
    """Returns the schemas with a description at each field, and without default values.

    openapi-typescript treats a field with a `default` as always present, also in a request
    (https://openapi-ts.dev/cli, `--default-non-nullable`). So the description says what applies if the field is
    left out.
    """
    return {name: _readable(_in_order(name, schema), schemas) for name, schema in schemas.items()}


def _in_order(name: str, schema: Json) -> Json:
    """Returns the schema of a closed set with its values in the order of the code, because msgspec sorts them."""
    values = schema.get("enum", ())
    for kind in StrEnum.__subclasses__():
        if kind.__name__ == name and {*kind} == {*values}:
            return {**schema, "enum": [each.value for each in kind]}
    return schema


def query_parameter(name: str, field: Json, *, required: bool) -> Json:
    """Returns a parameter of a query string. `field` is its schema in the model of the query.

    A parameter that may be left out is never null, because a query string cannot express null.
    """
    schema = {**field}
    description = schema.pop("description", None)
    alternatives = [each for each in schema.pop("anyOf", []) if each != NULL]
    if len(alternatives) == 1:
        schema |= {key: value for key, value in alternatives[0].items() if key != "description"}
    elif alternatives:
        schema["anyOf"] = alternatives
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _readable(schema: Json, schemas: Mapping[str, Json]) -> Json:
    readable_schema = {**schema}
    if "description" in schema:
        readable_schema["description"] = inspect.cleandoc(schema["description"])
    if "properties" in schema:
        readable_schema["properties"] = {name: _field(each, schemas) for name, each in schema["properties"].items()}
    return readable_schema


def _field(field: Json, schemas: Mapping[str, Json]) -> Json:
    written = {**field}
    default = written.pop("default", None)
    left_out = "" if default in (None, {}) else f"If it is left out: `{_as_json(default)}`."
    description = " ".join(part for part in (_description_of(field, schemas), left_out) if part)
    if "$ref" in written:
        written.pop("type", None)  # the referenced schema has the type
    if "anyOf" in written:
        written["anyOf"] = [_without_description(each) for each in written["anyOf"]]
    return {**written, "description": description} if description else written


def _description_of(field: Json, schemas: Mapping[str, Json]) -> str | None:
    """Returns the description of a field: its own, or else that of its type."""
    for each in (field, *field.get("anyOf", ())):
        if "description" in each:
            return str(each["description"])
    for each in (field, *field.get("anyOf", ())):
        if "$ref" in each:
            type_description = inspect.cleandoc(schemas[each["$ref"].rpartition("/")[2]].get("description", ""))
            return type_description.partition("\n\n")[0]
    return None


def _without_description(alternative: Json) -> Json:
    return {key: value for key, value in alternative.items() if key != "description"}


def _as_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
