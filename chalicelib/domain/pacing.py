"""The pace at which bulk work sends requests to Stripe, so that office workers never wait for it.

Stripe accepts 25 requests a second for each endpoint of an account, and 100 in all, or 25 in a sandbox
(https://docs.stripe.com/rate-limits). POM stays at 20 and reserves a quarter of that for single invoices: bulk work
has 15 for each endpoint. In a sandbox it has 4, because an invoice takes up to five requests of the 25.

This share is split evenly over a fixed number of lanes. One worker at a time works on a lane, so each worker can pace
itself without asking anything. A 429 of Stripe lowers a lane's rate by a fifth. The rate rises again by a twentieth
of the full rate for every fifty successful requests. Halving the rate, as is usual, left a lane that met 429 twice
far behind the others, and a batch ends with its slowest lane.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

LANES = 10
"""The most workers that do an account's bulk work at the same time."""

SHARE = 15_000
SANDBOX_SHARE = 4_000
"""Requests to one endpoint in 1,000 seconds by all lanes together."""

SLOWEST = 50
"""The lowest rate of one lane: a request every 20 seconds."""

GOOD_RUN = 50
"""The number of successful requests after which a slowed lane goes faster."""


def full_rate(*, livemode: bool) -> int:
    """Returns one lane's share, in requests to one endpoint in 1,000 seconds."""
    return (SHARE if livemode else SANDBOX_SHARE) // LANES


@dataclass(frozen=True, slots=True)
class Pace:
    """A lane's pace. `rate` is in requests to one endpoint in 1,000 seconds; `not_before` in epoch milliseconds."""

    rate: int
    not_before: int = 0
    good: int = 0

    @property
    def interval(self) -> int:
        """Returns the milliseconds between two requests to one endpoint."""
        return -(-1_000_000 // self.rate)

    def slowed(self) -> Self:
        """Returns a slower pace, after Stripe throttled a request."""
        return replace(self, rate=max(self.rate * 4 // 5, SLOWEST), good=0)

    def after_success(self, full: int) -> Self:
        """Returns the pace after one more successful request."""
        if self.rate >= full:
            return self
        if self.good + 1 < GOOD_RUN:
            return replace(self, good=self.good + 1)
        return replace(self, rate=min(self.rate + full // 20, full), good=0)

    def delayed_until(self, moment: int) -> Self:
        """Returns the pace with a pause until `moment` (epoch milliseconds), for the next worker on the lane."""
        return replace(self, not_before=max(self.not_before, moment))

    def within(self, full: int) -> Self:
        """Returns the pace, limited to the full rate, which may have changed since."""
        return replace(self, rate=min(self.rate, full))
