"""Every place where POM stores or sends data, as text that can be searched."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import boto3

from chalicelib.adapters.tables import TABLES
from chalicelib.adapters.tables.codec import inflate
from tests.privacy.person import found_in


class Place(NamedTuple):
    """A place, what it holds, and the names of the words that are in it."""

    name: str
    text: str

    @property
    def words(self) -> set[str]:
        return found_in(self.text)


def items() -> Iterator[Place]:
    """Yields each item of each table with all of its attributes, deflated documents as they are and inflated.

    An index shows attributes of the items of its table, and none of its own.
    """
    scan = boto3.client("dynamodb").get_paginator("scan")
    for model in TABLES:
        [key, *other_keys] = _keys(model)
        for page in scan.paginate(TableName=model.Meta.table_name):
            for item in page["Items"]:
                name = "/".join(item[each].get("S", "") for each in (key, *other_keys))
                yield Place(f"{_short(model)} {name}", text_of(item))


def text_of(value: Any) -> str:
    """Returns all that is in a value of DynamoDB's, a stream's record or a message."""
    return json.dumps(value, ensure_ascii=False, default=_readable, sort_keys=True)


def records(seen: list[dict[str, Any]]) -> Iterator[Place]:
    """Yields each record of the tables' streams."""
    for record in seen:
        yield Place(f"stream {record['dynamodb']['Keys']}", text_of(_decode(record)))


def messages(sent: Iterable[dict[str, str]]) -> Iterator[Place]:
    """Yields each message that was ever sent. A dead-letter queue has the same messages."""
    for message in sent:
        yield Place(f"message to {message['QueueUrl'].rpartition('/')[2]}", text_of(message))


def _readable(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{_inflate(value)} {base64.b64encode(value).decode()}"
    return str(value)


def _decode(value: Any) -> Any:
    """Returns a record with the bytes of its images, which a stream has in base64."""
    if isinstance(value, dict):
        if set(value) == {"B"} and isinstance(value["B"], str):
            return {"B": base64.b64decode(value["B"])}
        return {name: _decode(each) for name, each in value.items()}
    return [_decode(each) for each in value] if isinstance(value, list) else value


def _inflate(value: bytes) -> str:
    try:
        return inflate(value).decode()
    except (zlib.error, ValueError, IndexError):
        return value.decode(errors="replace")


def _keys(model: Any) -> list[str]:
    return [name for name, each in model.get_attributes().items() if each.is_hash_key or each.is_range_key]


def _short(model: Any) -> str:
    return str(model.Meta.table_name).partition("-")[2]


def names_by_place(places: Iterable[Place]) -> dict[str, list[str]]:
    """Returns the words that are in each of these places that has some."""
    return {place.name: sorted(place.words) for place in places if place.words}
