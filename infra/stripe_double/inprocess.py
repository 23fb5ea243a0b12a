"""An HTTP client for the SDK that calls a double in the same process, without a port or a thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import stripe

from .errors import ConnectionDropped
from .http.messages import Request, Response


class RequestHandler(Protocol):
    """An object that responds to requests: a double, or a wrapper around a double."""

    def handle(self, request: Request) -> Response:
        """Returns the response. Raises ConnectionDropped if no response is sent."""


class InProcessClient(stripe.HTTPClient):
    """An SDK client for one double: `StripeClient(key, http_client=InProcessClient(double))`.

    The SDK retries without waiting.
    """

    name = "stripe-double"

    def __init__(self, double: RequestHandler) -> None:
        super().__init__()
        self._double = double

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        """Returns the body, the status and the headers. Raises stripe.APIConnectionError if a fault closes the
        connection.
        """
        parts = urlsplit(url)
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        request_headers = {k.lower(): v for k, v in (headers or {}).items()}
        try:
            response = self._double.handle(Request(method.upper(), parts.path, parts.query, body, request_headers))
        except ConnectionDropped:
            connection_error: Any = stripe.APIConnectionError
            raise connection_error("connection closed by the Stripe double", should_retry=True) from None
        response_headers = stripe_headers(response.headers)
        return response.body.decode(), response.status, response_headers

    def close(self) -> None:
        """Does nothing, because the client holds no connection."""

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return 0.0


def stripe_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Returns the headers with lower-case names, because the SDK looks them up in lower case."""
    return {k.lower(): v for k, v in headers.items()}
