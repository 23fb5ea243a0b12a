"""A test invoice: made, looked at and voided, to show that the connection works. Nothing of it is POM's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TRIAL_EMAIL = "pom-connection-test@example.com"
"""Stripe wants an address; nobody is written to, and nobody can have this one (RFC 2606)."""

TRIAL_NAME = "POM connection test"

LEFT_ALONE_FOR = 60
"""Seconds for which what another run made is left alone; no request lasts longer."""


class TrialStep(StrEnum):
    """The steps, in their order."""

    ACCOUNT = "account"
    CUSTOMER = "customer"
    DRAFT = "draft"
    FINALIZE = "finalize"
    READ = "read"
    VOID = "void"
    CLEAN_UP = "clean_up"


@dataclass(frozen=True, slots=True)
class TrialReport:
    """How one step went, in plain words."""

    step: TrialStep
    ok: bool
    message: str
    next_step: str | None = None


@dataclass(frozen=True, slots=True)
class TrialCustomer:
    """A test customer in Stripe. `run` names the run that made it, `created` is by Stripe's clock."""

    id: str
    run: str
    created: int
    as_of: int

    @property
    def forgotten(self) -> bool:
        """Whether the run that made it is surely over."""
        return self.as_of - self.created > LEFT_ALONE_FOR


@dataclass(frozen=True, slots=True)
class TrialInvoice:
    """A test invoice in Stripe."""

    id: str
    status: str
    total: int
    currency: str
    payable: bool
