"""The target of a run's requests: Stripe, or a double."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import stripe

from chalicelib.adapters.stripe.client import CONNECT_TIMEOUT, READ_TIMEOUT
from infra.stripe_double import InProcessClient, StripeDouble
from infra.stripe_double.recordings.recording import RecordedAccount


class Target(Protocol):
    """A target of requests."""

    name: str
    """`stripe` or `double`."""
    api_base: str
    connect_base: str

    def http_client(self) -> stripe.HTTPClient: ...

    def now(self) -> float:
        """Returns the target's time (epoch seconds UTC)."""

    def pass_time(self, seconds: float) -> None:
        """Returns when this time has passed on the target."""


class StripeTarget:
    """Stripe itself."""

    name = "stripe"
    api_base = "https://api.stripe.com"
    connect_base = "https://connect.stripe.com"

    def http_client(self) -> stripe.HTTPClient:
        """Returns a client with the product's timeouts."""
        return stripe.RequestsClient(timeout=(CONNECT_TIMEOUT, READ_TIMEOUT))

    def now(self) -> float:
        """Returns this machine's time."""
        return time.time()

    def pass_time(self, seconds: float) -> None:
        """Sleeps."""
        time.sleep(seconds)


CAPTURE_SECONDS = 1.0
"""Seconds until a double books a card payment, so that the booking comes before debits and refunds end."""
SETTLEMENT_DAYS = 2 / 86_400
"""Days until a double's bank debits and pending refunds end: two seconds. In Stripe's test mode, debits settle at
once (https://docs.stripe.com/payments/ach-direct-debit/set-up-payment#test-settlement-behavior), and refunds "some
time later" (https://docs.stripe.com/testing#refunds)."""


class DoubleTarget:
    """A double in this process that settles as fast as Stripe's test mode.

    Its clock is advanced where a run on Stripe would wait.
    """

    name = "double"
    api_base = "https://api.stripe.com"
    connect_base = "https://connect.stripe.com"
    """Never resolved, because the in-process client uses the path only."""

    def __init__(
        self, double: StripeDouble, client: Callable[[StripeDouble], stripe.HTTPClient] = InProcessClient
    ) -> None:
        self.double, self._client = double, client
        double.config.ach_days = double.config.refund_days = SETTLEMENT_DAYS
        double.config.capture_seconds = CAPTURE_SECONDS

    def http_client(self) -> stripe.HTTPClient:
        """Returns a client of the double."""
        return self._client(self.double)

    def now(self) -> float:
        """Returns the time of the double's clock."""
        return self.double.clock.now()

    def pass_time(self, seconds: float) -> None:
        """Advances the double's clock. Events that are due in this time happen."""
        self.double.advance(seconds)

    def accounts(self) -> tuple[RecordedAccount, ...]:
        """Returns the connected accounts of the double."""
        connected = (ledger.account for ledger in self.double.world.ledgers.values() if ledger.connected)
        return tuple(RecordedAccount(each["id"], each["country"], each["default_currency"]) for each in connected)
