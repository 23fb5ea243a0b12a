"""Sends a webhook over the network. Tests pass their own callable instead."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

Transport = Callable[[str, bytes, Mapping[str, str]], int]
"""A function (url, body, headers) -> HTTP status. It raises OSError if no response arrives."""


def http_transport(timeout: float) -> Transport:
    """Returns a transport that POSTs over a new connection and follows no redirect, as Stripe does."""

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=timeout)
        try:
            connection.request(
                "POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, dict(headers)
            )
            response = connection.getresponse()
            response.read()
            return response.status
        except http.client.HTTPException as exc:
            raise OSError(f"{type(exc).__name__}: {exc}") from exc
        finally:
            connection.close()

    return post
