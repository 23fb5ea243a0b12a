"""A small HTTP client. It sends JSON or forms, returns status and body, and does not follow redirects."""

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
    """The response to a request."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """Returns the body as JSON."""
        return json.loads(self.text)

    @property
    def tag(self) -> str:
        """Returns the entity tag of the body."""
        return next(value for name, value in self.headers.items() if name.lower() == "etag")

    @property
    def error_code(self) -> str | None:
        """Returns the code of an error response, or None for any other response."""
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
    """Sends one request and returns the response, whatever its status is."""
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
