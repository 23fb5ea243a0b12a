"""Posts signed events to our own webhook endpoint at its public URL, as Stripe does."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from chalicelib.adapters.stripe.events import signature_header
from chalicelib.config import ConfigurationError
from chalicelib.domain.errors import Retryable

TIMEOUT = 10
"""Seconds to connect, and to wait for each part of the response. Stripe waits longer."""

_WITHOUT_TLS = frozenset(("http", host) for host in ("127.0.0.1", "::1", "localhost"))
"""Hosts that may be called without TLS, because the request does not leave this machine."""

LONGEST_RESPONSE = 64 * 1024


class HttpOwnWebhook:
    """Implements `ports.OwnWebhook`. Redirects are not followed, and no proxy is used."""

    def __init__(self, url: str, secrets: Callable[[], Sequence[str]]) -> None:
        """`url` is the full URL of the endpoint.

        Raises:
            ConfigurationError: the URL is not https and not on this machine.
        """
        parts = urlsplit(url)
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme, parts.hostname) in _WITHOUT_TLS):
            raise ConfigurationError(f"{url} is not an https URL, and signed events are only sent over https.")
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path
        self._tls = parts.scheme == "https"
        self._secrets = secrets

    def secrets(self) -> Sequence[str]:
        try:
            return [secret for secret in self._secrets() if secret]
        except ConfigurationError as exc:
            raise Retryable("secrets_unusable", "Stripe's credentials are missing or of another form.") from exc

    def post(self, body: bytes, secret: str, at: int) -> int:
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature_header(body, secret, at)}
        connection = self._connection()
        try:
            connection.request("POST", self._path, body, headers)
            response = connection.getresponse()
            response.read(LONGEST_RESPONSE)
        except (OSError, HTTPException) as exc:
            raise Retryable("webhooks_unreachable", "Our webhook endpoint does not respond.") from exc
        finally:
            connection.close()
        return response.status

    def _connection(self) -> HTTPConnection:
        if not self._tls:
            return HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        return HTTPSConnection(self._host, self._port, timeout=TIMEOUT, context=ssl.create_default_context())
