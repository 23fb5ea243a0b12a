"""Decodes what a client sends, strictly, and names the part that is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import TypeVar
from urllib.parse import unquote

import msgspec

from chalicelib.api.http import faults
from chalicelib.api.http.errors import UNSUPPORTED_MEDIA_TYPE
from chalicelib.api.http.query_string import faults_of_query, values_of
from chalicelib.api.models.exact import dec_hook, decoder
from chalicelib.domain.error_collector import raise_all
from chalicelib.domain.errors import Malformed, Unsupported
from chalicelib.domain.identifiers import ID_PATTERN

SEE_CONTRACT = "Compare it with /v1/openapi.json."
IDEMPOTENCY_KEY = "Idempotency-Key"
MAX_KEY = 255

KEY_PATTERN = rf"^(?=.*[!-~])[ -~]{{1,{MAX_KEY}}}$(?!\n)"
_KEY = re.compile(KEY_PATTERN)
_ID = re.compile(ID_PATTERN)

T = TypeVar("T", bound=msgspec.Struct)

_decoder_of = cache(decoder)


def check_json_type(content_type: str | None, *, repeated: bool = False) -> None:
    """Accepts JSON in UTF-8, named once. A missing header counts as JSON, as it does for API Gateway.

    Raises:
        Unsupported: the header names another type, or was sent more than once.
    """
    if content_type is None:
        return
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = {part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")}
    if repeated or media_type != "application/json" or not charsets <= {"utf-8", "utf8"}:
        raise Unsupported(
            UNSUPPORTED_MEDIA_TYPE,
            "The body must be JSON in UTF-8.",
            field="Content-Type",
            next_step="Send it with Content-Type: application/json.",
        )


def body_as(kind: type[T], body: bytes) -> T:
    """Returns the body as a model.

    Raises:
        Malformed: the body is not JSON or not of the model's shape. The error names the field and carries the other
          faults.
    """
    try:
        try:
            decoded: T = _decoder_of(kind).decode(body)
        except msgspec.ValidationError as exc:
            raise_all(_malformed_by("invalid_body", fault) for fault in _faults(kind, body))
            raise Malformed("invalid_body", f"{faults.describe(str(exc))}.", next_step=SEE_CONTRACT) from exc
        raise_all(_malformed_by("invalid_body", fault) for fault in faults.repeated_fields(kind, body))
    except (ValueError, RecursionError) as exc:
        raise Malformed(
            "malformed_json", "The body is not JSON.", next_step="Send one JSON object, in UTF-8."
        ) from exc
    return decoded


def _faults(kind: type[msgspec.Struct], body: bytes) -> Iterator[faults.Fault]:
    yield from faults.faults_of_body(kind, body)
    try:
        yield from faults.repeated_fields(kind, body)
    except (ValueError, RecursionError):
        return  # Behind a fault, the body may not be JSON at all. The fault itself has been reported.


def _malformed_by(code: str, fault: faults.Fault) -> Malformed:
    return Malformed(code, f"{fault.message}.", field=fault.field, next_step=SEE_CONTRACT)


def query_as(kind: type[T], query: Mapping[str, Sequence[str]]) -> T:
    """Returns the query string as a model.

    Raises:
        Malformed: a parameter is unknown, repeated or of the wrong type. The error names it and carries the other
          faults.
    """
    raise_all(_malformed_by("invalid_query", fault) for fault in faults_of_query(kind, query))
    return msgspec.convert(values_of(kind, query), kind, dec_hook=dec_hook)


def path_ids(path: Mapping[str, str]) -> dict[str, str]:
    """Returns the ids in the path, decoded. API Gateway may have left the percent-encoding in place.

    Raises:
        Malformed: a value cannot be an id.
    """
    ids = {name: unquote(value) for name, value in path.items()}
    for name, value in ids.items():
        if not _ID.search(value):
            raise Malformed(
                "invalid_id",
                "This is not an id: letters, digits and ._:~- are, up to 128 of them.",
                field=name,
                next_step="Use the id as POM gave it.",
            )
    return ids


def idempotency_key(headers: Mapping[str, str], repeated: Collection[str] = ()) -> str | None:
    """Returns the Idempotency-Key, or None without the header. An empty key is refused, because it would not protect.

    Raises:
        Malformed: the key is empty, blank, too long or not printable ASCII, or was sent more than once.
    """
    name = IDEMPOTENCY_KEY.lower()
    key = headers.get(name)
    if key is not None and (name in repeated or not _KEY.fullmatch(key)):
        raise Malformed(
            "invalid_idempotency_key",
            f"An Idempotency-Key is 1 to {MAX_KEY} printable ASCII characters, not all of them blanks, sent once.",
            field=IDEMPOTENCY_KEY,
            next_step="Send a random key such as a UUID, a new one for each new request.",
        )
    return key


def required_idempotency_key(headers: Mapping[str, str], repeated: Collection[str] = ()) -> str:
    """Returns the Idempotency-Key of a request that would pay twice if it were repeated by accident.

    Raises:
        Malformed: the key is missing or invalid.
    """
    key = idempotency_key(headers, repeated)
    if key is None:
        raise Malformed(
            "idempotency_key_missing",
            "The Idempotency-Key is missing. Without one, a request that is repeated by accident would pay twice.",
            field=IDEMPOTENCY_KEY,
            next_step="Send a random key such as a UUID: a new one for each refund, and the same one to repeat a "
            "request that got no response.",
        )
    return key
