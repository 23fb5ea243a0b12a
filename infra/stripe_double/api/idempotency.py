"""Idempotency keys (https://docs.stripe.com/api/idempotent_requests).

A key belongs to one account and is retained for 24 hours of the double's clock. The stored response is the first one
after execution began, even a 500. Errors of parameters, authentication and rate limits are not stored.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass

from ..clock import DAY, Clock
from ..errors import InvalidParams, StripeFault

RETENTION = DAY
MAX_LENGTH = 255


@dataclass
class FirstRequest:
    """The first request with a key. `response` is None while the request is executed."""

    fingerprint: str
    path: str
    at: float
    response: tuple[int, bytes] | None = None


class IdempotencyStore:
    """The first response to each key.

    The store has its own lock. While one request holds the world's lock, another request with the same key must be
    able to learn that the first is in flight.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stored: dict[tuple[str, str], FirstRequest] = {}

    def begin(self, account: str, key: str, path: str, body: str) -> tuple[int, bytes] | None:
        """Returns the stored status and body to replay, or None if this is the first request with the key.

        After None, the caller executes the request, and then calls `finish` or `forget`.

        Raises StripeFault 409 while the first request is in flight, and 400 for another path or other parameters.
        """
        if len(key) > MAX_LENGTH:
            raise InvalidParams(f"Idempotency keys can have up to {MAX_LENGTH} characters.")
        fingerprint = hashlib.sha256(body.encode()).hexdigest()
        with self._lock:
            first_request = self._stored.get((account, key))
            if first_request is None or first_request.at <= self._clock.now() - RETENTION:
                self._stored[account, key] = FirstRequest(fingerprint, path, self._clock.now())
                return None
            if first_request.path != path:
                raise _misuse(
                    "Keys for idempotent requests can only be used for the same endpoint they were first used for"
                    f" ('{first_request.path}'). Try using a key other than '{key}' if you meant to execute a"
                    " different request."
                )
            if first_request.fingerprint != fingerprint:
                raise _misuse(
                    "Keys for idempotent requests can only be used with the same parameters they were first used"
                    f" with. Try using a key other than '{key}' if you meant to execute a different request."
                )
            if first_request.response is None:
                raise StripeFault(
                    409,
                    "There is currently another in-progress request using this Idempotent Key (that probably means"
                    f" you submitted twice, and the other request is still going through): {key}. Try again later.",
                    kind="idempotency_error",
                    code="idempotency_key_in_use",
                    stored=False,
                )
            return first_request.response

    def finish(self, account: str, key: str, status: int, body: bytes) -> None:
        """Stores the response to the first request with the key."""
        with self._lock:
            self._stored[account, key].response = (status, body)

    def forget(self, account: str, key: str) -> None:
        """Removes the key of a request that was not executed, so that the key can be used again."""
        with self._lock:
            self._stored.pop((account, key), None)


def _misuse(message: str) -> StripeFault:
    return StripeFault(400, message, kind="idempotency_error", stored=False)
