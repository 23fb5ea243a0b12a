"""Aggregates as documents: one JSON text per item, or the same text deflated, if that is shorter.

Decimals and dates are strings in the JSON. A decoder skips unknown fields, and uses the default of a missing field.
So each release can read the documents of the releases before and after it. A document that was deflated with a
dictionary can only be read by a release that has this dictionary.
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
"""The most bytes of a stored document. An item holds at most 400 KB, with all its other attributes."""

_ENCODER = msgspec.json.Encoder(decimal_format="string")
_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {}

_PRESET = 0x20
"""The bit of a zlib stream's second byte that says that four bytes follow which identify a dictionary (RFC 1950)."""


class DocumentAttribute(TypedDict, total=False):
    """The attribute that holds a document: `document` or `packed`."""

    document: str
    packed: bytes


def encode(value: object) -> DocumentAttribute:
    """Returns the attribute that stores `value`.

    Raises:
        Refused: the document does not fit into an item.
    """
    return document_attribute(json_of(value))


def document_attribute(text: bytes) -> DocumentAttribute:
    """Returns the attribute that stores a document. `text` is its JSON.

    Raises:
        Refused: the document does not fit into an item.
    """
    packed = deflate(text, DICTIONARIES[-1])
    if len(packed) >= len(text):
        return {"document": text.decode()}
    if len(packed) > MAX_STORED:
        raise Refused(
            "record_too_large",
            "This record has grown larger than can be stored.",
            next_step="Continue in a new record; this one stays as it is.",
        )
    return {"packed": packed}


def json_of(value: object) -> bytes:
    """Returns the JSON of a document."""
    return _ENCODER.encode(value)


def deflate(text: bytes, dictionary: bytes) -> bytes:
    """Returns `text` deflated with a preset dictionary."""
    deflating = zlib.compressobj(DEFLATE_LEVEL, zdict=dictionary)
    return deflating.compress(text) + deflating.flush()


def inflate(packed: bytes) -> bytes:
    """Returns the text of a document that was deflated with any of the dictionaries, or without one.

    Raises:
        ValueError: the document was deflated with a dictionary that this release does not have.
        zlib.error: the document is damaged.
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


def decode(kind: type[T], document: str | None, packed: bytes | None) -> T:
    """Returns the value that `encode` stored as `document` or `packed`."""
    text = document if packed is None else inflate(packed)
    if text is None:
        raise ValueError(f"an item without a document holds no {kind.__name__}")
    return decode_text(kind, text)


def decode_text(kind: type[T], text: str | bytes) -> T:
    """Returns the value of the JSON `text`."""
    if kind not in _DECODERS:
        _DECODERS[kind] = msgspec.json.Decoder(kind)
    value: T = _DECODERS[kind].decode(text)
    return value


def text_of(item: Mapping[str, Mapping[str, Any]]) -> str | bytes:
    """Returns the JSON of an item's document."""
    packed = item.get("packed", {}).get("B")
    return item["document"]["S"] if packed is None else inflate(packed)


def decode_item(kind: type[T], item: Mapping[str, Mapping[str, Any]]) -> T:
    """Returns the value in an item. The item is in DynamoDB's form."""
    return decode(kind, item.get("document", {}).get("S"), item.get("packed", {}).get("B"))
