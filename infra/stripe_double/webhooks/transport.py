"""Sends a webhook over the network. Tests give a callable of their own instead."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

Transport = Callable[[str, bytes, Mapping[str, str]], int]
"""(url, body, headers) -> HTTP status; raises OSError when there is no answer."""


def http_transport(timeout: float) -> Transport:
    """Returns a transport that POSTs over a fresh connection, and like Stripe follows no redirect."""

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
