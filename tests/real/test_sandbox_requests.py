"""stripe-mock accepts every kind of request that a sandbox run makes.

stripe-mock checks the parameters against Stripe's OpenAPI file, so a story cannot make a request that only the double
understands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from infra.sandbox import proving
from infra.sandbox.promises.registry import PROMISES
from infra.sandbox.running import Plan, run
from infra.sandbox.stories.registry import STORIES
from infra.stripe_double.recordings.recording import Exchange

pytestmark = pytest.mark.real

BEYOND: Mapping[str, str] = {
    "/oauth/": "Connect's OAuth is no part of Stripe's OpenAPI file.",
}
"""Paths that stripe-mock does not know, with the reason."""
YOUNGER: Mapping[str, str] = {
    "api_version": "stripe-mock's file is older than the API version of this project, and lists versions.",
}
"""Parameters that are left out, with the reason."""


def asked() -> Iterable[Exchange]:
    """Returns the requests of a whole run to a double, the cleanup included, one for each set of parameters of a
    route.
    """
    whole = run(proving.new_session(proving.new_double()), Plan(STORIES, PROMISES)).full_recording
    kinds: dict[object, Exchange] = {}
    for each in whole.exchanges:
        names = frozenset(re.sub(r"\[\d+\]", "[]", name) for name, _ in each.form)
        kinds.setdefault((each.method, route(each.path), names), each)
    return kinds.values()


def route(path: str) -> str:
    return re.sub(r"(?<=/)[a-z]+_[A-Za-z0-9_]+(?=/|$)", "{id}", path)


def sent(url: str, exchange: Exchange) -> str:
    """Sends the request to stripe-mock, and returns its refusal, or nothing."""
    form = urlencode([(name, value) for name, value in exchange.form if name not in YOUNGER])
    query = f"?{form}" if form and exchange.method != "POST" else ""
    request = Request(f"{url}{exchange.path}{query}", form.encode() if exchange.method == "POST" else None)
    request.method = exchange.method
    request.add_header("Authorization", "Bearer sk_test_123")
    if exchange.account:
        request.add_header("Stripe-Account", exchange.account)
    try:
        with urlopen(request, timeout=20):
            return ""
    except HTTPError as error:
        return f"{exchange.step}: {exchange.method} {exchange.path} {form}: {error.code} {error.read().decode()}"


def test_stripe_mock_accepts_every_request_of_a_complete_run(stripe_mock_url: str) -> None:
    exchanges = [each for each in asked() if not each.path.startswith(tuple(BEYOND))]
    assert len(exchanges) > 50
    assert [refusal for each in exchanges if (refusal := sent(stripe_mock_url, each))] == []


def test_stripe_mock_refuses_an_unknown_request(stripe_mock_url: str) -> None:
    wrong = Exchange("", 0.0, "POST", "/v1/customers", 200, None, (("no_such_parameter", "1"),))
    assert "no_such_parameter" in sent(stripe_mock_url, wrong)
