"""Aggregates as documents: one JSON text per item, or the same text deflated once it is long.

Decimals and dates are strings in it. A reader skips what it does not know and takes the default for what is not
there, so code of one release can read what the releases around it have written.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, TypedDict, TypeVar

import msgspec

from chalicelib.domain.errors import Refused

T = TypeVar("T")

DEFLATE_FROM = 1024
"""Bytes from which a document is deflated: DynamoDB bills each KB, twice for the item and once for each index."""

DEFLATE_LEVEL = 3
"""As fast as the fastest on documents of a few KB, and within a twentieth of the smallest."""

MAX_STORED = 380 * 1024
"""Bytes a stored document may take; an item holds 400 KB with all its other attributes."""

_ENCODER = msgspec.json.Encoder(decimal_format="string")
_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {}


class Stored(TypedDict, total=False):
    """The attribute that holds a document; there is one of the two."""

    document: str
    packed: bytes


def encoded(value: object) -> Stored:
    """The attribute to store `value` in.

    Raises:
        Refused: it does not fit into an item.
    """
    text = _ENCODER.encode(value)
    if len(text) < DEFLATE_FROM:
        return {"document": text.decode()}
    packed = zlib.compress(text, DEFLATE_LEVEL)
    if len(packed) > MAX_STORED:
        raise Refused(
            "record_too_large",
            "This record has grown larger than can be stored.",
            next_step="Go on in a new record; this one stays as it is.",
        )
    return {"packed": packed}


def decoded(kind: type[T], document: str | None, packed: bytes | None) -> T:
    """The value that `encoded` made `document` or `packed` of."""
    text = document if packed is None else zlib.decompress(packed)
    if text is None:
        raise ValueError(f"an item without a document holds no {kind.__name__}")
    if kind not in _DECODERS:
        _DECODERS[kind] = msgspec.json.Decoder(kind)
    value: T = _DECODERS[kind].decode(text)
    return value


def text_of(item: Mapping[str, Mapping[str, Any]]) -> str | bytes:
    """Returns the JSON of an item's document."""
    packed = item.get("packed", {}).get("B")
    return item["document"]["S"] if packed is None else zlib.decompress(packed)


def decoded_item(kind: type[T], item: Mapping[str, Mapping[str, Any]]) -> T:
    """Like `decoded`, from an item as DynamoDB answers it."""
    return decoded(kind, item.get("document", {}).get("S"), item.get("packed", {}).get("B"))
