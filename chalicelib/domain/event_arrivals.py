"""How POM received its events: from Stripe's webhooks, or from the sweep because no webhook had brought them.

Stripe's API returns an endpoint's signing secret only when the endpoint is created. So only accepted events prove
that POM holds the right secret and that Stripe sends at all: each carries Stripe's signature, which nobody else can
forge. Rejected requests prove nothing, because anybody can send them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

LATEST_EVENTS = 100
"""The number of latest events that are examined: as many as one batch read returns."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How one event arrived. Times are epoch seconds UTC, by POM's clock.

    `delivered_at` is when a webhook delivered it, or None. `fetched` is True if the sweep fetched it, before the
    webhook or without one.
    """

    received_at: int
    delivered_at: int | None
    fetched: bool


@dataclass(frozen=True, slots=True)
class WebhookReach:
    """Whether an account's webhooks reach POM, as its latest events show.

    `last_delivered_at` is when the latest webhook arrived, or None if no webhook delivered any of these events.
    `fetched` is the number of events that the sweep had to fetch after that.
    """

    last_delivered_at: int | None
    fetched: int

    @classmethod
    def of(cls, arrivals: Sequence[Arrival]) -> Self:
        """Returns the state that these latest events show."""
        heard_at = max((each.delivered_at for each in arrivals if each.delivered_at is not None), default=None)
        missing = (each for each in arrivals if each.fetched and each.delivered_at is None)
        return cls(heard_at, sum(each.received_at >= (heard_at or 0) for each in missing))

    def reached_after(self, at: int) -> bool:
        """Returns True if a webhook has arrived after `at` (epoch seconds UTC)."""
        return self.last_delivered_at is not None and self.last_delivered_at > at
