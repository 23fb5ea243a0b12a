"""Entity tags (RFC 9110, 8.8 and 13): nobody is sent what they have, or overwrites what they have not seen.

The tag of an answer is `"<digest>"`, a digest of the body and its media type. Where clients can replace the thing,
the tag is `"<digest>.<edit tag>"`. If-None-Match is about the whole tag. If-Match is about the edit tag alone, so a
change that only POM's workers make is no conflict.

`W/` before a tag makes no difference. A proxy that compresses an answer puts it there, and the tag still names what
was read.
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
"""Both headers: `*` or a list of tags. `(?!\\n)` is for Python, whose `$` also matches before a newline."""
_TAGS = re.compile(TAGS_PATTERN)
_EACH = re.compile(_TAG)


def etag_of(body: bytes, content_type: str, edit_tag: str | None) -> str:
    """Returns the tag of an answer, in its quotes. `edit_tag` is None for what clients do not replace."""
    digest = sha256(content_type.encode() + b"\n" + body).hexdigest()[:DIGITS]
    return f'"{digest}"' if edit_tag is None else f'"{digest}.{edit_tag}"'


def client_has(etag: str, headers: Mapping[str, str]) -> bool:
    """Returns True if the client says in If-None-Match that it has the answer of this tag."""
    tags = _tags_in(IF_NONE_MATCH, headers, ())
    return tags is not None and not tags.isdisjoint((ANY, etag))


def check_if_none_match(headers: Mapping[str, str], repeated: Collection[str]) -> None:
    """Checks the form of If-None-Match.

    Raises:
        Malformed: the header is no list of tags, or was sent more than once.
    """
    _tags_in(IF_NONE_MATCH, headers, repeated)


def precondition(headers: Mapping[str, str], repeated: Collection[str]) -> Precondition | None:
    """Returns what If-Match asks for; None without that header.

    Raises:
        Malformed: the header is no list of tags, or was sent more than once.
    """
    tags = _tags_in(IF_MATCH, headers, repeated)
    if tags is None:
        return None
    return Precondition(None if ANY in tags else frozenset(tag.strip('"').rpartition(".")[2] for tag in tags))


def refuse_condition(name: str, headers: Mapping[str, str]) -> None:
    """Refuses a condition where it would not be looked at, because the client relies on it.

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
    """Returns the tags that a header lists, in their quotes, or `ANY` alone; None without that header."""
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
