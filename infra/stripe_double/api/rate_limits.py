"""Token buckets on the double's clock (https://docs.stripe.com/rate-limits)."""

from __future__ import annotations

import threading

from ..clock import Clock
from ..errors import StripeFault


class RateLimits:
    """One bucket for each account, and one for each account and route; a rate of 0 does not limit."""

    def __init__(self, clock: Clock, global_rate: float, endpoint_rate: float) -> None:
        self.global_rate, self.endpoint_rate = global_rate, endpoint_rate
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def spend(self, account: str, route: str) -> None:
        """Takes one token from each bucket. Raises StripeFault 429 with the reason if a bucket is empty."""
        with self._lock:
            self._take((account, route), self.endpoint_rate, "endpoint-rate")
            self._take((account, ""), self.global_rate, "global-rate")

    def _take(self, key: tuple[str, str], rate: float, reason: str) -> None:
        if rate <= 0:
            return
        now = self._clock.now()
        tokens, since = self._buckets.get(key, (rate, now))
        tokens = min(rate, tokens + (now - since) * rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            raise rate_limit_error(reason)
        self._buckets[key] = (tokens - 1, now)


def rate_limit_error(reason: str) -> StripeFault:
    """Returns Stripe's 429 with `reason` in its header."""
    return StripeFault(
        429,
        "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
        code="rate_limit",
        headers={"Stripe-Rate-Limited-Reason": reason},
        stored=False,
    )
