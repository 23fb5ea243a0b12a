"""Carries each request to Stripe: counts it, keeps to a pace, and records it without secrets."""

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
"""Requests of one run."""
CLEANUP_REQUESTS = 25
"""Of these, what is kept for cleaning up. A whole run needs half of it."""


TOO_MANY_REQUESTS = 429
RETRY_DELAYS = (1.0, 2.0, 4.0)
"""Seconds until a request that a limit refused is sent again."""


class BudgetSpent(Exception):
    """The run has made all the requests that it may."""


@dataclass
class Budget:
    """How many requests may still be made."""

    allowed: int = MAX_REQUESTS
    reserved: int = CLEANUP_REQUESTS
    used: int = 0
    by_part: Counter[str] = field(default_factory=Counter)
    """How many of them each story has made, all promises, the product, and cleaning up."""
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def remaining(self) -> int:
        """The requests that may still be made, without those for cleaning up."""
        return self.allowed - self.reserved - self.used

    def spend(self, step: str = "") -> None:
        """Counts a request of a step. Raises BudgetSpent if none is left."""
        with self._lock:  # the stack's processes ask at the same time
            if self.remaining <= 0:
                raise BudgetSpent(f"The {self.allowed - self.reserved} requests of a run are used up.")
            self.used += 1
            self.by_part[story_of(step)] += 1

    def release_reserve(self) -> None:
        """Allows the requests that were kept for cleaning up."""
        self.reserved = 0


@dataclass
class Recorder:
    """Keeps exchanges, redacted, oldest first. `step` is the one that asks now."""

    redact: Callable[[Exchange], Exchange]
    step: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    def record(self, exchange: Exchange) -> None:
        """Keeps an exchange."""
        self.exchanges.append(self.redact(exchange))

    def last(self, path: str) -> Any:
        """Returns the body of the last answer to a request for this path, redacted. Raises LookupError."""
        for exchange in reversed(self.exchanges):
            if exchange.path == path:
                return exchange.body
        raise LookupError(f"Nothing was asked of {path}.")

    def keep_last_poll(self, since: int, until: Mapping[str, Any]) -> None:
        """Drops all exchanges from position `since` on but the last, and notes what that one was waited for."""
        last = self.exchanges[-1]
        self.exchanges[since:] = [replace(last, until=dict(until))]

    @contextmanager
    def during(self, step: str) -> Iterator[None]:
        """Names the step of what is asked within."""
        former, self.step = self.step, step
        try:
            yield
        finally:
            self.step = former


class RecordingClient(stripe.HTTPClient):
    """An HTTP client for the SDK, around another."""

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
        """`caller` says whose key is used, as `Exchange.caller` does.

        `wait` lets seconds pass before a request that a limit refused is sent again. Without it, none is.
        """
        super().__init__()
        self._caller, self._wait = caller, wait
        self._inner, self._recorder, self._budget, self._now, self._pace = inner, recorder, budget, now, pace

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[Any, int, Any]:
        """One try, as the SDK makes it. Raises BudgetSpent, and what the inner client raises.

        What a limit refuses is tried again, because limits depend on what else the account does.
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
        """Returns the exchange of a request that has no answer yet."""
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
    """Returns True for a limit of requests, and False for a lock, which is the product's to try again."""
    document = _json(body) if status == TOO_MANY_REQUESTS else None
    error = document.get("error") if isinstance(document, dict) else None
    return isinstance(error, dict) and error.get("code") == "rate_limit"


def _json(body: Any) -> Any:
    text = body.decode() if isinstance(body, bytes) else body
    try:
        return json.loads(text)
    except ValueError:
        return {"unreadable": len(text)}
