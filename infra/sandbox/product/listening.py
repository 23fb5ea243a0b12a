"""Brings the account's events to the stack, as `stripe listen` would: Stripe cannot reach this machine.

Stripe renders a listed event in the version that the account had (https://docs.stripe.com/api/events), and a webhook
in that of its endpoint. So this is the harder of the two for the product. A listed event does not name its account,
and a webhook of Connect does (https://docs.stripe.com/connect/webhooks), so the account is put in.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters.stripe.events import signature_header
from chalicelib.domain.events import SUBSCRIPTION
from infra.sandbox.session import Session

OVERLAP_SECONDS = 30
"""Seconds before the newest event from which on events are listed again: Stripe may list one a little late."""
MAX_SLOWDOWN = 16
"""How many times longer than at first the pause between two lists becomes while no event comes."""
POST_TIMEOUT = 30
"""Seconds."""


@dataclass(frozen=True)
class Delivery:
    """An event, and what the stack's door answered. `status` is None if it was lost on purpose."""

    id: str
    type: str
    status: int | None


@dataclass
class Listener:
    """Lists the events since its beginning, and posts each once, the oldest first."""

    session: Session
    webhook_url: str
    """The address to which Stripe would send webhooks."""
    secret: str
    """The secret that webhooks are signed with."""
    first_pause: float
    """Seconds between two lists while events come."""
    losing: bool = False
    """True while webhooks are lost on purpose."""
    deliveries: list[Delivery] = field(default_factory=list)
    since: int = field(init=False)
    _delivered_ids: set[str] = field(default_factory=set)
    _pause: float = field(init=False)
    _listed_at: float = 0.0

    def __post_init__(self) -> None:
        self.since, self._pause = self.session.now() - 1, self.first_pause

    @property
    def lost(self) -> list[str]:
        """The types of the events that were lost on purpose."""
        return [each.type for each in self.deliveries if each.status is None]

    @property
    def refused(self) -> list[Delivery]:
        """The events that the door did not take."""
        return [each for each in self.deliveries if each.status not in (None, 200)]

    def poll(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Lists and posts, unless it has been done a moment ago. A list costs a request."""
        if clock() - self._listed_at < self._pause:
            return
        new_count = self.deliver()
        self._listed_at = clock()
        self._pause = self.first_pause if new_count else min(2 * self._pause, MAX_SLOWDOWN * self.first_pause)

    def restart_pause(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Waits with the next list, because Stripe lists an event a moment after its cause."""
        self._listed_at, self._pause = clock(), self.first_pause

    def deliver(self) -> int:
        """Lists now, and posts what is new. Returns how many events were new."""
        events = self.session.list_json(self.session.v1.events, {"created": {"gte": self.since}})
        new_events = [event for event in reversed(events) if event["id"] not in self._delivered_ids]
        for event in sorted(new_events, key=lambda each: int(each["created"])):
            self._delivered_ids.add(event["id"])
            self.since = max(self.since, event["created"] - OVERLAP_SECONDS)
            if event["type"] in SUBSCRIPTION:
                status = None if self.losing else self._post(event)
                self.deliveries.append(Delivery(event["id"], event["type"], status))
        return len(new_events)

    def _post(self, event: Any) -> int:
        body = json.dumps({**event, "account": self.session.account}).encode()
        signature = signature_header(body, self.secret, self.session.now())
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
        request = urllib.request.Request(self.webhook_url, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=POST_TIMEOUT) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code
