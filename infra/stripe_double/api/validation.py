"""Checks decoded parameters against the SDK's own parameter types. Each route's check is built once and cached.

The TypedDicts of `stripe.params` are Stripe's OpenAPI description in Python. The checks differ from them in two ways.
The keys of `RequestOptions` are not parameters. The `| str` that allows unknown values next to a list of literals is
dropped, because Stripe accepts no other values. `_build` turns a type into a function `(value, name) -> value`, where
the incoming values are strings.
"""

from __future__ import annotations

import importlib
import re
import sys
import types
import typing
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

import typing_extensions as te

from ..errors import InvalidParams, missing, unknown

Check = Callable[[Any, str], Any]
_INT = re.compile(r"^-?\d{1,15}$")


class _Mismatch(InvalidParams):
    """A value does not fit one branch of a union; the next branch may fit."""


@cache
def validator(name: str) -> Check:
    """Returns the check for `stripe.params.<name>`, such as `InvoiceCreateParams`."""
    stem = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    params_type = getattr(importlib.import_module(f"stripe.params._{stem}"), name)
    return _typed_dict(params_type)


def check(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Returns the parameters of one request, converted to their types.

    Raises InvalidParams, which names the first wrong parameter.
    """
    result: dict[str, Any] = validator(name)(params, "")
    return result


def _hints(params_type: Any) -> dict[str, Any]:
    import stripe
    from stripe import _request_options
    from stripe._stripe_object import UntypedStripeObject

    scope = {
        **vars(typing),
        **vars(te),
        **vars(_request_options),
        **vars(sys.modules[params_type.__module__]),
        "StripeContext": stripe.StripeContext,
        "UntypedStripeObject": UntypedStripeObject,
    }
    return te.get_type_hints(params_type, globalns=scope)


@cache
def _options() -> frozenset[str]:
    from stripe._request_options import RequestOptions

    return frozenset(RequestOptions.__annotations__)


@cache
def _typed_dict(params_type: Any) -> Check:
    hints = _hints(params_type)
    if any(base.__name__ == "RequestOptions" for base in getattr(params_type, "__orig_bases__", ())):
        hints = {k: v for k, v in hints.items() if k not in _options()}
    fields: dict[str, Check] = {}
    required = sorted(params_type.__required_keys__ & set(hints))

    def run(value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _Mismatch("Invalid object", param=name)
        for key in value:
            if key not in hints:
                raise unknown(_join(name, key))
        for key in required:
            if key not in value:
                raise missing(_join(name, key))
        clean = {}
        for key, item in value.items():
            if key not in fields:  # built on demand, because most of a type's sixty fields are never sent
                fields[key] = _build(hints[key])
            clean[key] = fields[key](item, _join(name, key))
        return clean

    return run


def _join(name: str, key: str) -> str:
    return f"{name}[{key}]" if name else key


def _build(hint: Any) -> Check:
    origin = te.get_origin(hint)
    if origin in (te.NotRequired, te.Required):
        return _build(te.get_args(hint)[0])
    if origin is typing.Literal or origin is te.Literal:
        return _literal(te.get_args(hint))
    if origin is typing.Union or origin is types.UnionType:
        return _union(te.get_args(hint))
    if origin is list:
        return _list(_build(te.get_args(hint)[0]))
    if origin is dict or getattr(origin, "__name__", "") == "UntypedStripeObject":
        return _mapping
    if te.is_typeddict(hint):
        # A type may refer to itself, so the nested type is resolved at its first use.
        return lambda value, name: _typed_dict(hint)(value, name)
    return _SCALARS.get(hint, _anything)


def _union(args: tuple[Any, ...]) -> Check:
    literals = [a for a in args if te.get_origin(a) in (typing.Literal, te.Literal)]
    values = [v for a in literals for v in te.get_args(a)]
    if str in args and any(v != "" for v in values):
        args = tuple(a for a in args if a is not str)
    other_types = [a for a in args if a not in literals and a is not type(None)]
    enumeration = [_literal(tuple(values))] if values else []
    branches = [_build(a) for a in other_types]
    branches = enumeration + branches if any(values) else branches + enumeration  # the first mismatch is raised
    if len(branches) == 1:
        return branches[0]

    def run(value: Any, name: str) -> Any:
        error: InvalidParams | None = None
        for branch in branches:
            try:
                return branch(value, name)
            except _Mismatch as exc:
                error = error or exc
        assert error is not None
        raise error

    return run


def _literal(values: tuple[Any, ...]) -> Check:
    value_by_text = {str(v).lower() if isinstance(v, bool) else v: v for v in values}

    def run(value: Any, name: str) -> Any:
        if isinstance(value, str) and value in value_by_text:
            return value_by_text[value]
        choices = [str(v) for v in values if v != ""]
        choices_text = ", ".join(choices[:-1]) + f", or {choices[-1]}" if len(choices) > 1 else "".join(choices)
        raise _Mismatch(f"Invalid {name}: must be one of {choices_text}", param=name)

    return run


def _list(item: Check) -> Check:
    def run(value: Any, name: str) -> list[Any]:
        if not isinstance(value, list):
            raise _Mismatch("Invalid array", param=name)
        return [item(v, f"{name}[{i}]") for i, v in enumerate(value)]

    return run


def _mapping(value: Any, name: str) -> dict[str, str]:
    if isinstance(value, list):  # `decode` made a list of metadata with numbers as keys
        value = {str(i): v for i, v in enumerate(value)}
    if not isinstance(value, dict):
        raise _Mismatch("Invalid hash", param=name)
    for key, item in value.items():
        if not isinstance(item, str):
            raise InvalidParams(f"Invalid string: {item}", param=f"{name}[{key}]")
    return dict(value)


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _Mismatch(f"Invalid string: {value}", param=name)
    if len(value) > 5000:
        raise InvalidParams("Invalid string: must be at most 5000 characters", param=name)
    return value


def _integer(value: Any, name: str) -> int:
    if not isinstance(value, str) or not _INT.match(value):
        raise _parsed(f"Invalid integer: {value}", name, "parameter_invalid_integer")
    return int(value)


def _boolean(value: Any, name: str) -> bool:
    if value not in ("true", "false"):
        raise _Mismatch(f"Invalid boolean: {value}", param=name)
    return bool(value == "true")


def _decimal(value: Any, name: str) -> Decimal:
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        raise _Mismatch(f"Invalid decimal: {value}", param=name) from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -12:
        raise _Mismatch(f"Invalid decimal: {value}; must contain at maximum twelve decimal places", param=name)
    return number


def _float(value: Any, name: str) -> float:
    return float(_decimal(value, name))


def _anything(value: Any, name: str) -> Any:
    return value


def _parsed(message: str, name: str, code: str) -> _Mismatch:
    return _Mismatch(message, param=name, code=code)


_SCALARS: dict[Any, Check] = {
    str: _string,
    int: _integer,
    bool: _boolean,
    float: _float,
    Decimal: _decimal,
}
