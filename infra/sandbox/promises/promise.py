"""A promise of Stripe's that the code relies on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.sandbox.findings import Verdict
from infra.sandbox.laboratory import Laboratory


@dataclass(frozen=True)
class Outcome:
    """What was seen."""

    verdict: Verdict
    seen: str
    """A sentence with the values."""


@dataclass(frozen=True)
class Promise:
    """One assumption. `attempt` makes requests on the account and judges what came."""

    name: str
    """Stable, in small letters with blanks, such as `a key replays its answer`."""
    sentence: str
    """What is assumed, as a whole sentence."""
    source: str
    """Where the project says so, such as `docs/decisions/0003`."""
    attempt: Callable[[Laboratory], Outcome]
