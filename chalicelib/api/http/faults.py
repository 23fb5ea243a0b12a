"""Every fault of a body's shape. msgspec stops at the first one.

Only a body that msgspec has refused is looked at here. Each part is decoded by itself, with the decoder that the
whole body goes through. A part that passes is left alone; an object or a list that fails is taken apart. So each
byte is decoded once a level, and a caller that stops asking stops the work.
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
"""Letters of an unknown field's name that are repeated to the client."""
MISSING = "This field is missing"
UNKNOWN = "This field is not known"
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
    """What is wrong, and where, as `lineItems[0].quantity`; None stands for the whole body."""

    message: str
    field: str | None


def faults_of_body(kind: type, body: bytes) -> Iterator[Fault]:
    """Yields what keeps this body from being a `kind`, in the order of the body; what is missing comes last.

    Raises:
        msgspec.DecodeError: the body is not JSON.
    """
    yield from _faults(_schema(kind), msgspec.Raw(body), "")


def describe(message: str, kind: Any = None) -> str:
    """Returns msgspec's message about one value: a pattern in words, and the values of a closed set as a list.

    `kind` is the type that the value should have, if it is known.
    """
    matching = _PATTERN.fullmatch(message)
    if matching is not None:
        return _OF_PATTERN.get(ast.literal_eval(f"'{matching['pattern']}'"), message)
    allowed = list(_allowed_values(kind))
    return f"Expected {_listing(allowed)}" if allowed else message


def alternatives(kind: Any) -> Iterator[Any]:
    """Yields the types that a value may have, without what annotates them."""
    if get_origin(kind) is Annotated:
        yield from alternatives(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for each in get_args(kind):
            yield from alternatives(each)
    else:
        yield kind


def _allowed_values(kind: Any) -> Iterator[str]:
    """Yields the values of a closed set, as they are written; nothing if the type is no closed set."""
    for each in alternatives(kind):
        if each is bool:
            yield from ("true", "false")
        elif isinstance(each, type) and issubclass(each, Enum):
            yield from (str(member.value) for member in each)
        elif get_origin(each) is Literal:
            yield from map(str, get_args(each))


def _listing(values: Sequence[str]) -> str:
    *others, last = values
    return f"{', '.join(others)} or {last}" if others else last


def repeated_fields(kind: type, body: bytes) -> Iterator[Fault]:
    """Yields the fields that are in an object twice. Readers of JSON disagree which of the two counts.

    What is inside of values that the contract does not describe is not looked at.

    Raises:
        ValueError, RecursionError: the standard library cannot read it.
    """
    # The first reading keeps the members of each object, wherever it is. It is enough for nearly every body.
    objects: list[list[tuple[str, Any]]] = []
    json.loads(body, object_pairs_hook=objects.append, parse_int=str, parse_float=str)
    if any(len(dict(members)) < len(members) for members in objects):
        tree = json.loads(body, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
        yield from _repeated_in(_schema(kind), tree, "")


@dataclass(frozen=True)
class _Schema:
    """How one part of a body is read: as an object of these members, as a list, or as one value."""

    decoder: msgspec.json.Decoder[Any]
    members: Mapping[str, _Schema] | None = None
    required: Sequence[str] = ()
    others_allowed: bool = False
    each: _Schema | None = None


@cache
def _schema(kind: type) -> _Schema:
    return _schema_of(kind)


def _schema_of(kind: Any) -> _Schema:
    whole = decoder(kind)
    for each in alternatives(kind):
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            fields = msgspec.structs.fields(each)
            return _Schema(
                whole,
                members={field.encode_name: _schema_of(_without_unset(field.type)) for field in fields},
                required=[field.encode_name for field in fields if field.required],
                others_allowed=not each.__struct_config__.forbid_unknown_fields,
            )
        if get_origin(each) is list:
            return _Schema(whole, each=_schema_of(get_args(each)[0]))
    return _Schema(whole)


def _without_unset(kind: Any) -> Any:
    """Returns the type of a field as that of a value by itself, which is always there."""
    if get_origin(kind) in (Union, UnionType):
        return Union[tuple(each for each in get_args(kind) if each is not msgspec.UnsetType)]  # noqa: UP007
    return kind


def _faults(part: _Schema, raw: msgspec.Raw, path: str) -> Iterator[Fault]:
    try:
        part.decoder.decode(raw)
    except msgspec.ValidationError as refusal:
        inside: Iterator[Fault] = iter(())
        opening = bytes(raw).lstrip()[:1]
        if part.members is not None and opening == b"{":
            inside = _faults_of_members(part, part.members, raw, path)
        elif part.each is not None and opening == b"[":
            inside = _faults_of_items(part.each, raw, path)
        first = next(inside, None)
        if first is None:
            yield Fault(describe(str(refusal), part.decoder.type), path or None)
        else:
            yield first
            yield from inside


def _faults_of_members(part: _Schema, members: Mapping[str, _Schema], raw: msgspec.Raw, path: str) -> Iterator[Fault]:
    sent = _members(raw)
    for name, value in sent.items():
        if name in members:
            yield from _faults(members[name], value, _within(path, name))
        elif not part.others_allowed:
            yield Fault(UNKNOWN, _within(path, name[:MAX_NAME]))
    for name in part.required:
        if name not in sent:
            yield Fault(MISSING, _within(path, name))


def _faults_of_items(each: _Schema, raw: msgspec.Raw, path: str) -> Iterator[Fault]:
    for position, item in enumerate(_items(raw)):
        yield from _faults(each, item, f"{path}[{position}]")


def _within(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON, with every member as it was sent."""


def _repeated_in(part: _Schema, node: Any, path: str) -> Iterator[Fault]:
    if part.members is not None and isinstance(node, _Pairs):
        seen: set[str] = set()
        for name, value in node:
            place = _within(path, name[:MAX_NAME])
            if name in seen:
                yield Fault(TWICE, place)
            seen.add(name)
            if name in part.members:
                yield from _repeated_in(part.members[name], value, place)
    elif part.each is not None and isinstance(node, list):
        for position, item in enumerate(node):
            yield from _repeated_in(part.each, item, f"{path}[{position}]")
