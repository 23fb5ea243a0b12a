"""One place that calls Stripe: timeouts, retries, and the dates of its answers."""

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
"""Seconds. With two retries a call ends before API Gateway gives up on us at 29 s in all but the worst case."""

DATED_LATE_BY = 10
"""Seconds that the `Date` of an answer may lie after the moment of which the answer speaks, with some to spare: in
recordings of real accounts it is one to three, and up to eight."""

SDK_LOG_LEVEL = logging.WARNING
"""At INFO the SDK writes the URL of every request, and so the e-mail address that a customer is looked for by."""

logging.getLogger("stripe").setLevel(SDK_LOG_LEVEL)

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
            response = super().request(method, url, *args, **kwargs)
            status = response[1]
            return response
        finally:
            self._observe(method, urlsplit(url).path, status, time.perf_counter() - began)


def _ignore_request(method: str, path: str, status: int | None, seconds: float) -> None:
    """Nobody asks."""


def build_client(
    api_key: str,
    client_id: str,
    *,
    api_base: str,
    connect_base: str,
    observe: Observer = _ignore_request,
    http_client: stripe.HTTPClient | None = None,
) -> stripe.StripeClient:
    """A client of the platform's account; calls for a company name it with the Stripe-Account header.

    `http_client` takes the place of the one that tells `observe` of each try.
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
    """What Stripe answered, and the second at which it was asked, by Stripe's clock.

    The answer includes all changes before `as_of`. It may or may not include later ones.
    `replayed` says that it is the stored answer to an earlier request with the same idempotency key: what it
    says is as old as that request, whatever its date.
    """

    body: str
    as_of: int
    replayed: bool = False

    def parse(self, model: type[T]) -> T:
        """The body as a typed object.

        Raises:
            StripeUnavailable: Stripe answered something undocumented.
        """
        return parse(self.body, model)


@dataclass(frozen=True, slots=True)
class Missing:
    """Stripe has no object of that id. `as_of` is the second at which it was asked, by Stripe's clock."""

    as_of: int


def parse(text: str | msgspec.Raw, model: type[T]) -> T:
    """JSON of Stripe's as a typed object.

    Raises:
        StripeUnavailable: Stripe answered something undocumented.
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
    """Makes calls of Stripe, and dates each answer by its request."""

    def __init__(self, client: stripe.StripeClient, clock: Clock) -> None:
        self._client = client
        self._v1: Any = client.v1
        self._clock = clock

    def _call(self, method: Callable[..., Any], *args: Any) -> StripeResponse:
        """Makes a call of the SDK, and returns the raw answer, which is read by our own typed models.

        Raises:
            StripeUnavailable: the answer does not say when it was given.
            stripe.StripeError: as the SDK raises it.
        """
        began = self._clock.now()
        response = method(*args).last_response
        headers = _lower_case(response.headers)
        as_of = self._requested_at(began, headers)
        return StripeResponse(response.body, as_of, replayed=headers.get("idempotent-replayed") == "true")

    def _call_unless_missing(self, method: Callable[..., Any], *args: Any) -> StripeResponse | Missing:
        """Returns the answer, or that Stripe has no object of that id. Raises what `_ask` raises."""
        sent_at = self._clock.now()
        try:
            return self._call(method, *args)
        except stripe.InvalidRequestError as exc:
            if exc.code != "resource_missing":
                raise
            return Missing(self._requested_at(sent_at, _lower_case(exc.headers)))

    def _requested_at(self, sent_at: int, headers: Mapping[str, str]) -> int:
        """Returns the second of the request by Stripe's clock. Raises StripeUnavailable if the answer has no date."""
        try:
            date = int(parsedate_to_datetime(headers["date"]).timestamp())
        except (KeyError, ValueError) as exc:
            raise unreadable_response() from exc
        return requested_at(sent_at, self._clock.now(), date)


def _lower_case(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}


def requested_at(sent_at: int, received_at: int, date: int) -> int:
    """Returns the second at which a request was made, by Stripe's clock. All values are epoch seconds UTC.

    `date` is the answer's `Date`: when the answer left Stripe. The answer speaks of an earlier moment, and what
    happened in between is not in it. So `date` minus the time that the answer took, by our clock, is one estimate. If
    our own `began` is earlier by at most DATED_LATE_BY, it is the better one. Otherwise the clocks differ, and only
    Stripe's counts, because Stripe dates its events by it.
    """
    by_stripe = date - (received_at - sent_at)
    if 0 <= by_stripe - sent_at <= DATED_LATE_BY:
        return sent_at
    return by_stripe
