"""What the acts share: the stack, the account, the people at POM, the listener, and what was found so far."""

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
from infra.sandbox.carrying import BudgetSpent
from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.product.listening import Listener
from infra.sandbox.sides import DoubleSide
from infra.sandbox.stories.invoices import Sent

T = TypeVar("T")

BETWEEN_LOOKS = 0.1
"""Seconds between two looks at POM."""
MEANWHILE = 1.0
"""Seconds that pass at a double between two looks: a charge's balance transaction comes after three."""


class NotAsAssumed(Exception):
    """POM does not show what it should. The message has both values."""


class NotTried(Exception):
    """Something could not be tried. The message says why."""


class Time:
    """The time of the account. A double's is moved, and the stack follows it by a file."""

    def __init__(self, lab: Laboratory, directory: Path) -> None:
        self._side = lab.side
        self.file = directory / "clock" if isinstance(lab.side, DoubleSide) else None
        self._write()

    def passes(self) -> None:
        """Waits a moment. At a double more time passes meanwhile."""
        time.sleep(BETWEEN_LOOKS)
        if self.file is not None:
            self._side.pass_time(MEANWHILE)
            self._write()

    def _write(self) -> None:
        if self.file is not None:
            new = self.file.with_suffix(".new")
            new.write_text(repr(self._side.now() - time.time()))
            os.replace(new, self.file)  # the stack's processes read it at any moment


def organization_of(lab: Laboratory) -> str:
    """Returns the id of an organization of its own: POM must know all invoices of its organization."""
    return f"{lab.orders.organization}-product"


@dataclass
class Scene:
    """One run of the product. `tell` shows a line of progress."""

    lab: Laboratory
    stack: LocalStack
    time: Time
    listener: Listener
    admin: Office
    office: Office
    patience: float
    """Seconds for which a change in POM is waited for."""
    tell: Callable[[str], None]
    began_at: int = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    invoices: dict[str, str] = field(default_factory=dict)
    """POM's ids of the invoices, by the names that the findings use."""
    sent: dict[str, Sent] = field(default_factory=dict)
    """Those that were paid by API, as Stripe has them."""

    def __post_init__(self) -> None:
        self.began_at = self.lab.now()

    @property
    def organization(self) -> str:
        """The organization's id in POM. Cleaning finds by it what the run leaves in Stripe."""
        return organization_of(self.lab)

    def does(self, name: str, sentence: str, act: Callable[[Scene], str]) -> None:
        """Does something and notes what came of it. `act` returns what was seen, as a sentence."""
        self.tell(name)
        with self.lab.recorder.during(f"product: {name}"):
            verdict, found = self._outcome(act)
        if verdict is Verdict.HARMFUL and self.lab.budget.left <= 0:  # POM was refused for this reason, too
            verdict, found = Verdict.NOT_TRIED, f"The requests of the run were used up. {found}"
        self.findings.append(Finding(Part.PRODUCT, name, verdict, found, sentence))

    def _outcome(self, act: Callable[[Scene], str]) -> tuple[Verdict, str]:
        try:
            return Verdict.AS_ASSUMED, act(self)
        except (NotTried, BudgetSpent) as reason:
            return Verdict.NOT_TRIED, str(reason)
        except NotAsAssumed as difference:
            return Verdict.HARMFUL, str(difference)
        except Exception as error:  # noqa: BLE001 the acts after it are to be played nevertheless
            return Verdict.HARMFUL, f"It ended with {type(error).__name__}: {error}"

    def answered(self, answer: Response) -> Any:
        """Returns what POM answered. Raises NotAsAssumed if it refused."""
        if answer.status not in (200, 201, 202):
            raise NotAsAssumed(f"POM answered {answer.status}: {answer.text}")
        return answer.json

    def invoice(self, name: str) -> Any:
        """Returns an invoice as POM shows it. Raises NotTried if it was not made."""
        if name not in self.invoices:
            raise NotTried(f"There is no {name}, because an earlier step failed.")
        return self.office.get(f"/invoices/{self.invoices[name]}")

    def until(self, look: Callable[[], T], good: Callable[[T], bool], expected: str) -> T:
        """Looks at POM, while events are brought to it, until it shows what is expected. Returns what it shows.

        Raises NotAsAssumed if patience ends.
        """
        deadline = time.monotonic() + self.patience
        self.listener.rest()
        while not good(seen := look()):
            if time.monotonic() > deadline:
                raise NotAsAssumed(f"After {self.patience:.0f} s POM shows {seen}. Expected: {expected}.")
            self.listener.look()
            self.time.passes()
        return seen

    def becomes(self, name: str, **expected: Any) -> Any:
        """Returns an invoice once POM shows these values. Raises NotAsAssumed if patience ends."""

        def shown() -> dict[str, Any]:
            invoice = self.invoice(name)
            return {field: invoice[field] for field in expected}

        self.until(shown, lambda seen: seen == expected, str(expected))
        return self.invoice(name)

    def settles(self) -> None:
        """Returns once all events were brought and the stack has no work left. At a double some seconds pass."""
        quiet = 0
        while quiet < 2:
            for _ in range(int(self.listener.first_pause / BETWEEN_LOOKS) + 1):
                self.time.passes()
            quiet = 0 if self.listener.deliver() else quiet + 1
            self.stack.wait_until_idle()
