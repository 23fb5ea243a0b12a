"""How fast bulk work asks Stripe, so that office workers are never kept waiting by it.

Stripe takes 25 requests a second for each endpoint of an account, and 100 in all, or 25 in a sandbox
(https://docs.stripe.com/rate-limits). We stay at 20, and leave a quarter of that to whoever makes one invoice by
hand: bulk work has 15 for each endpoint. In a sandbox it has 4, since an invoice takes up to five requests of the 25.

The share is split over a fixed number of lanes. A lane is worked on by one worker at a time, so each paces itself
and nobody has to be asked. Stripe's 429 takes a fifth of a lane's rate; it rises again by a twentieth of the full
rate for every fifty requests that went well. Halving it, as is usual, left a lane that met 429 twice far behind the
others, and a batch ends with its slowest lane.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

LANES = 10
"""How many workers are at an account's bulk work at once, at most."""

SHARE = 15_000
SANDBOX_SHARE = 4_000
"""Requests to one endpoint in 1,000 seconds by all lanes together."""

SLOWEST = 50
"""Of one lane: a request every 20 seconds."""

GOOD_RUN = 50
"""Requests that must go well before a lane that was slowed down goes faster."""


def full_rate(*, livemode: bool) -> int:
    """One lane's share: requests to an endpoint in 1,000 seconds."""
    return (SHARE if livemode else SANDBOX_SHARE) // LANES


@dataclass(frozen=True, slots=True)
class Pace:
    """A lane's pace. `rate` is in requests to one endpoint in 1,000 seconds; `not_before` in epoch milliseconds."""

    rate: int
    not_before: int = 0
    good: int = 0

    @property
    def interval(self) -> int:
        """Milliseconds between two requests to one endpoint."""
        return -(-1_000_000 // self.rate)

    def slowed(self) -> Self:
        """Stripe was asked too much."""
        return replace(self, rate=max(self.rate * 4 // 5, SLOWEST), good=0)

    def after_success(self, full: int) -> Self:
        """One more request that went well."""
        if self.rate >= full:
            return self
        if self.good + 1 < GOOD_RUN:
            return replace(self, good=self.good + 1)
        return replace(self, rate=min(self.rate + full // 20, full), good=0)

    def delayed_until(self, moment: int) -> Self:
        """Whoever takes the lane up next waits until then."""
        return replace(self, not_before=max(self.not_before, moment))

    def within(self, full: int) -> Self:
        """At most the full rate, which may have changed since."""
        return replace(self, rate=min(self.rate, full))
