"""Delivers the account's events to the stack, as `stripe listen` would, because Stripe cannot reach this machine.

Stripe renders a listed event in the account's version (https://docs.stripe.com/api/events), and a webhook in its
endpoint's version. So listed events are harder for the product. A listed event does not name its account, but a
webhook of Connect does (https://docs.stripe.com/connect/webhooks), so the listener adds the account.
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
"""Seconds before the newest event from which events are listed again, because Stripe may list an event late."""
MAX_SLOWDOWN = 16
"""The most times by which the pause between two lists grows while no event arrives."""
POST_TIMEOUT = 30
"""Seconds."""


@dataclass(frozen=True)
class Delivery:
    """An event, and the status of the stack's response. `status` is None if the event was dropped on purpose."""

    id: str
    type: str
    status: int | None


@dataclass
class Listener:
    """Lists the events since its creation, and posts each event once, oldest first."""

    session: Session
    webhook_url: str
    """The webhook endpoint of the stack."""
    secret: str
    """The signing secret of webhooks."""
    first_pause: float
    """Seconds between two lists while events arrive."""
    losing: bool = False
    """True while events are dropped on purpose."""
    deliveries: list[Delivery] = field(default_factory=list)
    since: int = field(init=False)
    _delivered_ids: set[str] = field(default_factory=set)
    _pause: float = field(init=False)
    _listed_at: float = 0.0

    def __post_init__(self) -> None:
        self.since, self._pause = self.session.now() - 1, self.first_pause

    @property
    def lost(self) -> list[str]:
        """Returns the types of the dropped events."""
        return [each.type for each in self.deliveries if each.status is None]

    @property
    def refused(self) -> list[Delivery]:
        """Returns the events that the stack refused."""
        return [each for each in self.deliveries if each.status not in (None, 200)]

    def poll(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Lists and posts events, unless the pause since the last list has not passed. A list costs one request."""
        if clock() - self._listed_at < self._pause:
            return
        new_count = self.deliver()
        self._listed_at = clock()
        self._pause = self.first_pause if new_count else min(2 * self._pause, MAX_SLOWDOWN * self.first_pause)

    def restart_pause(self) -> None:
        """Restarts the pause before the next list, because Stripe lists an event a moment after its cause."""
        self._listed_at, self._pause = time.monotonic(), self.first_pause

    def deliver(self) -> int:
        """Lists events now, and posts the new ones. Returns the number of new events."""
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
