"""Serves requests as WSGI, and closes a connection without a response if a fault says so."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import ConnectionDropped
from .messages import Request, Response

StartResponse = Callable[..., Any]
_REASONS = {
    200: "OK", 303: "See Other", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden",
    404: "Not Found", 409: "Conflict", 410: "Gone", 429: "Too Many Requests", 500: "Internal Server Error",
}  # fmt: skip


def serve(
    handle: Callable[[Request], Response], environ: dict[str, Any], start_response: StartResponse
) -> Iterable[bytes]:
    """Serves a WSGI request and returns the body. Raises ConnectionDropped after it closed the connection."""
    headers = {k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_")}
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
    request = Request(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), body, headers)
    try:
        response = handle(request)
    except ConnectionDropped:
        _close_connection(environ)
        raise
    header_list = [*response.headers.items(), ("Content-Length", str(len(response.body)))]
    start_response(f"{response.status} {_REASONS.get(response.status, 'Status')}", header_list)
    return [response.body]


def _close_connection(environ: dict[str, Any]) -> None:
    """Closes waitress's connection. Any other server only gets the exception."""
    channel = getattr(environ.get("waitress.client_disconnected"), "__self__", None)
    if channel is not None:
        channel.socket.shutdown(socket.SHUT_RDWR)
