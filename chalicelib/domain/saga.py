"""The recovery points of making an invoice in Stripe.

Each outward step has an idempotency key that is derived from what is stored, so a repeated step is the same
step for Stripe. Stripe forgets keys after 24 hours and repeats a stored failure for as long
(https://docs.stripe.com/api/idempotent_requests): after either, a step must look whether its object exists
before it asks again, with a new key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from chalicelib.domain.errors import Conflict, DueDatePassed, Refused
from chalicelib.domain.identifiers import OWN_KEY, digest

KEY_TRUSTED_FOR = 23 * 3600
"""Seconds for which a key is relied upon: an hour less than Stripe keeps it."""

LEASE = 120
"""Seconds for which a worker takes a saga up. Afterwards someone else resumes it."""

LEASE_LEFT = LEASE // 2
"""Seconds that a worker has for a step at least: twice as long as a call of Stripe takes with all its retries.

A lease that has as much left is not renewed, because each renewal moves the invoice in the index of work that is due.
"""


class Step(StrEnum):
    """The next thing to do."""

    REPLACE = "replace"
    """Void the invoice that this one corrects, and claim its services."""
    CLAIM = "claim"
    DRAFT = "draft"
    LINES = "lines"
    REVIEW = "review"
    SEND = "send"
    EDIT_CLAIM = "edit_claim"
    EDIT = "edit"
    RESTORE = "restore"
    RELEASE = "release"
    DONE = "done"
    ABORT = "abort"

    @classmethod
    def _missing_(cls, value: object) -> Step | None:
        """Returns a step with the unknown word of another release, so that its invoice can be read and stored.

        This release has no such step, so the work waits for a release that has it.
        """
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_, unknown._value_ = "UNKNOWN", value
        return unknown


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an invoice is being taken back, or an edit of it, as it is stored: an error of the domain, by its code."""

    code: str
    message: str
    field: str | None = None
    next_step: str | None = None
    conflict: bool = False

    @classmethod
    def of(cls, error: Refused | Conflict) -> Refusal:
        """Returns the refusal that is stored for this error."""
        return cls(error.code, error.message, error.field, error.next_step, isinstance(error, Conflict))

    @property
    def error(self) -> Refused | Conflict:
        """Returns the error that was stored."""
        kind = _BY_CODE.get(self.code, Conflict if self.conflict else Refused)
        return kind(self.code, self.message, field=self.field, next_step=self.next_step)


_BY_CODE: Mapping[str, type[Refused]] = {"due_date_in_past": DueDatePassed}
"""The errors that code tells from others after they were stored: items hold only their codes."""


@dataclass(frozen=True, slots=True)
class DraftTags:
    """Names what a draft billed when people could look at it. It has the same names as long as it looks the same."""

    order: str
    """Names POM's order."""
    in_stripe: str
    """Names what Stripe's draft says otherwise."""


@dataclass(frozen=True, slots=True)
class Saga:
    """How far the work is. Times are epoch seconds UTC.

    `send` is True if an order was made to go all the way, False if somebody reviews a draft before it is sent.
    """

    step: Step
    send: bool
    nonce: str
    step_began_at: int
    generation: int = 0
    look_first: bool = False
    resume_at: int | None = None
    attempts: int = 0
    refusal: Refusal | None = None
    drafted: DraftTags | None = None
    """What the draft billed when people could look at it last, while it is edited or sent. Otherwise None.

    None too while that goes on if a former release began it.
    """
    interrupted: bool = False
    """True if another worker has taken the work up, so that people may have changed the draft in Stripe meanwhile.

    True too if nobody waited for the answer to begin with. In either case only the timeline tells of a refusal.
    """
    finalized_before: bool = False
    """True if the invoice was finalized, and shown as that, when somebody asked for it to be sent."""

    @property
    def key(self) -> str:
        """The idempotency key of the present step. It tells nothing about anybody."""
        return f"{OWN_KEY}{digest(self.nonce, self.step, str(self.generation))}"

    def has_used(self, key: str | None) -> bool:
        """Returns True if `key` is one with which the present step has asked Stripe, or one derived from it."""
        own = tuple(replace(self, generation=number).key for number in range(self.generation + 1))
        return key is not None and key.startswith(own)

    @property
    def running(self) -> bool:
        return self.step not in {Step.DONE, Step.REVIEW}

    @property
    def before_sending(self) -> bool:
        """Whether there is at most a draft in Stripe, which no payer has seen."""
        return self.step in {Step.REPLACE, Step.CLAIM, Step.DRAFT, Step.LINES}

    @property
    def editing(self) -> bool:
        """Whether the order of a draft is being replaced."""
        return self.step in {Step.EDIT_CLAIM, Step.EDIT, Step.RESTORE, Step.RELEASE}

    @property
    def untouched(self) -> bool:
        """Whether the present step has not been tried before."""
        return self.attempts == 0 and self.generation == 0 and not self.look_first

    def must_look_first(self, now: int) -> bool:
        """Whether the step's object may exist although its key can no longer prove it."""
        return self.look_first or now - self.step_began_at > KEY_TRUSTED_FOR

    def advanced(self, step: Step, now: int) -> Self:
        """At the next recovery point."""
        resting = step in {Step.DONE, Step.REVIEW}
        return replace(
            self,
            step=step,
            step_began_at=now,
            generation=0,
            look_first=False,
            attempts=0,
            resume_at=None if resting else self._lease(now),
            drafted=None if resting else self.drafted,
        )

    def _lease(self, now: int) -> int:
        """Returns when someone else may resume the next step: as before, if the worker has enough time left."""
        if self.resume_at is not None and LEASE_LEFT <= self.resume_at - now <= LEASE:
            return self.resume_at
        return now + LEASE

    def found_nothing(self, now: int) -> Self:
        """Looked, and the step has left no trace: it may be done with a fresh key."""
        return replace(self, step_began_at=now, generation=self.generation + 1, look_first=False)

    def failed_attempt(self, now: int, *, stored_by_stripe: bool) -> Self:
        """The step's outcome is unknown, or Stripe failed: to be resumed, later each time, at most hourly."""
        wait = min(30 * 2**self.attempts, 3600)
        return replace(
            self,
            attempts=self.attempts + 1,
            look_first=self.look_first or stored_by_stripe,
            resume_at=now + wait,
        )

    def leased(self, now: int) -> Self:
        """Taken up by a worker, which has `LEASE` seconds. Whoever was at it before may have got anywhere."""
        return replace(self, resume_at=now + LEASE, attempts=self.attempts + 1, interrupted=True)

    def ordered_to_send(
        self, nonce: str, now: int, *, finalized_before: bool, drafted: DraftTags | None, awaited: bool = True
    ) -> Self:
        """Returns the saga of an invoice that somebody asks to be sent after a review, and waits for if `awaited`.

        It has a new key, because Stripe repeats even a refusal if it is asked with the former one.
        """
        return replace(
            self.advanced(Step.SEND, now),
            nonce=nonce,
            send=False,
            interrupted=not awaited,
            finalized_before=finalized_before,
            drafted=drafted,
        )

    def ordered_to_edit(self, nonce: str, now: int, *, more_to_claim: bool, drafted: DraftTags) -> Self:
        """Returns the saga of a draft whose order a person replaces. That person has seen the draft."""
        first = Step.EDIT_CLAIM if more_to_claim else Step.EDIT
        return replace(
            self.advanced(first, now),
            nonce=nonce,
            send=False,
            interrupted=False,
            finalized_before=False,
            refusal=None,
            drafted=drafted,
        )

    def undoing(self, refusal: Refusal | None) -> Self:
        """Returns the saga of an edit that is taken back for this reason, or that is over if there is none."""
        return replace(self, refusal=refusal)

    def aborting(self, refusal: Refusal, now: int) -> Self:
        """To be taken back, because it cannot be done."""
        return replace(self.advanced(Step.ABORT, now), refusal=refusal)
