"""The only module that calls Stripe: timeouts, retries, and the time of each response."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeAlias, TypeVar
from urllib.parse import urlsplit

import msgspec
import stripe

from chalicelib.adapters.stripe.errors import unreadable_response
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.identifiers import StripeAccountId

CONNECT_TIMEOUT = 3
READ_TIMEOUT = 10
"""Seconds. With two retries, a call nearly always ends before API Gateway's limit of 29 seconds."""

DATED_LATE_BY = 10
"""The most seconds by which the `Date` of a response may be later than the state that the response describes.

In recordings of real accounts the difference is one to three seconds, and up to eight.
"""

SDK_LOG_LEVEL = logging.WARNING
"""At INFO the SDK logs the URL of every request, and so the e-mail address that a customer is searched by."""

logging.getLogger("stripe").setLevel(SDK_LOG_LEVEL)

T = TypeVar("T")

Observer: TypeAlias = Callable[[str, str, int | None, float], None]
"""Called after each attempt with the method, the path, the status (None: no response) and the seconds that it
took.
"""


class ObservedClient(stripe.RequestsClient):
    """Reports each attempt of a call to an observer, including retries."""

    def __init__(self, observe: Observer) -> None:
        super().__init__(timeout=(CONNECT_TIMEOUT, READ_TIMEOUT))
        self._observe = observe

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """Makes one attempt and reports it."""
        began = time.perf_counter()
        status: int | None = None
        try:
            response = super().request(method, url, *args, **kwargs)
            status = response[1]
            return response
        finally:
            self._observe(method, urlsplit(url).path, status, time.perf_counter() - began)


def _ignore_request(method: str, path: str, status: int | None, seconds: float) -> None:
    """Observes nothing."""


def build_client(
    api_key: str,
    client_id: str,
    *,
    api_base: str,
    connect_base: str,
    observe: Observer = _ignore_request,
    http_client: stripe.HTTPClient | None = None,
) -> stripe.StripeClient:
    """Returns a client of the platform's account.

    A call for a company names its account in the Stripe-Account header.

    `http_client` replaces the client that reports each attempt to `observe`.
    """
    stripe.enable_telemetry = False
    return stripe.StripeClient(
        api_key,
        client_id=client_id,
        stripe_version=API_VERSION,
        max_network_retries=2,
        http_client=http_client or ObservedClient(observe),
        base_addresses={"api": api_base, "connect": connect_base},
    )


@dataclass(frozen=True, slots=True)
class StripeResponse:
    """A response of Stripe, with the second of its request by Stripe's clock.

    The response includes all changes before `as_of`. It may or may not include later ones. If `replayed` is True, it
    is the stored response to an earlier request with the same idempotency key. Its content is then as old as that
    request, whatever `as_of` is.
    """

    body: str
    as_of: int
    replayed: bool = False

    def parse(self, model: type[T]) -> T:
        """Returns the body as an object of `model`.

        Raises:
            StripeUnavailable: the body is not of a documented form.
        """
        return parse(self.body, model)


@dataclass(frozen=True, slots=True)
class Missing:
    """Stripe has no object with this id. `as_of` is the second of the request by Stripe's clock."""

    as_of: int


def parse(text: str | msgspec.Raw, model: type[T]) -> T:
    """Returns JSON from Stripe as an object of `model`.

    Raises:
        StripeUnavailable: the JSON is not of a documented form.
    """
    try:
        return msgspec.json.decode(text, type=model)
    except msgspec.DecodeError as exc:
        raise unreadable_response() from exc


def on_account(account_id: StripeAccountId, key: str | None = None) -> Any:
    """Returns the options of a request on behalf of a connected account. `key` is its idempotency key."""
    options = {"stripe_account": account_id}
    return {**options, "idempotency_key": key} if key else options


class Clock(Protocol):
    def now(self) -> int: ...


class StripeCalls:
    """Calls Stripe, and dates each response by its request."""

    def __init__(self, client: stripe.StripeClient, clock: Clock) -> None:
        self._client = client
        self._v1: Any = client.v1
        self._clock = clock

    def _call(self, method: Callable[..., Any], *args: Any) -> StripeResponse:
        """Calls a method of the SDK, and returns the raw response, which our own models parse.

        Raises:
            StripeUnavailable: the response has no date.
            stripe.StripeError: as the SDK raises it.
        """
        began = self._clock.now()
        response = method(*args).last_response
        headers = _lower_case(response.headers)
        as_of = self._requested_at(began, headers)
        return StripeResponse(response.body, as_of, replayed=headers.get("idempotent-replayed") == "true")

    def _call_unless_missing(self, method: Callable[..., Any], *args: Any) -> StripeResponse | Missing:
        """Returns the response, or Missing if Stripe has no object with this id. Raises what `_call` raises."""
        sent_at = self._clock.now()
        try:
            return self._call(method, *args)
        except stripe.InvalidRequestError as exc:
            if exc.code != "resource_missing":
                raise
            return Missing(self._requested_at(sent_at, _lower_case(exc.headers)))

    def _requested_at(self, sent_at: int, headers: Mapping[str, str]) -> int:
        """Returns the second of the request by Stripe's clock.

        Raises StripeUnavailable if the response has no date.
        """
        try:
            date = int(parsedate_to_datetime(headers["date"]).timestamp())
        except (KeyError, ValueError) as exc:
            raise unreadable_response() from exc
        return requested_at(sent_at, self._clock.now(), date)


def _lower_case(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}


def requested_at(sent_at: int, received_at: int, date: int) -> int:
    """Returns the second of a request by Stripe's clock. All values are epoch seconds UTC.

    `date` is the response's `Date`, the time at which the response left Stripe. The response describes an earlier
    state, and lacks changes in between. So one estimate is `date` minus the duration of the call by our clock. If our
    own `sent_at` is earlier than this estimate by at most DATED_LATE_BY, `sent_at` is the better one. Otherwise the
    clocks differ, and Stripe's clock decides, because Stripe dates its events by it.
    """
    by_stripe = date - (received_at - sent_at)
    if 0 <= by_stripe - sent_at <= DATED_LATE_BY:
        return sent_at
    return by_stripe
