"""Entity tags (RFC 9110, 8.8 and 13): unchanged responses are not sent again, unseen changes not overwritten.

The tag of a response is `"<digest>"`, a digest of the body and its media type. Where clients can replace the object,
the tag is `"<digest>.<edit tag>"`. If-None-Match compares the whole tag. If-Match compares the edit tag alone, so a
change that only POM's workers make is no conflict.

`W/` before a tag is ignored. A proxy that compresses a response adds it, and the tag still names what the client
read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from hashlib import sha256

from chalicelib.domain.errors import Malformed
from chalicelib.domain.preconditions import Precondition

ETAG = "ETag"
IF_MATCH = "If-Match"
IF_NONE_MATCH = "If-None-Match"
ANY = "*"
DIGITS = 32

_TAG = r'"[!#-~]*"'
_BLANKS = r"[ \t]*"
_LIST = rf"(?:W/)?{_TAG}(?:{_BLANKS},{_BLANKS}(?:W/)?{_TAG})*"
TAGS_PATTERN = rf"^{_BLANKS}(?:\*|{_LIST}){_BLANKS}$(?!\n)"
"""The form of both headers: `*` or a list of tags. `(?!\\n)` is for Python, whose `$` also matches before a
newline.
"""
_TAGS = re.compile(TAGS_PATTERN)
_EACH = re.compile(_TAG)


def etag_of(body: bytes, content_type: str, edit_tag: str | None) -> str:
    """Returns the tag of a response, in its quotes. `edit_tag` is None if clients cannot replace the object."""
    digest = sha256(content_type.encode() + b"\n" + body).hexdigest()[:DIGITS]
    return f'"{digest}"' if edit_tag is None else f'"{digest}.{edit_tag}"'


def client_has(etag: str, headers: Mapping[str, str]) -> bool:
    """Returns True if If-None-Match says that the client has the response with this tag."""
    tags = _tags_in(IF_NONE_MATCH, headers, ())
    return tags is not None and not tags.isdisjoint((ANY, etag))


def check_if_none_match(headers: Mapping[str, str], repeated: Collection[str]) -> None:
    """Checks the form of If-None-Match.

    Raises:
        Malformed: the header is no list of tags, or was sent more than once.
    """
    _tags_in(IF_NONE_MATCH, headers, repeated)


def precondition(headers: Mapping[str, str], repeated: Collection[str]) -> Precondition | None:
    """Returns the precondition of If-Match, or None without that header.

    Raises:
        Malformed: the header is no list of tags, or was sent more than once.
    """
    tags = _tags_in(IF_MATCH, headers, repeated)
    if tags is None:
        return None
    return Precondition(None if ANY in tags else frozenset(tag.strip('"').rpartition(".")[2] for tag in tags))


def refuse_condition(name: str, headers: Mapping[str, str]) -> None:
    """Refuses a condition on a route that does not support it, because the client relies on the condition.

    Raises:
        Malformed: the header was sent.
    """
    if name.lower() in headers:
        raise Malformed(
            "invalid_precondition",
            f"This request takes no {name}.",
            field=name,
            next_step=f"Send it without {name}. /v1/openapi.json says which requests take it.",
        )


def _tags_in(name: str, headers: Mapping[str, str], repeated: Collection[str]) -> frozenset[str] | None:
    """Returns the tags in a header, in their quotes, or `ANY` alone, or None without that header."""
    value = headers.get(name.lower())
    if value is None:
        return None
    if name.lower() in repeated or not _TAGS.search(value):
        raise Malformed(
            "invalid_precondition",
            f"{name} is * or a list of tags in double quotes, such as an ETag, in one header.",
            field=name,
            next_step="Send the ETag of an answer as it was received, quotes included.",
        )
    return frozenset((ANY,)) if value.strip() == ANY else frozenset(_EACH.findall(value))
