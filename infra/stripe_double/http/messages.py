"""A request and its answer, without WSGI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request; header names are lower-case."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """Returns a header, or the empty string."""
        return self.headers.get(name, "")

    @property
    def form(self) -> str:
        """The encoded parameters: the body of a POST, the query of any other request."""
        return self.body.decode("utf-8") if self.method == "POST" else self.query


@dataclass
class Response:
    """An answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    not_before: float = 0.0
    """Epoch seconds before which the answer does not leave; its `Date` is not earlier."""


def as_json(status: int, data: Any, **headers: str) -> Response:
    """Returns a JSON answer. It is compact, because indenting costs more than all else."""
    body = json.dumps(data, default=str).encode()
    return Response(status, body, {"Content-Type": "application/json", **headers})


def as_html(status: int, page: str) -> Response:
    """Returns an HTML answer."""
    return Response(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def redirect(location: str) -> Response:
    """Returns a 303 to another page."""
    return Response(303, b"", {"Location": location, "Content-Type": "text/html; charset=utf-8"})
