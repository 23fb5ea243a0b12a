"""The state that the steps share: the stack, the account, the users of POM, the listener, and the findings."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from infra.demo.http import Response
from infra.demo.people import Office
from infra.local.stack import LocalStack
from infra.sandbox.client import BudgetSpent
from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.product.listening import Listener
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import SentInvoice
from infra.sandbox.targets import DoubleTarget

T = TypeVar("T")

POLL_DELAY = 0.1
"""Seconds between two polls of POM."""
DOUBLE_SECONDS_PER_POLL = 1.0
"""Seconds that a double's clock advances between two polls. A charge's balance transaction comes after three."""


class NotAsAssumed(Exception):
    """Raised when POM does not show the expected value. The message has both values."""


class NotTried(Exception):
    """Raised when a step could not be tried. The message gives the reason."""


class Time:
    """The account's time. A double's clock is advanced, and the stack reads the clock's offset from a file."""

    def __init__(self, session: Session, directory: Path) -> None:
        self._target = session.target
        self.file = directory / "clock" if isinstance(session.target, DoubleTarget) else None
        self._write()

    def advance(self) -> None:
        """Waits a moment. A double's clock advances further in this moment."""
        time.sleep(POLL_DELAY)
        if self.file is not None:
            self._target.pass_time(DOUBLE_SECONDS_PER_POLL)
            self._write()

    def _write(self) -> None:
        if self.file is not None:
            new = self.file.with_suffix(".new")
            new.write_text(repr(self._target.now() - time.time()))
            os.replace(new, self.file)  # atomic, because the stack's processes may read the file at any time


def organization_of(session: Session) -> str:
    """Returns the id of an organization for this run only, so that POM knows all its invoices."""
    return f"{session.orders.organization}-product"


@dataclass
class Scene:
    """One run of the product. `progress` shows a line of progress."""

    session: Session
    stack: LocalStack
    time: Time
    listener: Listener
    admin: Office
    office: Office
    patience: float
    """The most seconds to wait for a change in POM."""
    progress: Callable[[str], None]
    began_at: int = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    invoices: dict[str, str] = field(default_factory=dict)
    """The ids of POM's invoices, by the names in the findings."""
    stripe_invoices: dict[str, SentInvoice] = field(default_factory=dict)
    """The invoices that were paid by API, as Stripe has them, by the same names."""

    def __post_init__(self) -> None:
        self.began_at = self.session.now()

    @property
    def organization(self) -> str:
        """Returns the organization's id in POM, by which the cleanup finds the run's objects in Stripe."""
        return organization_of(self.session)

    def run_step(self, name: str, sentence: str, step: Callable[[Scene], str]) -> None:
        """Runs a step and adds its finding. `step` returns the observation, as a sentence."""
        self.progress(name)
        with self.session.recorder.during(f"product: {name}"):
            verdict, observation = self._outcome(step)
        # Without budget POM's own requests fail too, so the failure of the step says nothing about Stripe.
        if verdict is Verdict.HARMFUL and self.session.budget.remaining <= 0:
            verdict, observation = Verdict.NOT_TRIED, f"The requests of the run were used up. {observation}"
        self.findings.append(Finding(Part.PRODUCT, name, verdict, observation, sentence))

    def _outcome(self, step: Callable[[Scene], str]) -> tuple[Verdict, str]:
        try:
            return Verdict.AS_ASSUMED, step(self)
        except (NotTried, BudgetSpent) as reason:
            return Verdict.NOT_TRIED, str(reason)
        except NotAsAssumed as difference:
            return Verdict.HARMFUL, str(difference)
        except Exception as error:  # noqa: BLE001 the following steps must still run
            return Verdict.HARMFUL, f"It ended with {type(error).__name__}: {error}"

    def require_success(self, response: Response) -> Any:
        """Returns the JSON of POM's response. Raises NotAsAssumed if POM refused."""
        if response.status not in (200, 201, 202):
            raise NotAsAssumed(f"POM responded with {response.status}: {response.text}")
        return response.json

    def invoice(self, name: str) -> Any:
        """Returns an invoice from POM's API. Raises NotTried if an earlier step failed to create it."""
        if name not in self.invoices:
            raise NotTried(f"There is no {name}, because an earlier step failed.")
        return self.office.get(f"/invoices/{self.invoices[name]}")

    def wait_until(self, read: Callable[[], T], is_expected: Callable[[T], bool], expected: str) -> T:
        """Polls POM, and delivers events to it, until `is_expected` is True for the value. Returns the value.

        Raises NotAsAssumed after `patience` seconds.
        """
        deadline = time.monotonic() + self.patience
        self.listener.restart_pause()
        while not is_expected(value := read()):
            if time.monotonic() > deadline:
                raise NotAsAssumed(f"After {self.patience:.0f} s POM shows {value}. Expected: {expected}.")
            self.listener.poll()
            self.time.advance()
        return value

    def wait_for_invoice(self, name: str, **expected: Any) -> Any:
        """Returns an invoice once POM shows these values. Raises NotAsAssumed after `patience` seconds."""

        def read_fields() -> dict[str, Any]:
            invoice = self.invoice(name)
            return {field: invoice[field] for field in expected}

        self.wait_until(read_fields, lambda value: value == expected, str(expected))
        return self.invoice(name)

    def wait_until_quiet(self) -> None:
        """Returns when all events were delivered and the stack has no work left. A double's clock advances
        meanwhile.
        """
        quiet = 0
        while quiet < 2:
            for _ in range(int(self.listener.first_pause / POLL_DELAY) + 1):
                self.time.advance()
            quiet = 0 if self.listener.deliver() else quiet + 1
            self.stack.wait_until_idle()
