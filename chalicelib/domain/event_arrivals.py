"""How events came to us: brought by Stripe's webhooks, or fetched by the sweep because none had brought them.

Stripe's API returns an endpoint's signing secret only when the endpoint is created. Only the events that arrive show
whether ours is the right one and whether Stripe sends at all. A webhook that was taken carries Stripe's signature,
which a stranger cannot forge. A stranger can send what is refused, so refusals prove nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

LATEST_EVENTS = 100
"""How many of the latest events are examined: as many as one batch read takes."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How one event came. Times are epoch seconds UTC, by our clock.

    `delivered_at` is when a webhook brought it, and `fetched` whether the sweep did, earlier or instead.
    """

    received_at: int
    delivered_at: int | None
    fetched: bool


@dataclass(frozen=True, slots=True)
class WebhookReach:
    """Whether webhooks reach us from an account, as its latest events show.

    `heard_at` is when the latest webhook came; None if none of those events was brought by one. `fetched` counts
    events that the sweep had to fetch after that.
    """

    last_delivered_at: int | None
    fetched: int

    @classmethod
    def of(cls, arrivals: Sequence[Arrival]) -> Self:
        """What the latest events show."""
        heard_at = max((each.delivered_at for each in arrivals if each.delivered_at is not None), default=None)
        missing = (each for each in arrivals if each.fetched and each.delivered_at is None)
        return cls(heard_at, sum(each.received_at >= (heard_at or 0) for each in missing))

    def reached_after(self, at: int) -> bool:
        """Whether a webhook has come after `at`."""
        return self.last_delivered_at is not None and self.last_delivered_at > at
