"""The canary: a signed event about nothing, sent to ourselves to prove that Stripe's events get in.

It is made with the secret that Stripe signs with, so whoever can send one could as well forge any event: it opens no
door. It names no account, touches no organization, and what is kept of it is of one size and goes after an hour.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from chalicelib.domain.events import StripeEvent
from chalicelib.domain.identifiers import digest

TYPE = "pom.canary"
"""No type of Stripe's, nor in our subscription."""

PREFIX = "canary_"

KEPT_FOR = 3600
"""Seconds after which DynamoDB may delete it."""


class Verdict(StrEnum):
    """How far a canary came."""

    PASSED = "passed"
    PASSED_BY_OLDER_SECRET = "passed_by_older_secret"  # nosec B105
    """The newest secret was refused: for five minutes after a rotation this is normal."""
    NO_SECRET = "no_secret"  # nosec B105
    """The secret could not be loaded, or holds none to sign with."""
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    """Answered 4xx, with every secret that is in use."""
    FAILED = "failed"
    """Answered anything else but 2xx."""
    NOT_KEPT = "not_kept"
    """Answered 2xx, and not in the table."""
    ALTERED = "altered"
    """In the table is another one than was sent."""
    UNREADABLE = "unreadable"
    """The table could not be read."""

    @property
    def passed(self) -> bool:
        """Whether Stripe's events get in: an event that either of two secrets signed does."""
        return self in {Verdict.PASSED, Verdict.PASSED_BY_OLDER_SECRET}


@dataclass(frozen=True, slots=True)
class Canary:
    """What is kept of one. `fingerprint` is of its body, `sent_at` epoch seconds UTC."""

    id: str
    sent_at: int
    fingerprint: str

    @classmethod
    def of(cls, event: StripeEvent) -> Self:
        """The one that arrived as this event."""
        return cls(event.id, event.created, digest(event.body))

    @classmethod
    def hatched(cls, nonce: str, now: int) -> tuple[Self, bytes]:
        """A new one, and the body to send."""
        event = {
            "id": f"{PREFIX}{nonce}",
            "object": "event",
            "type": TYPE,
            "created": now,
            "livemode": False,
            "data": {"object": {"id": nonce, "object": "canary"}},
        }
        body = json.dumps(event)
        return cls(f"{PREFIX}{nonce}", now, digest(body)), body.encode()


@dataclass(frozen=True, slots=True)
class Flight:
    """How far it came, and how long it took to know."""

    verdict: Verdict
    milliseconds: int


def is_canary(event: StripeEvent) -> bool:
    """Whether an authentic event is one of ours."""
    return event.type == TYPE and event.account_id is None and event.id.startswith(PREFIX)
