"""One place that calls Stripe: timeouts, retries, the dates of its answers, and its errors in the domain's words."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, ParamSpec, Protocol, TypeAlias, TypeVar
from urllib.parse import urlsplit

import msgspec
import stripe

from chalicelib.domain.errors import (
    AccountUnreachable,
    Gone,
    IntegrationError,
    StripeBusy,
    StripeRefused,
    StripeUnavailable,
)
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.identifiers import StripeAccountId

CONNECT_TIMEOUT = 3
READ_TIMEOUT = 10
"""Seconds. With two retries a call ends before API Gateway gives up on us at 29 s in all but the worst case."""

DATED_LATE_BY = 10
"""Seconds that the `Date` of an answer may lie after the moment of which the answer speaks, with some to spare: in
recordings of real accounts it is one to three, and up to eight."""

GONE = "stripe_resource_missing"

SDK_LOG_LEVEL = logging.WARNING
"""At INFO the SDK writes the URL of every request, and so the e-mail address that a customer is looked for by."""

logging.getLogger("stripe").setLevel(SDK_LOG_LEVEL)

P = ParamSpec("P")
T = TypeVar("T")

Observer: TypeAlias = Callable[[str, str, int | None, float], None]
"""Told of each try: the method, the path, the status (None: no answer), and how many seconds it took."""


class ObservedClient(stripe.RequestsClient):
    """Tells of each try of a call, the repeated ones included."""

    def __init__(self, observe: Observer) -> None:
        super().__init__(timeout=(CONNECT_TIMEOUT, READ_TIMEOUT))
        self._observe = observe

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """One try, as the SDK makes it."""
        began = time.perf_counter()
        status: int | None = None
        try:
            answer = super().request(method, url, *args, **kwargs)
            status = answer[1]
            return answer
        finally:
            self._observe(method, urlsplit(url).path, status, time.perf_counter() - began)


def _unobserved(method: str, path: str, status: int | None, seconds: float) -> None:
    """Nobody asks."""


def build_client(
    api_key: str, client_id: str, *, api_base: str, connect_base: str, observe: Observer = _unobserved
) -> stripe.StripeClient:
    """A client of the platform's account; calls for a company name it with the Stripe-Account header."""
    stripe.enable_telemetry = False
    return stripe.StripeClient(
        api_key,
        client_id=client_id,
        stripe_version=API_VERSION,
        max_network_retries=2,
        http_client=ObservedClient(observe),
        base_addresses={"api": api_base, "connect": connect_base},
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What Stripe answered, and the second at which it was asked, by Stripe's clock.

    The answer includes all changes before `as_of`. It may or may not include later ones.
    `replayed` says that it is the stored answer to an earlier request with the same idempotency key: what it
    says is as old as that request, whatever its date.
    """

    body: str
    as_of: int
    replayed: bool = False

    def read(self, model: type[T]) -> T:
        """The body as a typed object.

        Raises:
            StripeUnavailable: Stripe answered something undocumented.
        """
        return read(self.body, model)


def read(text: str | msgspec.Raw, model: type[T]) -> T:
    """JSON of Stripe's as a typed object.

    Raises:
        StripeUnavailable: Stripe answered something undocumented.
    """
    try:
        return msgspec.json.decode(text, type=model)
    except msgspec.DecodeError as exc:
        raise _unreadable() from exc


def on_account(account_id: StripeAccountId, key: str | None = None) -> Any:
    """Returns the options of a request on behalf of a connected account. `key` is its idempotency key."""
    options = {"stripe_account": account_id}
    return {**options, "idempotency_key": key} if key else options


class Clock(Protocol):
    def now(self) -> int: ...


class Asking:
    """Makes calls of Stripe, and dates each answer by its request."""

    def __init__(self, client: stripe.StripeClient, clock: Clock) -> None:
        self._client = client
        self._v1: Any = client.v1
        self._clock = clock

    def _ask(self, method: Callable[..., Any], *args: Any) -> Answer:
        """Makes a call of the SDK, and returns the raw answer, which is read by our own typed models.

        Raises:
            StripeUnavailable: the answer does not say when it was given.
            stripe.StripeError: as the SDK raises it.
        """
        began = self._clock.now()
        response = method(*args).last_response
        headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            date = int(parsedate_to_datetime(headers["date"]).timestamp())
        except (KeyError, ValueError) as exc:
            raise _unreadable() from exc
        as_of = asked_at(began, self._clock.now(), date)
        return Answer(response.body, as_of, replayed=headers.get("idempotent-replayed") == "true")

    def _ask_unless_gone(self, method: Callable[..., Any], *args: Any) -> Answer | None:
        """The answer, or None if Stripe has no object of that id."""
        try:
            return self._ask(method, *args)
        except stripe.InvalidRequestError as exc:
            if exc.code == "resource_missing":
                return None
            raise


def asked_at(began: int, answered: int, date: int) -> int:
    """Returns the second at which a request was made, by Stripe's clock. All values are epoch seconds UTC.

    `date` is the answer's `Date`: when the answer left Stripe. The answer speaks of an earlier moment, and what
    happened in between is not in it. So `date` minus the time that the answer took, by our clock, is one estimate. If
    our own `began` is earlier by at most DATED_LATE_BY, it is the better one. Otherwise the clocks differ, and only
    Stripe's counts, because Stripe dates its events by it.
    """
    by_theirs = date - (answered - began)
    if 0 <= by_theirs - began <= DATED_LATE_BY:
        return began
    return by_theirs


def _unreadable() -> StripeUnavailable:
    return StripeUnavailable("stripe_answer_unreadable", "Stripe's answer was not understood.", answered=True)


def translated(call: Callable[P, T]) -> Callable[P, T]:
    """Decorates whatever calls Stripe: its errors come out in the domain's words, with their cause."""

    @functools.wraps(call)
    def calling(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except stripe.StripeError as exc:
            raise domain_error(exc) from exc

    return calling


def domain_error(error: stripe.StripeError) -> IntegrationError:
    """One Stripe error in the domain's words (https://docs.stripe.com/error-handling)."""
    status = error.http_status
    code = error.error.code if error.error else None
    if isinstance(error, stripe.APIConnectionError) or status is None:
        return StripeUnavailable("stripe_unreachable", "Stripe did not answer in time.", answered=False)
    if status == 429:
        return StripeBusy("stripe_busy", "Stripe is throttling requests.", answered=False)
    if status == 409:
        return StripeBusy("stripe_busy", "Stripe is working on the same object.", answered=False)
    if status >= 500:
        return StripeUnavailable("stripe_failed", "Stripe failed to process the request.", answered=True)
    if isinstance(error, stripe.APIError):
        return _unreadable()  # no JSON, or a status Stripe does not document: nobody knows what became of the request
    if isinstance(error, stripe.AuthenticationError):
        return StripeUnavailable("stripe_key_rejected", "Stripe rejected our platform key.", answered=False)
    if isinstance(error, stripe.IdempotencyError):
        return StripeUnavailable("stripe_key_reused", "Stripe saw the same request otherwise.", answered=True)
    if isinstance(error, stripe.PermissionError) and code == "account_invalid":
        return AccountUnreachable(
            "stripe_account_unreachable",
            "The connection was revoked in Stripe.",
            next_step="An admin can reconnect it under Settings, Apps, Stripe.",
        )
    if code == "resource_missing" or status == 404:
        return Gone(
            GONE,
            "Stripe no longer has this object.",
            next_step="Somebody deleted it in Stripe. Load this page again, and make it anew if it is still needed.",
        )
    return StripeRefused(
        "stripe_refused",
        f"Stripe refused: {error.user_message or 'no reason given'}",
        next_step="Correct what Stripe names and repeat the request.",
    )
