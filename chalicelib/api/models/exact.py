"""Exact decimals in requests, read without a float in between, and the hooks of msgspec for custom types."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from typing import Any, ClassVar, Self

import msgspec

from chalicelib.domain.billing import MAX_QUANTITY, MAX_QUANTITY_DECIMALS
from chalicelib.domain.money import MAX_AMOUNT

MAX_DECIMALS = 12
"""The largest number of decimals of a number in a request, including trailing zeros."""

_PLAIN_DECIMAL = re.compile(rf"(?!-0(\.0*)?$)-?(0|[1-9][0-9]{{0,14}})(\.[0-9]{{1,{MAX_DECIMALS}}})?")
_SHORT_EXPONENT = re.compile(r"[^eE]+([eE][+-]?0*[0-9]{1,2})?")
"""A number whose exponent has at most two digits. Larger exponents are out of every range, and slow to expand."""

_MAX_QUANTITY = str(MAX_QUANTITY)


def _whole_number(digits: int) -> str:
    return rf"(0|[1-9][0-9]{{0,{digits - 1}}})"


def _decimals(places: int) -> str:
    return rf"\.[0-9]{{1,{places}}}0{{0,{MAX_DECIMALS - places}}}"


_ZEROS = rf"(\.0{{1,{MAX_DECIMALS}}})?"
_WITHOUT_DECIMALS = f"{_whole_number(len(str(MAX_AMOUNT)))}{_ZEROS}"
_WITH_TWO = f"{_whole_number(len(str(MAX_AMOUNT)) - 2)}{_decimals(2)}"
_UP_TO_MAX_QUANTITY = f"{_whole_number(len(_MAX_QUANTITY) - 1)}({_decimals(MAX_QUANTITY_DECIMALS)})?"


class CustomType:
    """A custom type of a request: its parser, and its schema in the OpenAPI document."""

    __slots__ = ()

    SCHEMA: ClassVar[dict[str, object]]

    @classmethod
    def parse(cls, value: object) -> Self:
        """Returns the value of a JSON body or a query string as this type.

        Raises:
            ValueError: the value is not valid. The message is for the client.
        """
        raise NotImplementedError(cls)


class NumberText(str):
    """The text of a JSON number with a fraction or an exponent, such as 75.00, 7.5E1 or 1e+2."""

    __slots__ = ()

    @property
    def plain(self) -> str:
        """Returns the number without exponent and trailing zeros, or unchanged if its exponent is long."""
        if not _SHORT_EXPONENT.fullmatch(self):
            return str(self)
        digits, _, decimals = format(Decimal(self), "f").partition(".")
        decimals = decimals.rstrip("0")
        plain_text = f"{digits}.{decimals}" if decimals else digits
        return "0" if plain_text == "-0" else plain_text


_POSITIVE = r"(?!0(\.0*)?$)"


class Exact(CustomType, Decimal):
    """A decimal such as 75.00, never NaN, with few enough digits for exact calculations.

    A JSON string must be a plain decimal. A JSON number may have an exponent, because Java writes 100 as 1E+2.
    """

    __slots__ = ()

    SCHEMA: ClassVar[dict[str, object]] = {
        "type": ["number", "string"],
        "pattern": rf"^{_PLAIN_DECIMAL.pattern}$(?!\n)",
    }

    @classmethod
    def parse(cls, value: object) -> Self:
        """Returns the JSON value as a decimal.

        Raises:
            ValueError: the value is not a plain decimal.
        """
        if isinstance(value, NumberText):
            value = value.plain
        if isinstance(value, (str, int)) and not isinstance(value, bool) and _PLAIN_DECIMAL.fullmatch(str(value)):
            return cls(value)
        raise ValueError("Expected a decimal such as 75.00")


class ExactAmount(Exact):
    """An amount of money. Its largest value and number of decimals depend on the currency, so rules check them later.

    The schema has the limits of the most permissive currencies: those without decimals have the largest amounts. At
    most two decimals are in use, because Stripe accepts only a zero as the third one.
    """

    __slots__ = ()

    SCHEMA: ClassVar[dict[str, object]] = {
        "type": ["number", "string"],
        "minimum": 0,
        "maximum": MAX_AMOUNT,
        "pattern": rf"^({_WITHOUT_DECIMALS}|{_WITH_TWO})$(?!\n)",
        "examples": ["75.00", 75.0],
    }


class ExactPayment(ExactAmount):
    """An amount of money above zero, such as a payment or a deduction."""

    __slots__ = ()

    SCHEMA: ClassVar[dict[str, object]] = {
        "type": ["number", "string"],
        "exclusiveMinimum": 0,
        "maximum": MAX_AMOUNT,
        "pattern": rf"^{_POSITIVE}({_WITHOUT_DECIMALS}|{_WITH_TWO})$(?!\n)",
        "examples": ["75.00", 75.0],
    }


class ExactQuantity(Exact):
    """A quantity above zero."""

    __slots__ = ()

    SCHEMA: ClassVar[dict[str, object]] = {
        "type": ["number", "string"],
        "exclusiveMinimum": 0,
        "maximum": int(MAX_QUANTITY),
        "pattern": rf"^{_POSITIVE}({_UP_TO_MAX_QUANTITY}|{_MAX_QUANTITY}{_ZEROS})$(?!\n)",
        "examples": ["1", 1.5],
    }


def dec_hook(kind: type, value: object) -> object:
    """Returns the value as a custom type. A hook for msgspec."""
    if issubclass(kind, CustomType):
        return kind.parse(value)
    raise NotImplementedError(kind)


def enc_hook(value: object) -> object:
    """Returns an Exact in its canonical form, in which 1.50 and 1.5 are equal. A hook for msgspec."""
    if isinstance(value, Exact):
        return format(value.normalize(), "f")
    raise NotImplementedError(type(value))


def schema_hook(kind: type) -> dict[str, object]:
    """Returns the JSON Schema of a custom type. A hook for msgspec."""
    if issubclass(kind, CustomType):
        return kind.SCHEMA
    raise NotImplementedError(kind)


def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Returns a decoder that passes numbers with a fraction or an exponent on as texts."""
    return msgspec.json.Decoder(kind, dec_hook=dec_hook, float_hook=NumberText)


canonical_json = msgspec.json.Encoder(enc_hook=enc_hook, order="sorted").encode
"""Encodes a value in its canonical form. Models with `omit_defaults` leave default values out."""


def fingerprint(body: object) -> str:
    """Returns a hash that is the same for equivalent bodies, however they are written."""
    return hashlib.sha256(canonical_json(body)).hexdigest()
