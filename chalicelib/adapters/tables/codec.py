"""Aggregates as documents: one JSON text per item, or the same text deflated, if that is shorter.

Decimals and dates are strings in it. A reader skips what it does not know and takes the default for what is not
there, so code of one release can read what the releases around it have written. A document that was deflated with a
dictionary can only be read by a release that has it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, TypedDict, TypeVar

import msgspec

from chalicelib.adapters.tables.dictionaries import BY_CHECKSUM, DICTIONARIES
from chalicelib.domain.errors import Refused

T = TypeVar("T")

DEFLATE_LEVEL = 6
"""The highest level that makes an invoice smaller. It takes 15 µs more than the fastest, and saves a tenth."""

MAX_STORED = 380 * 1024
"""Bytes a stored document may take; an item holds 400 KB with all its other attributes."""

_ENCODER = msgspec.json.Encoder(decimal_format="string")
_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {}

_PRESET = 0x20
"""The bit of a zlib stream's second byte that says that its next four bytes name a dictionary (RFC 1950)."""


class Stored(TypedDict, total=False):
    """The attribute that holds a document; there is one of the two."""

    document: str
    packed: bytes


def encoded(value: object) -> Stored:
    """The attribute to store `value` in.

    Raises:
        Refused: it does not fit into an item.
    """
    return stored_text(json_of(value))


def stored_text(text: bytes) -> Stored:
    """The attribute to store the JSON of a document in.

    Raises:
        Refused: it does not fit into an item.
    """
    packed = deflated(text, DICTIONARIES[-1])
    if len(packed) >= len(text):
        return {"document": text.decode()}
    if len(packed) > MAX_STORED:
        raise Refused(
            "record_too_large",
            "This record has grown larger than can be stored.",
            next_step="Go on in a new record; this one stays as it is.",
        )
    return {"packed": packed}


def json_of(value: object) -> bytes:
    """Returns the JSON that a document holds."""
    return _ENCODER.encode(value)


def deflated(text: bytes, dictionary: bytes) -> bytes:
    """Returns `text` deflated with a preset dictionary."""
    deflating = zlib.compressobj(DEFLATE_LEVEL, zdict=dictionary)
    return deflating.compress(text) + deflating.flush()


def inflated(packed: bytes) -> bytes:
    """Returns the text that was deflated, with whichever dictionary, or by a release that had none.

    Raises:
        ValueError: it was deflated with a dictionary that this release does not have.
        zlib.error: it is damaged.
    """
    if not packed[1] & _PRESET:
        return zlib.decompress(packed)
    dictionary = BY_CHECKSUM.get(int.from_bytes(packed[2:6], "big"))
    if dictionary is None:
        raise ValueError("a document was deflated with a dictionary that this release does not have")
    inflating = zlib.decompressobj(zdict=dictionary)
    text = inflating.decompress(packed)
    if not inflating.eof:
        raise zlib.error("a document ends too early")
    return text


def decoded(kind: type[T], document: str | None, packed: bytes | None) -> T:
    """The value that `encoded` made `document` or `packed` of."""
    text = document if packed is None else inflated(packed)
    if text is None:
        raise ValueError(f"an item without a document holds no {kind.__name__}")
    return decoded_text(kind, text)


def decoded_text(kind: type[T], text: str | bytes) -> T:
    """The value whose JSON `text` is."""
    if kind not in _DECODERS:
        _DECODERS[kind] = msgspec.json.Decoder(kind)
    value: T = _DECODERS[kind].decode(text)
    return value


def text_of(item: Mapping[str, Mapping[str, Any]]) -> str | bytes:
    """Returns the JSON of an item's document."""
    packed = item.get("packed", {}).get("B")
    return item["document"]["S"] if packed is None else inflated(packed)


def decoded_item(kind: type[T], item: Mapping[str, Mapping[str, Any]]) -> T:
    """Like `decoded`, from an item as DynamoDB answers it."""
    return decoded(kind, item.get("document", {}).get("S"), item.get("packed", {}).get("B"))
