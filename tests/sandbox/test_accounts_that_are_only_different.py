"""An account that is slow, limited, or set up in another way by its owner shows no harmful difference."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from infra.sandbox.changes.change import Change, Handle
from infra.sandbox.changes.edits import JSON, events, objects
from infra.sandbox.findings import Finding, Verdict
from infra.sandbox.proving import UNCHANGED, WHOLE_PLAN, new_double, new_session
from infra.sandbox.running import Plan, run
from infra.stripe_double import StripeDouble
from infra.stripe_double.http.messages import Request, Response, as_json

Wrapped = Callable[[StripeDouble], Callable[[Handle], Handle]]


def listed_late(double: StripeDouble) -> Callable[[Handle], Handle]:
    def known(page: list[JSON]) -> list[JSON]:
        return [event for event in page if event["created"] <= double.clock.now() - 20]

    return events(known)


def limited(double: StripeDouble) -> Callable[[Handle], Handle]:
    """One request of twenty is refused."""
    chance = random.Random(5)
    error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests"}

    def wrap(handle: Handle) -> Handle:
        def handled(request: Request) -> Response:
            return as_json(429, {"error": error}) if chance.random() < 0.05 else handle(request)

        return handled

    return wrap


def with_defaults(double: StripeDouble) -> Callable[[Handle], Handle]:
    def filled(invoice: JSON) -> None:
        if not invoice.get("deleted"):
            invoice["footer"] = invoice["footer"] or "Thank you"
            invoice["description"] = invoice["description"] or "A memo"

    return objects("invoice", filled)


@pytest.mark.parametrize("wrapped", [listed_late, limited, with_defaults], ids=lambda wrapped: wrapped.__name__)
def test_a_difference_that_is_only_the_accounts_is_not_harmful(wrapped: Wrapped) -> None:
    double = new_double()
    change = Change("an account", "It is only different.", UNCHANGED.expected, wrapped(double))
    assert harmful(run(new_session(double, change), WHOLE_PLAN).findings) == []


def test_a_local_clock_that_is_three_seconds_ahead_causes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    session = new_session(new_double())
    now = session.target.now
    monkeypatch.setattr(session.target, "now", lambda: now() + 3)
    assert harmful(run(session, Plan(WHOLE_PLAN.stories)).findings) == []


def harmful(findings: list[Finding]) -> list[str]:
    return [f"{each.part} {each.name}: {each.found}" for each in findings if each.verdict is Verdict.HARMFUL]
