"""Reads the parameters of a query string, as strictly as the contract requires.

msgspec's own conversion of text (`strict=False`) accepts more than the contract: 1 and TRUE for true, 1e1 for 10, and
null for a missing parameter (https://jcristharif.com/msgspec/usage.html#strict-vs-lax-mode).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.api.http.faults import MAX_NAME, Fault, alternatives, describe
from chalicelib.api.models.exact import dec_hook

MISSING = "This parameter is missing"
UNKNOWN = "This parameter is unknown"
TWICE = "This parameter is given twice"

_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")


def faults_of_query(kind: type[msgspec.Struct], query: Mapping[str, Sequence[str]]) -> Iterator[Fault]:
    """Yields the faults that prevent these parameters from being a `kind`, in their order. Missing ones come last."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, values in query.items():
        is_known = name in fields
        if len(values) != 1 and (is_known or kind.__struct_config__.forbid_unknown_fields):
            yield Fault(TWICE, name[:MAX_NAME])
        elif is_known:
            field_type = fields[name].type
            try:
                msgspec.convert(_value(field_type, values[0]), field_type, dec_hook=dec_hook)
            except msgspec.ValidationError as refusal:
                yield Fault(describe(str(refusal), field_type), name)
        elif kind.__struct_config__.forbid_unknown_fields:
            yield Fault(UNKNOWN, name[:MAX_NAME])
    for name, field in fields.items():
        if field.required and name not in query:
            yield Fault(MISSING, name)


def values_of(kind: type[msgspec.Struct], query: Mapping[str, Sequence[str]]) -> Mapping[str, object]:
    """Returns the parameters of `query` that are fields of `kind`, by name, with their values converted to JSON's
    types.
    """
    fields = msgspec.structs.fields(kind)
    return {
        field.encode_name: _value(field.type, query[field.encode_name][0])
        for field in fields
        if field.encode_name in query
    }


def _value(kind: Any, text: str) -> object:
    """Returns the JSON value of this text: true, false, a whole number, or the text itself."""
    kinds = set(alternatives(kind))
    if bool in kinds:
        return _BOOLEANS.get(text, text)
    if int in kinds and _INTEGER.fullmatch(text):
        return int(text)
    return text
