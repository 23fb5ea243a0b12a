"""A request and its response, independent of WSGI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request. The names of its headers are lower-case."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """Returns the value of a header; an empty string if it is absent."""
        return self.headers.get(name, "")

    @property
    def form(self) -> str:
        """The encoded parameters: the body of a POST, or the query of any other request."""
        return self.body.decode("utf-8") if self.method == "POST" else self.query


@dataclass
class Response:
    """A response."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    not_before: float = 0.0
    """The epoch second before which the response is not sent. Its `Date` is not earlier."""


def as_json(status: int, data: Any, **headers: str) -> Response:
    """Returns a JSON response. The JSON is compact, because indenting takes more time than all other steps
    together.
    """
    body = json.dumps(data, default=str).encode()
    return Response(status, body, {"Content-Type": "application/json", **headers})


def as_html(status: int, page: str) -> Response:
    """Returns an HTML response."""
    return Response(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def redirect(location: str) -> Response:
    """Returns a 303 that redirects to another page."""
    return Response(303, b"", {"Location": location, "Content-Type": "text/html; charset=utf-8"})
