"""A trial: a test invoice that is created, read and voided to show that the connection works. It is never billed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from chalicelib.domain.identifiers import StripeAccountId

TRIAL_EMAIL = "pom-connection-test@example.com"
"""The address of the test customer, because Stripe requires one. Nobody can own it (RFC 2606), and no e-mail is
sent.
"""

TRIAL_NAME = "POM connection test"

LEFT_ALONE_FOR = 60
"""Seconds for which a run does not touch another run's objects. No request lasts longer."""

OVER_AFTER = 30
"""Seconds after which a test takes no more steps, because AWS stops its function after 28."""


class TrialStep(StrEnum):
    """The steps of a test, in their order."""

    ACCOUNT = "account"
    CUSTOMER = "customer"
    DRAFT = "draft"
    FINALIZE = "finalize"
    READ = "read"
    VOID = "void"
    CLEAN_UP = "clean_up"


@dataclass(frozen=True, slots=True)
class TrialReport:
    """The result of one step, in plain words."""

    step: TrialStep
    ok: bool
    message: str
    next_step: str | None = None


@dataclass(frozen=True, slots=True)
class TrialProgress:
    """The progress of the latest test of a connection. All fields are empty if there was none."""

    started_at: int | None = None
    finished_at: int | None = None
    ok: bool | None = None
    """None while the test is running."""
    steps: tuple[TrialReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """A test of the connection with an account, and the steps reported so far. `run` is the nonce that identifies
    it.
    """

    account_id: StripeAccountId
    run: str
    started_at: int
    steps: tuple[TrialReport, ...] = ()
    finished_at: int | None = None

    @property
    def ok(self) -> bool:
        """Returns True if all reported steps succeeded."""
        return all(report.ok for report in self.steps)

    def reported(self, report: TrialReport, now: int) -> Self:
        """Returns the test with one more step. Cleaning up is the last step, unless the account's check failed."""
        last = report.step is TrialStep.CLEAN_UP or (report.step is TrialStep.ACCOUNT and not report.ok)
        return replace(self, steps=(*self.steps, report), finished_at=now if last else None)

    def progress(self, now: int) -> TrialProgress:
        """Returns the progress of the test. A test that was cut off has failed in the step that it did not report."""
        if self.finished_at is not None:
            return TrialProgress(self.started_at, self.finished_at, self.ok, self.steps)
        if now <= self.started_at + OVER_AFTER:
            return TrialProgress(self.started_at, None, None, self.steps)
        missing = TrialReport(
            self._next_step,
            False,
            "This step was not reported in time: the test was probably cut off.",
            "Test again: a later test removes what this one may have left; nobody is billed.",
        )
        return TrialProgress(self.started_at, None, False, (*self.steps, missing))

    @property
    def _next_step(self) -> TrialStep:
        """Returns the step after the reported ones. After a failed step, the test cleans up."""
        return list(TrialStep)[len(self.steps)] if self.ok else TrialStep.CLEAN_UP


@dataclass(frozen=True, slots=True)
class TrialCustomer:
    """A test customer in Stripe. `run` identifies the run that created it, `created` is by Stripe's clock."""

    id: str
    run: str
    created: int
    as_of: int

    @property
    def forgotten(self) -> bool:
        """Returns True if the run that created it must have ended."""
        return self.as_of - self.created > LEFT_ALONE_FOR


@dataclass(frozen=True, slots=True)
class TrialInvoice:
    """A test invoice in Stripe."""

    id: str
    status: str
    total: int
    currency: str
    payable: bool
