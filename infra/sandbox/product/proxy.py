"""The proxy between the stack and Stripe: replaces a placeholder by the key, counts, records, and forwards.

The stack stores and logs its key. So the stack gets a placeholder, and the key stays in this process.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import stripe

from infra.local.wsgi import Environ, StartResponse
from infra.sandbox.client import BudgetSpent
from infra.sandbox.session import Session

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
     "upgrade"}
)  # fmt: skip
"""Headers of a single connection, which a proxy must not forward
(https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1).
"""
NOT_FORWARDED = HOP_BY_HOP | {"host", "content-length", "accept-encoding"}
"""Request headers that the forwarding client sets itself."""
NOT_RETURNED = HOP_BY_HOP | {"content-length", "content-encoding"}
"""Response headers that no longer apply, because the client has decompressed the body."""


class Proxy:
    """A WSGI application that forwards requests to Stripe, with the real key in place of the placeholder."""

    def __init__(self, session: Session, placeholder: str) -> None:
        self._client, self._key, self._placeholder = session.carrier(), session.key, placeholder
        self._bases = {"v1": session.target.api_base, "oauth": session.target.connect_base}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Forwards one request to Stripe, and returns Stripe's response."""
        status, headers, body = self._forward(environ)
        returned_headers = [(name, value) for name, value in headers.items() if name.lower() not in NOT_RETURNED]
        phrase = HTTPStatus(status).phrase
        start_response(f"{status} {phrase}", [*returned_headers, ("Content-Length", str(len(body)))])
        return [body]

    def _forward(self, environ: Environ) -> tuple[int, Mapping[str, str], bytes]:
        path = environ["PATH_INFO"]
        base = self._bases.get(path.split("/")[1])
        if base is None:
            return _error_response(404, "The sandbox's proxy passes on /v1 and /oauth only.")
        headers = _forwarded_headers(environ)
        if not hmac.compare_digest(headers.get("authorization", ""), f"Bearer {self._placeholder}"):
            return _error_response(401, "The sandbox's proxy serves only the stack that it was started for.")
        headers["authorization"] = f"Bearer {self._key}"
        query = environ.get("QUERY_STRING")
        url = f"{base}{quote(path)}" + (f"?{query}" if query else "")
        request_body = environ["wsgi.input"].read().replace(self._placeholder.encode(), self._key.encode())
        try:
            body, status, response_headers = self._client.request(
                environ["REQUEST_METHOD"].lower(), url, headers, request_body or None
            )
        except BudgetSpent as spent:
            return _error_response(429, str(spent), code="rate_limit")
        except stripe.APIConnectionError as lost:
            return _error_response(502, f"No answer came from Stripe ({type(lost).__name__}).")
        return status, response_headers, body if isinstance(body, bytes) else body.encode()


def _forwarded_headers(environ: Environ) -> dict[str, str]:
    """Returns the request headers to forward, with names in lower case."""
    headers = {
        name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
    }
    if content_type := environ.get("CONTENT_TYPE"):
        headers["content-type"] = content_type
    return {name: value for name, value in headers.items() if name not in NOT_FORWARDED}


def _error_response(status: int, message: str, **further_fields: Any) -> tuple[int, Mapping[str, str], bytes]:
    """Returns an error response in Stripe's form. The SDK does not retry it."""
    error = {"type": "invalid_request_error" if status < 500 else "api_error", "message": message, **further_fields}
    headers = {"Content-Type": "application/json", "Stripe-Should-Retry": "false"}
    return status, headers, json.dumps({"error": error}).encode()
