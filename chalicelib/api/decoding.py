"""Reads what a client sends, strictly, and says where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeVar
from urllib.parse import unquote

import msgspec

from chalicelib.api.errors import PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE
from chalicelib.api.models.exact import decoder
from chalicelib.api.table import KIB
from chalicelib.domain.errors import Malformed, Unsupported
from chalicelib.domain.identifiers import ID_PATTERN

SEE_CONTRACT = "Compare it with /v1/openapi.json."
IDEMPOTENCY_KEY = "Idempotency-Key"
MAX_KEY = 255
MAX_NAME = 100
"""Letters of an unknown field's name that are repeated to the client."""

_PROBLEM = re.compile(r"(?P<what>.*?)(?: - at `(?P<place>key in )?\$(?P<path>[^`]*)`)?", re.DOTALL)
_NAMED = re.compile(r"Object (?:contains unknown|missing required) field `(?P<name>.*)`", re.DOTALL)
_KEY = re.compile(rf"[\x20-\x7e]{{1,{MAX_KEY}}}")
_ID = re.compile(ID_PATTERN)

T = TypeVar("T")


_decoders: dict[type, msgspec.json.Decoder[Any]] = {}


def check_size(body: bytes, limit: int) -> None:
    """Raises: Unsupported."""
    if len(body) > limit:
        raise Unsupported(
            PAYLOAD_TOO_LARGE,
            f"The body is larger than {limit // KIB} KiB.",
            next_step="Send less at once; an invoice takes 250 lines.",
        )


def check_json_type(content_type: str | None) -> None:
    """JSON in UTF-8 is the only type; no header at all counts as JSON, as it does for API Gateway.

    Raises:
        Unsupported: anything else.
    """
    if content_type is None:
        return
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = {part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")}
    if media_type != "application/json" or not charsets <= {"utf-8", "utf8"}:
        raise Unsupported(
            UNSUPPORTED_MEDIA_TYPE,
            "The body must be JSON in UTF-8.",
            field="Content-Type",
            next_step="Send it with Content-Type: application/json.",
        )


def body_as(kind: type[T], body: bytes) -> T:
    """The body as a model.

    Raises:
        Malformed: not JSON, or not of the model's shape; names the field.
    """
    try:
        decoded: T = _decoder_of(kind).decode(body)
    except msgspec.ValidationError as exc:
        _refuse("invalid_body", str(exc), exc)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise Malformed(
            "malformed_json", "The body is not JSON.", next_step="Send one JSON object, in UTF-8."
        ) from exc
    return decoded


def _decoder_of(kind: type) -> msgspec.json.Decoder[Any]:
    known = _decoders.get(kind)
    if known is None:
        known = _decoders[kind] = decoder(kind)
    return known


def query_as(kind: type[T], query: Mapping[str, Sequence[str]]) -> T:
    """The query string as a model.

    Raises:
        Malformed: a parameter is unknown, repeated, or of the wrong type; names it.
    """
    for name, values in query.items():
        if len(values) != 1:
            raise Malformed(
                "invalid_query", "This parameter is given twice.", field=name[:MAX_NAME], next_step=SEE_CONTRACT
            )
    single: dict[str, Any] = {name: values[0] for name, values in query.items()}
    try:
        return msgspec.convert(single, kind, strict=False)
    except msgspec.ValidationError as exc:
        _refuse("invalid_query", str(exc), exc)


def path_ids(path: Mapping[str, str]) -> dict[str, str]:
    """The ids in the path. API Gateway may or may not have taken off the percent-encoding.

    Raises:
        Malformed: not an id.
    """
    decoded = {name: unquote(value) for name, value in path.items()}
    for name, value in decoded.items():
        if not _ID.search(value):
            raise Malformed(
                "invalid_id",
                "This is not an id: letters, digits and ._:~- are, up to 128 of them.",
                field=name,
                next_step="Use the id as POM gave it.",
            )
    return decoded


def idempotency_key(headers: Mapping[str, str]) -> str | None:
    """The Idempotency-Key, if there is one.

    Raises:
        Malformed: empty, too long, or not printable ASCII.
    """
    key = headers.get(IDEMPOTENCY_KEY.lower())
    if key is not None and not _KEY.fullmatch(key):
        raise Malformed(
            "invalid_idempotency_key",
            f"An Idempotency-Key is 1 to {MAX_KEY} printable ASCII characters.",
            field=IDEMPOTENCY_KEY,
            next_step="Send a random key such as a UUID, a new one for each new request.",
        )
    return key


def _refuse(code: str, message: str, cause: msgspec.ValidationError) -> NoReturn:
    what, field = problem_and_field(message)
    raise Malformed(code, f"{what}.", field=field, next_step=SEE_CONTRACT) from cause


def problem_and_field(message: str) -> tuple[str, str | None]:
    """msgspec's message taken apart: what is wrong, and where, as `lineItems[0].quantity`."""
    found = _PROBLEM.fullmatch(message)
    if found is None:
        return message, None
    path = (found["path"] or "").removeprefix(".")
    what = found["what"]
    named = _NAMED.fullmatch(what)
    if named is None:
        return what, path or None
    name = named["name"][:MAX_NAME]
    missing = "missing" in what[: len("Object missing")]
    return ("This field is missing" if missing else "This field is not known"), f"{path}.{name}" if path else name
