"""stripe-mock accepts every kind of request with which the promises are tried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.sandbox.promises.registry import PROMISES
from infra.stripe_double.recordings.recording import Exchange
from tests.real.test_sandbox_requests import BEYOND, route, sent
from tests.sandbox.test_promises import outcome_of, session_on, unchanged

pytestmark = pytest.mark.real

WRONG_ON_PURPOSE = ("an expansion has four levels",)
"""Promises that ask what Stripe is to refuse for its parameters."""


NEWER = "api_version"
"""A parameter whose values stripe-mock lists; the version of the SDK may be newer than it."""


def asked() -> list[Exchange]:
    """Returns the requests of the promises to a double, one for each set of parameters of a route."""
    session = session_on(unchanged)
    kinds: dict[object, Exchange] = {}
    for promise in PROMISES:
        with session.recorder.during(promise.name):
            outcome_of(promise, session)
    for each in session.recorder.exchanges:
        if each.step not in WRONG_ON_PURPOSE and not each.path.startswith(tuple(BEYOND)):
            kinds.setdefault((each.method, route(each.path), frozenset(name for name, _ in each.form)), each)
    return [replace(each, form=tuple(part for part in each.form if part[0] != NEWER)) for each in kinds.values()]


def test_stripe_mock_accepts_every_request_of_the_promises(stripe_mock_url: str) -> None:
    exchanges = asked()
    assert len(exchanges) > 30
    assert [refusal for each in exchanges if (refusal := sent(stripe_mock_url, each))] == []
