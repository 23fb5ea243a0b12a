"""A small HTTP client: JSON or forms out, status and body back; redirects are not followed."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TIMEOUT = 30
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)

    @property
    def tag(self) -> str:
        """Returns the entity tag of the body."""
        return next(value for name, value in self.headers.items() if name.lower() == "etag")

    @property
    def error_code(self) -> str | None:
        """The code of an error answer, or None."""
        return None if self.status < 400 else str(self.json["error"]["code"])


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)


def request(
    method: str,
    url: str,
    *,
    json_body: object = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One request, answered whatever its status."""
    all_headers = dict(headers or {})
    body: bytes | None = None
    if json_body is not None:
        body = json.dumps(json_body).encode()
        all_headers["Content-Type"] = "application/json"
    elif form is not None:
        body = urllib.parse.urlencode(form).encode()
        all_headers["Content-Type"] = "application/x-www-form-urlencoded"
    http_request = urllib.request.Request(url, data=body, method=method, headers=all_headers)
    try:
        with _opener.open(http_request, timeout=TIMEOUT) as answer:
            return Response(answer.status, dict(answer.headers), answer.read().decode())
    except urllib.error.HTTPError as error_response:
        with error_response:
            return Response(error_response.code, dict(error_response.headers), error_response.read().decode())
