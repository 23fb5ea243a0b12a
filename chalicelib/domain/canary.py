"""The canary: a signed event about nothing, sent to ourselves to prove that our door takes what our secrets sign.

One is made with each stored secret, so whoever can send one could as well forge any event: it opens no door. It names
no account, touches no organization, and what is kept of it is of one size and goes after an hour. It cannot prove
that Stripe signs with one of these secrets: Stripe's API returns a secret only when its endpoint is created. Whether
events arrive shows that (`domain.arrivals`).
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
"""No type of Stripe's, nor in our subscription."""

PREFIX = "canary_"

SENT_EVERY = 300
STALE_AFTER = 3 * SENT_EVERY
"""Seconds after which the latest flight says nothing about now."""

REMEMBERED_FOR = 300
"""Seconds for which a function goes on with the secrets that it knows: so long, one of several may be refused."""


class Verdict(StrEnum):
    """How far a canary came."""

    PASSED = "passed"
    PASSED_BY_OLDER_SECRET = "passed_by_older_secret"  # nosec B105
    """The newest secret was refused: for five minutes after a rotation this is normal."""
    OLDER_SECRET_REFUSED = "older_secret_refused"  # nosec B105
    """The newest secret was taken, and one before it refused: for five minutes after a rotation this is normal."""
    NO_SECRET = "no_secret"  # nosec B105
    """The secret could not be loaded, or holds none to sign with."""
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    """Answered 4xx; of a whole flight: with every stored secret."""
    THROTTLED = "throttled"
    """Answered 429. Strangers can cause that, so it says nothing about our secrets."""
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
        """Whether events get in that one of the stored secrets signed."""
        return self in {Verdict.PASSED, Verdict.PASSED_BY_OLDER_SECRET, Verdict.OLDER_SECRET_REFUSED}


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
    def create(cls, nonce: str, now: int) -> tuple[Self, bytes]:
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
class Attempt:
    """What became of the canary that one secret signed. `fingerprint` tells secrets apart without telling them.

    `refused_since` is when this secret was first refused without having been taken since, in epoch seconds UTC.
    """

    fingerprint: str
    verdict: Verdict
    refused_since: int | None = None


@dataclass(frozen=True, slots=True)
class CanaryRun:
    """How far the canaries came that were sent at `at` (epoch seconds UTC), one for each secret, the newest first.

    `milliseconds` is how long the slowest took. Where one fails for another reason than its secret, the others are
    not sent: they would fail as well.
    """

    verdict: Verdict
    milliseconds: int
    at: int = 0
    attempts: tuple[Attempt, ...] = ()

    def usable(self, now: int) -> bool:
        """Whether it says anything about now."""
        return now - self.at <= STALE_AFTER

    @property
    def problem(self) -> str | None:
        """What is wrong, in plain words; None if every secret is taken, or was refused for no more than five minutes.

        A secret that all functions must know by now (REMEMBERED_FOR) and that is still refused is a problem, though
        another one is taken: Stripe may be signing with the refused one.
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
    """What a flight comes to; `attempts` are those of its secrets, the newest first."""
    verdicts = [attempt.verdict for attempt in attempts]
    if not verdicts:
        return Verdict.NO_SECRET
    if failed := [each for each in verdicts if each not in {Verdict.PASSED, Verdict.REFUSED}]:
        return failed[0]
    if Verdict.PASSED not in verdicts:
        return Verdict.REFUSED
    if verdicts[0] is Verdict.REFUSED:
        return Verdict.PASSED_BY_OLDER_SECRET
    return Verdict.OLDER_SECRET_REFUSED if Verdict.REFUSED in verdicts else Verdict.PASSED


def fingerprint(secret: str) -> str:
    """Twelve letters that tell secrets apart without telling them."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


def is_canary(event: StripeEvent) -> bool:
    """Whether an authentic event is one of ours."""
    return event.type == TYPE and event.account_id is None and event.id.startswith(PREFIX)
