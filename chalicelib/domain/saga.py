"""The saga: the recovery points of creating, editing and sending an invoice in Stripe.

Each step's request to Stripe has an idempotency key that is derived from stored data, so Stripe treats a repeated
step as the same request. Stripe forgets keys after 24 hours, and repeats a stored failure for as long
(https://docs.stripe.com/api/idempotent_requests). In both cases, a step must first read whether its object exists
before it sends another request with a new key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from chalicelib.domain.errors import Conflict, DueDatePassed, Refused
from chalicelib.domain.identifiers import OWN_KEY, digest

KEY_TRUSTED_FOR = 23 * 3600
"""Seconds for which POM relies on a key: an hour less than Stripe keeps it."""

LEASE = 120
"""Seconds for which a worker leases a saga. Afterwards another worker may resume it."""

LEASE_LEFT = LEASE // 2
"""The seconds that a worker has for a step at least: twice as long as a call of Stripe takes with all its retries.

A lease with this much time left is not renewed, because each renewal moves the invoice in the index of due work.
"""


class Step(StrEnum):
    """The next step of the work."""

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

        This release cannot perform the step, so the work waits for a release that can.
        """
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_, unknown._value_ = "UNKNOWN", value
        return unknown


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an invoice, or an edit of it, is being undone. It is the stored form of a domain error."""

    code: str
    message: str
    field: str | None = None
    next_step: str | None = None
    conflict: bool = False

    @classmethod
    def of(cls, error: Refused | Conflict) -> Refusal:
        """Returns the stored form of this error."""
        return cls(error.code, error.message, error.field, error.next_step, isinstance(error, Conflict))

    @property
    def error(self) -> Refused | Conflict:
        """Returns the error that was stored."""
        kind = _BY_CODE.get(self.code, Conflict if self.conflict else Refused)
        return kind(self.code, self.message, field=self.field, next_step=self.next_step)


_BY_CODE: Mapping[str, type[Refused]] = {"due_date_in_past": DueDatePassed}
"""The error classes that callers catch after they were stored, by code, because items store only codes."""


@dataclass(frozen=True, slots=True)
class DraftTags:
    """Tags of what a draft billed when users last saw it. They are equal as long as the draft looks the same."""

    order: str
    """The tag of POM's order."""
    in_stripe: str
    """The tag of the parts of Stripe's draft that differ from the order."""


@dataclass(frozen=True, slots=True)
class Saga:
    """The progress of the work. Times are epoch seconds UTC.

    `send` is True if the invoice is sent as soon as it is created, and False if a user reviews the draft first.
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
    """The contents of the draft when users last saw it, while the draft is edited or sent. Otherwise None.

    It is also None while that work is in progress if an earlier release began it.
    """
    interrupted: bool = False
    """True if another worker has taken over the work, so that users may have changed the draft in Stripe in between.

    Also True if no caller waits for the response. In both cases only the timeline shows a refusal.
    """
    finalized_before: bool = False
    """True if the invoice was finalized, and users saw that, when a user asked POM to send it."""

    @property
    def key(self) -> str:
        """Returns the idempotency key of the present step. It contains no personal data."""
        return f"{OWN_KEY}{digest(self.nonce, self.step, str(self.generation))}"

    def has_used(self, key: str | None) -> bool:
        """Returns True if the present step has sent `key` to Stripe, or a key derived from it."""
        own = tuple(replace(self, generation=number).key for number in range(self.generation + 1))
        return key is not None and key.startswith(own)

    @property
    def running(self) -> bool:
        return self.step not in {Step.DONE, Step.REVIEW}

    @property
    def before_sending(self) -> bool:
        """Returns True if Stripe has at most a draft, which no payer has seen."""
        return self.step in {Step.REPLACE, Step.CLAIM, Step.DRAFT, Step.LINES}

    @property
    def editing(self) -> bool:
        """Returns True if the order of a draft is being replaced."""
        return self.step in {Step.EDIT_CLAIM, Step.EDIT, Step.RESTORE, Step.RELEASE}

    @property
    def untouched(self) -> bool:
        """Returns True if the present step has not been tried before."""
        return self.attempts == 0 and self.generation == 0 and not self.look_first

    def must_look_first(self, now: int) -> bool:
        """Returns True if the step's object may exist although its key can no longer prove it."""
        return self.look_first or now - self.step_began_at > KEY_TRUSTED_FOR

    def advanced(self, step: Step, now: int) -> Self:
        """Returns the saga at its next recovery point, `step`."""
        finished = step in {Step.DONE, Step.REVIEW}
        return replace(
            self,
            step=step,
            step_began_at=now,
            generation=0,
            look_first=False,
            attempts=0,
            resume_at=None if finished else self._lease(now),
            drafted=None if finished else self.drafted,
        )

    def _lease(self, now: int) -> int:
        """Returns when another worker may resume the next step. The present lease stays if it has enough time
        left.
        """
        if self.resume_at is not None and LEASE_LEFT <= self.resume_at - now <= LEASE:
            return self.resume_at
        return now + LEASE

    def found_nothing(self, now: int) -> Self:
        """Returns the saga after the step's object was not found in Stripe, so that the step may use a new key."""
        return replace(self, step_began_at=now, generation=self.generation + 1, look_first=False)

    def failed_attempt(self, now: int, *, stored_by_stripe: bool) -> Self:
        """Returns the saga after an unknown outcome or a failure of Stripe. The wait doubles each time, up to an
        hour.
        """
        wait = min(30 * 2**self.attempts, 3600)
        return replace(
            self,
            attempts=self.attempts + 1,
            look_first=self.look_first or stored_by_stripe,
            resume_at=now + wait,
        )

    def leased(self, now: int) -> Self:
        """Returns the saga leased by a worker for `LEASE` seconds. The former worker may have got as far as any
        request.
        """
        return replace(self, resume_at=now + LEASE, attempts=self.attempts + 1, interrupted=True)

    def ordered_to_send(
        self, nonce: str, now: int, *, finalized_before: bool, drafted: DraftTags | None, awaited: bool = True
    ) -> Self:
        """Returns the saga of an invoice that a user asks POM to send after a review. `awaited` is True if the user
        waits.

        It has a new key, because Stripe would repeat even a refusal for the former one.
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
        """Returns the saga of an edit that is undone because of `refusal`, or that is complete if it is None."""
        return replace(self, refusal=refusal)

    def aborting(self, refusal: Refusal, now: int) -> Self:
        """Returns the saga of an invoice that is undone because of `refusal`."""
        return replace(self.advanced(Step.ABORT, now), refusal=refusal)
