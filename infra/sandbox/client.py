"""The HTTP client of a run: counts each request, keeps to a pace, and records the exchange without secrets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe

from infra.stripe_double.recordings.recording import KEPT_HEADERS, Exchange, story_of

MAX_REQUESTS = 400
"""The most requests that one run may make."""
CLEANUP_REQUESTS = 25
"""Requests of the budget that are reserved for cleaning up. A complete run needs half of them."""
TOO_MANY_REQUESTS = 429
RETRY_DELAYS = (1.0, 2.0, 4.0)
"""Seconds before a request that hit a rate limit is sent again, one value for each retry."""


class BudgetSpent(Exception):
    """Raised when the run has used all its requests."""


@dataclass
class Budget:
    """The number of requests that a run may still make."""

    allowed: int = MAX_REQUESTS
    reserved: int = CLEANUP_REQUESTS
    used: int = 0
    by_part: Counter[str] = field(default_factory=Counter)
    """The requests made by each story, by all promises, by the product, and by cleaning up."""
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def remaining(self) -> int:
        """Returns how many requests may still be made, without the requests reserved for cleaning up."""
        return self.allowed - self.reserved - self.used

    def spend(self, step: str = "") -> None:
        """Counts one request of a step. Raises BudgetSpent if no request remains."""
        with self._lock:  # the processes of the local stack send requests at the same time
            if self.remaining <= 0:
                raise BudgetSpent(f"The {self.allowed - self.reserved} requests of a run are used up.")
            self.used += 1
            self.by_part[story_of(step)] += 1

    def release_reserve(self) -> None:
        """Makes the requests that were reserved for cleaning up available."""
        self.reserved = 0


@dataclass
class Recorder:
    """Stores redacted exchanges, oldest first. `step` is the name of the step that is running."""

    redact: Callable[[Exchange], Exchange]
    step: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    def record(self, exchange: Exchange) -> None:
        """Stores an exchange."""
        self.exchanges.append(self.redact(exchange))

    def last(self, path: str) -> Any:
        """Returns the redacted body of the latest response for this path. Raises LookupError if there is none."""
        for exchange in reversed(self.exchanges):
            if exchange.path == path:
                return exchange.body
        raise LookupError(f"No request was made to {path}.")

    def keep_last_poll(self, since: int, until: Mapping[str, Any]) -> None:
        """Removes the exchanges from position `since` on, except the last, which is stored with `until`.

        `until` holds the values that the polling waited for.
        """
        last = self.exchanges[-1]
        self.exchanges[since:] = [replace(last, until=dict(until))]

    @contextmanager
    def during(self, step: str) -> Iterator[None]:
        """Records the exchanges of the block under this step."""
        former, self.step = self.step, step
        try:
            yield
        finally:
            self.step = former


class RecordingClient(stripe.HTTPClient):
    """An HTTP client for the Stripe SDK that wraps another client."""

    name = "sandbox"

    def __init__(
        self,
        inner: stripe.HTTPClient,
        recorder: Recorder,
        budget: Budget,
        now: Callable[[], float],
        pace: Callable[[], None] = lambda: None,
        caller: str = "",
        wait: Callable[[float], None] | None = None,
    ) -> None:
        """Stores the inner client and its settings.

        `caller` says which key is used, as in `Exchange.caller`. `wait` lets seconds pass before a rate-limited
        request is sent again; without it, no request is retried.
        """
        super().__init__()
        self._caller, self._wait = caller, wait
        self._inner, self._recorder, self._budget, self._now, self._pace = inner, recorder, budget, now, pace

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[Any, int, Any]:
        """Sends one request of the SDK. Raises BudgetSpent, and the errors of the inner client.

        A rate-limited request is retried, because limits depend on the other traffic of the account.
        """
        response, waits = self._send(method, url, headers, post_data), iter(RETRY_DELAYS)
        while self._wait and _is_limited(*response) and (seconds := next(waits, None)):
            self._wait(seconds)
            response = self._send(method, url, headers, post_data)
        return response

    def _send(self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any) -> tuple[Any, int, Any]:
        self._budget.spend(self._recorder.step)
        self._pace()
        exchange = self._unanswered_exchange(method, url, headers or {}, post_data)
        try:
            body, status, response_headers = self._inner.request(method, url, headers, post_data)
        except stripe.APIConnectionError as error:
            self._recorder.record(replace(exchange, body={"connection": type(error).__name__}))
            raise
        self._recorder.record(
            replace(exchange, status=status, body=_json(body), headers=_recorded_headers(response_headers))
        )
        return body, status, response_headers

    def _unanswered_exchange(self, method: str, url: str, headers: Mapping[str, str], data: Any) -> Exchange:
        """Returns the exchange of a request that has no response yet."""
        parts, request_headers = urlsplit(url), {name.lower(): value for name, value in headers.items()}
        text = data.decode() if isinstance(data, bytes) else data or ""
        parameters = parse_qsl(text if method.upper() == "POST" else parts.query, keep_blank_values=True)
        return Exchange(
            self._recorder.step,
            self._now(),
            method.upper(),
            parts.path,
            0,
            None,
            tuple(parameters),
            account=request_headers.get("stripe-account"),
            key=request_headers.get("idempotency-key"),
            caller=self._caller,
        )

    def close(self) -> None:
        """Closes the inner client."""
        inner: Any = self._inner  # the SDK gives it no types
        inner.close()


def _recorded_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if name.lower() in KEPT_HEADERS}


def _is_limited(body: Any, status: int, _: Any) -> bool:
    """Returns True for a rate limit, and False for a lock timeout, which the product retries itself."""
    document = _json(body) if status == TOO_MANY_REQUESTS else None
    error = document.get("error") if isinstance(document, dict) else None
    return isinstance(error, dict) and error.get("code") == "rate_limit"


def _json(body: Any) -> Any:
    text = body.decode() if isinstance(body, bytes) else body
    try:
        return json.loads(text)
    except ValueError:
        return {"unreadable": len(text)}
