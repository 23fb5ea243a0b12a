"""The canary: a signed test event that POM sends to its own endpoint, to prove that the endpoint accepts POM's
secrets.

One canary is sent with each stored secret. It grants no new right, because anybody who can sign a canary could also
forge any event. It names no account and touches no organization. Its record has a fixed size and is deleted after an
hour. It cannot prove that Stripe signs with one of these secrets, because Stripe's API returns a secret only when its
endpoint is created. Arriving events prove that (`domain.event_arrivals`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from chalicelib.domain.events import StripeEvent
from chalicelib.domain.identifiers import digest

TYPE = "pom.canary"
"""The canary's event type, which Stripe does not have and POM does not subscribe to."""

PREFIX = "canary_"

SENT_EVERY = 300
STALE_AFTER = 3 * SENT_EVERY
"""Seconds after which the latest run no longer describes the present."""

REMEMBERED_FOR = 300
"""Seconds for which a function uses its cached secrets. During this time one of several secrets may be rejected."""


class Verdict(StrEnum):
    """The result of one canary, or of a whole run."""

    PASSED = "passed"
    PASSED_BY_OLDER_SECRET = "passed_by_older_secret"  # nosec B105
    """The newest secret was rejected. This is normal for five minutes after a rotation."""
    OLDER_SECRET_REFUSED = "older_secret_refused"  # nosec B105
    """The newest secret was accepted and an older one rejected. This is normal for five minutes after a rotation."""
    NO_SECRET = "no_secret"  # nosec B105
    """The secret could not be loaded, or holds no signing secret."""
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    """The endpoint responded with 4xx. For a whole run: with every stored secret."""
    THROTTLED = "throttled"
    """The endpoint responded with 429. Anybody can cause that, so it proves nothing about POM's secrets."""
    FAILED = "failed"
    """The endpoint responded with another status outside 2xx."""
    NOT_KEPT = "not_kept"
    """The endpoint responded with 2xx, and the event is not in the table."""
    ALTERED = "altered"
    """The event in the table differs from the one that was sent."""
    UNREADABLE = "unreadable"
    """The table could not be read."""

    @property
    def passed(self) -> bool:
        """Returns True if the endpoint accepts events that one of the stored secrets signed."""
        return self in {Verdict.PASSED, Verdict.PASSED_BY_OLDER_SECRET, Verdict.OLDER_SECRET_REFUSED}


@dataclass(frozen=True, slots=True)
class Canary:
    """The record of a canary. `fingerprint` is the digest of its body, `sent_at` is epoch seconds UTC."""

    id: str
    sent_at: int
    fingerprint: str

    @classmethod
    def of(cls, event: StripeEvent) -> Self:
        """Returns the canary that arrived as this event."""
        return cls(event.id, event.created, digest(event.body))

    @classmethod
    def create(cls, nonce: str, now: int) -> tuple[Self, bytes]:
        """Returns a new canary, and the body to send."""
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
class Attempt:
    """The result of the canary that one secret signed. `fingerprint` identifies the secret without revealing it.

    `refused_since` is when this secret was first rejected without having been accepted since (epoch seconds UTC).
    """

    fingerprint: str
    verdict: Verdict
    refused_since: int | None = None


@dataclass(frozen=True, slots=True)
class CanaryRun:
    """The results of the canaries that were sent at `at` (epoch seconds UTC), one for each secret, the newest first.

    `milliseconds` is the duration of the slowest one. If one fails for a reason other than its secret, the others are
    not sent, because they would fail as well.
    """

    verdict: Verdict
    milliseconds: int
    at: int = 0
    attempts: tuple[Attempt, ...] = ()

    def usable(self, now: int) -> bool:
        """Returns True if the run is recent enough to describe the present."""
        return now - self.at <= STALE_AFTER

    @property
    def problem(self) -> str | None:
        """Returns the problem in plain words. None if every secret is accepted, or was rejected for five minutes at
        most.

        A secret that all functions must have loaded by now (REMEMBERED_FOR) and that is still rejected is a problem
        even if another one is accepted, because Stripe may be signing with the rejected one.
        """
        if not self.verdict.passed:
            return _PROBLEMS.get(self.verdict)
        for number, attempt in enumerate(self.attempts, 1):
            if attempt.refused_since is not None and self.at - attempt.refused_since > REMEMBERED_FOR:
                return (
                    f"POM refuses what secret {number} of its {len(self.attempts)} signing secrets signs,"
                    " so Stripe's events may not get in."
                )
        return None


_LATE = "so payments show up late."
_PROBLEMS = {
    Verdict.NO_SECRET: f"POM has no signing secret for Stripe's events, {_LATE}",
    Verdict.NO_ANSWER: f"POM's address for Stripe's events does not answer, {_LATE}",
    Verdict.REFUSED: f"POM's address for Stripe's events refuses what POM's own signing secrets sign, {_LATE}",
    Verdict.FAILED: f"POM's address for Stripe's events fails, {_LATE}",
    Verdict.NOT_KEPT: f"A test event to POM's address for Stripe's events did not reach POM, {_LATE}",
    Verdict.ALTERED: f"A test event to POM's address for Stripe's events did not reach POM as it was sent, {_LATE}",
    Verdict.UNREADABLE: "POM could not read whether a test event had arrived, so payments may show up late.",
}


def verdict_of(attempts: Sequence[Attempt]) -> Verdict:
    """Returns the verdict of a run. `attempts` are those of its secrets, the newest first."""
    verdicts = [attempt.verdict for attempt in attempts]
    if not verdicts:
        return Verdict.NO_SECRET
    if failures := [each for each in verdicts if each not in {Verdict.PASSED, Verdict.REFUSED}]:
        return failures[0]
    if Verdict.PASSED not in verdicts:
        return Verdict.REFUSED
    if verdicts[0] is Verdict.REFUSED:
        return Verdict.PASSED_BY_OLDER_SECRET
    return Verdict.OLDER_SECRET_REFUSED if Verdict.REFUSED in verdicts else Verdict.PASSED


def fingerprint(secret: str) -> str:
    """Returns twelve letters that identify a secret without revealing it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


def is_canary(event: StripeEvent) -> bool:
    """Returns True if an authentic event is a canary of POM."""
    return event.type == TYPE and event.account_id is None and event.id.startswith(PREFIX)
