"""Exact decimals in requests: a JSON number or a string, never a float on the way. Hooks for types of our own."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from typing import Any, ClassVar, Self

import msgspec

from chalicelib.domain.billing import MAX_QUANTITY, MAX_QUANTITY_DECIMALS
from chalicelib.domain.money import MAX_AMOUNT

MAX_DECIMALS = 12
"""Decimals of a number in a request, with zeros at its end."""

_PLAIN_DECIMAL = re.compile(rf"(?!-0(\.0*)?$)-?(0|[1-9][0-9]{{0,14}})(\.[0-9]{{1,{MAX_DECIMALS}}})?")
_SHORT_EXPONENT = re.compile(r"[^eE]+([eE][+-]?0*[0-9]{1,2})?")
"""Numbers of which the exponent has two digits at most. All others are out of every range, and long to write out."""

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
    """A type of our own in a request: how it is read, and how the OpenAPI document describes it."""

    __slots__ = ()

    SCHEMA: ClassVar[dict[str, object]]

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read what JSON or a query string held.

        Raises:
            ValueError: it cannot be read; the message is for the client.
        """
        raise NotImplementedError(cls)


class NumberText(str):
    """A JSON number with a fraction or an exponent, as it is written: 75.00, 7.5E1 or 1e+2."""

    __slots__ = ()

    @property
    def plain(self) -> str:
        """Returns the number without an exponent and without zeros at its end; a long one as it is written."""
        if not _SHORT_EXPONENT.fullmatch(self):
            return str(self)
        digits, _, decimals = format(Decimal(self), "f").partition(".")
        decimals = decimals.rstrip("0")
        plain_text = f"{digits}.{decimals}" if decimals else digits
        return "0" if plain_text == "-0" else plain_text


_POSITIVE = r"(?!0(\.0*)?$)"


class Exact(CustomType, Decimal):
    """A decimal such as 75.00: no NaN, few enough digits to calculate with exactly.

    A text is a plain decimal. A number may have an exponent, because a number in JSON may: Java writes 100 as 1E+2.
    """

    __slots__ = ()

    SCHEMA: ClassVar[dict[str, object]] = {
        "type": ["number", "string"],
        "pattern": rf"^{_PLAIN_DECIMAL.pattern}$(?!\n)",
    }

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read what JSON held.

        Raises:
            ValueError: not a plain decimal.
        """
        if isinstance(value, NumberText):
            value = value.plain
        if isinstance(value, (str, int)) and not isinstance(value, bool) and _PLAIN_DECIMAL.fullmatch(str(value)):
            return cls(value)
        raise ValueError("Expected a decimal such as 75.00")


class ExactAmount(Exact):
    """An amount of money. How many decimals and how much it may have depends on the currency, so rules check that.

    The schema has the limits of the currencies that allow most. Those without decimals have the largest amounts. None
    has more than two decimals in use: Stripe takes nothing but a zero as the third one.
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
    """An amount of money that is never nothing: one that was paid, or that is taken off."""

    __slots__ = ()

    SCHEMA: ClassVar[dict[str, object]] = {
        "type": ["number", "string"],
        "exclusiveMinimum": 0,
        "maximum": MAX_AMOUNT,
        "pattern": rf"^{_POSITIVE}({_WITHOUT_DECIMALS}|{_WITH_TWO})$(?!\n)",
        "examples": ["75.00", 75.0],
    }


class ExactQuantity(Exact):
    """How many of something."""

    __slots__ = ()

    SCHEMA: ClassVar[dict[str, object]] = {
        "type": ["number", "string"],
        "exclusiveMinimum": 0,
        "maximum": int(MAX_QUANTITY),
        "pattern": rf"^{_POSITIVE}({_UP_TO_MAX_QUANTITY}|{_MAX_QUANTITY}{_ZEROS})$(?!\n)",
        "examples": ["1", 1.5],
    }


def dec_hook(kind: type, value: object) -> object:
    """For msgspec: read a type of our own."""
    if issubclass(kind, CustomType):
        return kind.parse(value)
    raise NotImplementedError(kind)


def enc_hook(value: object) -> object:
    """For msgspec: write an Exact in its canonical form, in which 1.50 and 1.5 are the same."""
    if isinstance(value, Exact):
        return format(value.normalize(), "f")
    raise NotImplementedError(type(value))


def schema_hook(kind: type) -> dict[str, object]:
    """For msgspec: the JSON Schema of a type of our own."""
    if issubclass(kind, CustomType):
        return kind.SCHEMA
    raise NotImplementedError(kind)


def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """A decoder that hands numbers with a fraction or an exponent on as they are written."""
    return msgspec.json.Decoder(kind, dec_hook=dec_hook, float_hook=NumberText)


canonical_json = msgspec.json.Encoder(enc_hook=enc_hook, order="sorted").encode
"""One way to write each value; defaults are left out by the models that say so."""


def fingerprint(body: object) -> str:
    """The same for bodies that ask for the same, however they are written."""
    return hashlib.sha256(canonical_json(body)).hexdigest()
