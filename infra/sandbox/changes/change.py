"""A change of the double, and the finding by which a run must report it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from infra.sandbox.findings import Finding, Part, Verdict
from infra.stripe_double import StripeDouble
from infra.stripe_double.http.messages import Request, Response

Handle: TypeAlias = Callable[[Request], Response]
Wrap: TypeAlias = Callable[[Handle], Handle]
"""Wraps the function that handles requests in one that changes requests or responses. It is called once in a run."""


def _as_it_is(handle: Handle) -> Handle:
    return handle


@dataclass(frozen=True)
class ExpectedFinding:
    """The finding that a run must have. `text` occurs in the finding's text or in one of its differences."""

    part: Part
    name: str
    verdict: Verdict
    text: str

    def fits(self, finding: Finding) -> bool:
        """Returns True if the finding is the expected one."""
        return (
            (finding.part, finding.name, finding.verdict) == (self.part, self.name, self.verdict)
        ) and self.text in finding_text(finding)


@dataclass(frozen=True)
class Change:
    """One way in which Stripe may differ from the assumptions."""

    name: str
    sentence: str
    """A sentence about Stripe's different behaviour."""
    expected: ExpectedFinding
    wrap: Wrap = _as_it_is
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The fields of the double's `Config` that differ."""
    after: tuple[str, ...] = ()
    """Stories that must run before the expected one, because it needs their objects."""
    prepare: Callable[[StripeDouble, str], object] = lambda double, account: None
    """A further preparation of the double and of the run's account."""

    def matching_finding(self, findings: Iterable[Finding]) -> Finding | None:
        """Returns the finding that reports the change; None if there is none."""
        return next((each for each in findings if self.expected.fits(each)), None)


class ChangedDouble:
    """A double with a change, for an `InProcessClient`."""

    def __init__(self, double: StripeDouble, change: Change) -> None:
        self.handle: Handle = change.wrap(double.handle)


def finding_text(finding: Finding) -> str:
    """Returns the text and the differences of a finding as one text."""
    lines = (
        f"{each.kind}: {each.object}.{each.path}, {each.recorded!r} instead of {each.played!r}, {each.request}"
        for each in finding.differences
    )
    return "\n".join((finding.found, *lines))
