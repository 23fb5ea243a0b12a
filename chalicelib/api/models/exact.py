"""Exact decimals in requests: a JSON number or a string, never a float on the way."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

_PLAIN = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")

SCHEMA: dict[str, object] = {
    "type": ["number", "string"],
    "pattern": rf"^{_PLAIN.pattern}$",
    "examples": ["75.00", 75.0],
}


class Exact(Decimal):
    """A plain decimal such as 75.00: no exponent, no NaN, few enough digits to calculate with exactly."""

    __slots__ = ()

    @classmethod
    def read(cls, value: object) -> Exact:
        """Read what JSON held.

        Raises:
            ValueError: not a plain decimal.
        """
        if isinstance(value, (str, int)) and not isinstance(value, bool) and _PLAIN.fullmatch(str(value)):
            return cls(value)
        raise ValueError("Expected a decimal such as 75.00")

    @property
    def plain(self) -> str:
        """One way to write each number: 1.50 and 1.5 are the same."""
        return format(self.normalize(), "f")


def dec_hook(kind: type, value: object) -> object:
    """For msgspec: read an Exact."""
    if kind is Exact:
        return Exact.read(value)
    raise NotImplementedError(kind)


def enc_hook(value: object) -> object:
    """For msgspec: write an Exact in its canonical form."""
    if isinstance(value, Exact):
        return value.plain
    raise NotImplementedError(type(value))


def schema_hook(kind: type) -> dict[str, object]:
    """For msgspec: the JSON Schema of an Exact."""
    if kind is Exact:
        return SCHEMA
    raise NotImplementedError(kind)


def decoder(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    """A decoder that hands numbers with a fraction on as they are written."""
    return msgspec.json.Decoder(kind, dec_hook=dec_hook, float_hook=str)


canonical_json = msgspec.json.Encoder(enc_hook=enc_hook, order="sorted").encode
"""One way to write each value; defaults are left out by the models that say so."""
