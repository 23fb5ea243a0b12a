"""Finds every fault in the shape of a body, because msgspec stops at the first one.

Only a body that msgspec has refused is examined here. Each part is decoded separately, with the decoder for its type.
A part that passes is left alone. An object or a list that fails is examined member by member. So each byte is decoded
at most once a level, and the work stops when the caller stops iterating.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec

from chalicelib.api.models.common import CURRENCY_PATTERN
from chalicelib.api.models.exact import decoder
from chalicelib.api.models.invoice_query import STRIPE_INVOICE_PATTERN
from chalicelib.api.models.saved_customers import STRIPE_CUSTOMER_PATTERN
from chalicelib.domain.customer_fields import WHOLE_EMAIL_PATTERN
from chalicelib.domain.identifiers import ID_PATTERN
from chalicelib.domain.texts import ONE_LINE_PATTERN, TEXT_PATTERN, VISIBLE_LINE_PATTERN

MAX_NAME = 100
"""Characters of an unknown field's name that are repeated to the client."""
MISSING = "This field is missing"
UNKNOWN = "This field is unknown"
TWICE = "This field is given twice"

_OF_PATTERN = {
    ID_PATTERN: "This is not an id: letters, digits and ._:~- are, up to 128 of them",
    ONE_LINE_PATTERN: "Expected one line of text without control characters and signs that turn text round",
    VISIBLE_LINE_PATTERN: "Expected one line of text in which something is visible, without control characters and "
    "signs that turn text round",
    TEXT_PATTERN: "Expected text without control characters other than line breaks and tabs, and without signs that "
    "turn text round",
    CURRENCY_PATTERN: "Expected a currency of three letters, such as usd",
    WHOLE_EMAIL_PATTERN: "Expected a whole e-mail address, such as ann@example.com, without blanks around it",
    STRIPE_INVOICE_PATTERN: "Expected the id of a Stripe invoice, in_ with letters and digits behind it",
    STRIPE_CUSTOMER_PATTERN: "Expected the id of a Stripe customer, cus_ with letters and digits behind it",
}
_PATTERN = re.compile(r"Expected `str` matching regex '(?P<pattern>.*)'", re.DOTALL)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Fault(NamedTuple):
    """A fault and its place, such as `lineItems[0].quantity`. The field is None if the whole body is at fault."""

    message: str
    field: str | None


def faults_of_body(kind: type, body: bytes) -> Iterator[Fault]:
    """Yields the faults that prevent this body from being a `kind`, in their order. Missing fields come last.

    Raises:
        msgspec.DecodeError: the body is not JSON.
    """
    yield from _faults(_schema(kind), msgspec.Raw(body), "")


def describe(message: str, kind: Any = None) -> str:
    """Returns msgspec's message about one value in plain words: patterns as descriptions, and closed sets as lists.

    `kind` is the expected type of the value, if it is known.
    """
    matching = _PATTERN.fullmatch(message)
    if matching is not None:
        return _OF_PATTERN.get(ast.literal_eval(f"'{matching['pattern']}'"), message)
    allowed = list(_allowed_values(kind))
    return f"Expected {_listing(allowed)}" if allowed else message


def alternatives(kind: Any) -> Iterator[Any]:
    """Yields the types that a value may have, without their annotations."""
    if get_origin(kind) is Annotated:
        yield from alternatives(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for each in get_args(kind):
            yield from alternatives(each)
    else:
        yield kind


def _allowed_values(kind: Any) -> Iterator[str]:
    """Yields the values of a closed set as JSON writes them, or nothing if the type is not a closed set."""
    for each in alternatives(kind):
        if each is bool:
            yield from ("true", "false")
        elif isinstance(each, type) and issubclass(each, Enum):
            yield from (str(member.value) for member in each)
        elif get_origin(each) is Literal:
            yield from map(str, get_args(each))


def _listing(values: Sequence[str]) -> str:
    *all_but_last, last = values
    return f"{', '.join(all_but_last)} or {last}" if all_but_last else last


def repeated_fields(kind: type, body: bytes) -> Iterator[Fault]:
    """Yields the fields that an object has twice. JSON parsers disagree about which of the two counts.

    Values whose inside the contract does not describe are not examined.

    Raises:
        ValueError, RecursionError: the standard library cannot parse the body.
    """
    # The first pass collects the members of each object without its place. It is enough for nearly every body.
    objects: list[list[tuple[str, Any]]] = []
    json.loads(body, object_pairs_hook=objects.append, parse_int=str, parse_float=str)
    if any(len(dict(members)) < len(members) for members in objects):
        tree = json.loads(body, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
        yield from _repeated_in(_schema(kind), tree, "")


@dataclass(frozen=True)
class _Schema:
    """The expected shape of one part of a body: an object with these members, a list, or a single value."""

    decoder: msgspec.json.Decoder[Any]
    members: Mapping[str, _Schema] | None = None
    required: Sequence[str] = ()
    allows_unknown: bool = False
    items: _Schema | None = None


@cache
def _schema(kind: type) -> _Schema:
    return _schema_of(kind)


def _schema_of(kind: Any) -> _Schema:
    whole_decoder = decoder(kind)
    for each in alternatives(kind):
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            fields = msgspec.structs.fields(each)
            return _Schema(
                whole_decoder,
                members={field.encode_name: _schema_of(_without_unset(field.type)) for field in fields},
                required=[field.encode_name for field in fields if field.required],
                allows_unknown=not each.__struct_config__.forbid_unknown_fields,
            )
        if get_origin(each) is list:
            return _Schema(whole_decoder, items=_schema_of(get_args(each)[0]))
    return _Schema(whole_decoder)


def _without_unset(kind: Any) -> Any:
    """Returns the type of a field's value when the field is present."""
    if get_origin(kind) in (Union, UnionType):
        return Union[tuple(each for each in get_args(kind) if each is not msgspec.UnsetType)]  # noqa: UP007
    return kind


def _faults(schema: _Schema, raw: msgspec.Raw, path: str) -> Iterator[Fault]:
    try:
        schema.decoder.decode(raw)
    except msgspec.ValidationError as refusal:
        inner_faults: Iterator[Fault] = iter(())
        opening = bytes(raw).lstrip()[:1]
        if schema.members is not None and opening == b"{":
            inner_faults = _faults_of_members(schema, schema.members, raw, path)
        elif schema.items is not None and opening == b"[":
            inner_faults = _faults_of_items(schema.items, raw, path)
        first = next(inner_faults, None)
        if first is None:
            yield Fault(describe(str(refusal), schema.decoder.type), path or None)
        else:
            yield first
            yield from inner_faults


def _faults_of_members(
    schema: _Schema, members: Mapping[str, _Schema], raw: msgspec.Raw, path: str
) -> Iterator[Fault]:
    raw_members = _members(raw)
    for name, value in raw_members.items():
        if name in members:
            yield from _faults(members[name], value, _within(path, name))
        elif not schema.allows_unknown:
            yield Fault(UNKNOWN, _within(path, name[:MAX_NAME]))
    for name in schema.required:
        if name not in raw_members:
            yield Fault(MISSING, _within(path, name))


def _faults_of_items(each: _Schema, raw: msgspec.Raw, path: str) -> Iterator[Fault]:
    for position, item in enumerate(_items(raw)):
        yield from _faults(each, item, f"{path}[{position}]")


def _within(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its list of members, including repeated ones."""


def _repeated_in(schema: _Schema, node: Any, path: str) -> Iterator[Fault]:
    if schema.members is not None and isinstance(node, _Pairs):
        names: set[str] = set()
        for name, value in node:
            place = _within(path, name[:MAX_NAME])
            if name in names:
                yield Fault(TWICE, place)
            names.add(name)
            if name in schema.members:
                yield from _repeated_in(schema.members[name], value, place)
    elif schema.items is not None and isinstance(node, list):
        for position, item in enumerate(node):
            yield from _repeated_in(schema.items, item, f"{path}[{position}]")
