"""A change of the double, and what a run has to say about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from infra.sandbox.findings import Finding, Part, Verdict
from infra.stripe_double import StripeDouble
from infra.stripe_double.http.messages import Request, Response

Handle: TypeAlias = Callable[[Request], Response]
Wrap: TypeAlias = Callable[[Handle], Handle]
"""Wraps the function that answers requests in one that changes them or their answers. It is called once a run."""


def _as_it_is(handle: Handle) -> Handle:
    return handle


@dataclass(frozen=True)
class ExpectedFinding:
    """A finding that the run must have. `text` stands in its sentence or in one of its differences."""

    part: Part
    name: str
    verdict: Verdict
    text: str

    def fits(self, finding: Finding) -> bool:
        """Returns True if this is the finding."""
        return (
            (finding.part, finding.name, finding.verdict) == (self.part, self.name, self.verdict)
        ) and self.text in finding_text(finding)


@dataclass(frozen=True)
class Change:
    """One way in which Stripe may not be as assumed."""

    name: str
    sentence: str
    """What Stripe does otherwise, as a sentence."""
    expected: ExpectedFinding
    wrap: Wrap = _as_it_is
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the double's `Config` that differ, where that suffices."""
    after: tuple[str, ...] = ()
    """Stories that are played before the one that names it, because it needs what they leave."""
    prepare: Callable[[StripeDouble, str], object] = lambda double, account: None
    """What else is done to the double, and to the account of the run, before it begins."""

    def matching_finding(self, findings: Iterable[Finding]) -> Finding | None:
        """Returns the finding that names the change, or None."""
        return next((each for each in findings if self.expected.fits(each)), None)


class ChangedDouble:
    """A double that answers otherwise; to be given to an `InProcessClient`."""

    def __init__(self, double: StripeDouble, change: Change) -> None:
        self.handle: Handle = change.wrap(double.handle)


def finding_text(finding: Finding) -> str:
    """Returns all that a finding says, as one text."""
    lines = (
        f"{each.kind}: {each.object}.{each.path}, {each.recorded!r} instead of {each.played!r}, {each.request}"
        for each in finding.differences
    )
    return "\n".join((finding.found, *lines))
