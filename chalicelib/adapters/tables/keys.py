"""Makes keys from ids, and cursors from keys."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from chalicelib.domain.errors import Refused
from chalicelib.domain.identifiers import digest

_DIGITS = 12
_TAG = 8
_MAX_RANGE_KEY = 1024  # bytes, DynamoDB's limit

LOWEST, HIGHEST = "0", "~"
"""Bounds below and above every `moment`."""

DATED_FORM = rf"[0-9]{{{_DIGITS}}}#[^#]+"
"""The form of a position in a list by time: a `moment` and an id."""
TEXT_FORM = r"(?s).+"
"""The form of a position in a list that is a partition of its own."""


def key(*parts: str) -> str:
    """Returns one key for `parts`. Different parts never share a key, whatever the ids contain."""
    escaped_parts = [part.replace("%", "%25").replace("#", "%23") for part in parts]
    return "#".join(escaped_parts)


def parts_of_key(joined: str) -> tuple[str, ...]:
    """Returns the parts from which `key` made this key."""
    return tuple(part.replace("%23", "#").replace("%25", "%") for part in joined.split("#"))


def moment(at: int) -> str:
    """Returns epoch seconds in a form that sorts as text."""
    return f"{min(max(at, 0), 10**_DIGITS - 1):0{_DIGITS}d}"


def cursor(partition: str, position: str) -> str:
    """Returns an opaque cursor that continues behind the range key `position`.

    The cursor reveals nothing about the partition, and is valid for this partition only.
    """
    return urlsafe_b64encode(f"{_tag(partition)}{position}".encode()).decode().rstrip("=")


def position_of(partition: str, after: str, form: str) -> str:
    """Returns the range key in a cursor of this partition. `form` is the pattern of the list's range keys.

    A client may have edited the cursor. A position of another form could lie outside the list, where a query would
    return items of another kind, or where DynamoDB refuses its bounds.

    Raises:
        Refused: the cursor was not made for this partition, or is not a position in this list.
    """
    try:
        text = urlsafe_b64decode(after.encode("ascii") + b"=" * (-len(after) % 4)).decode()
    except (binascii.Error, ValueError) as exc:
        raise _cursor_invalid() from exc
    tag, position = text[:_TAG], text[_TAG:]
    if tag != _tag(partition) or not re.fullmatch(form, position) or len(position.encode()) > _MAX_RANGE_KEY:
        raise _cursor_invalid()
    return position


def _tag(partition: str) -> str:
    return digest("cursor", partition)[:_TAG]


def _cursor_invalid() -> Refused:
    return Refused(
        "cursor_invalid",
        "This cursor does not belong to this list.",
        field="after",
        next_step="Begin again without `after`, and use the same filters on every page.",
    )
