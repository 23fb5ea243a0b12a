"""Stripe's own mock takes every kind of request that a sandbox run makes.

stripe-mock checks the parameters against Stripe's OpenAPI file, so a story cannot ask something that only the double
understands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from infra.sandbox.stories.billing import BILLING
from infra.stripe_double.recordings.recording import Exchange
from tests.sandbox.shared_accounts import laboratory, new_double

pytestmark = pytest.mark.real

BEYOND: Mapping[str, str] = {
    "/oauth/": "Connect's OAuth is no part of Stripe's OpenAPI file.",
}
"""Paths that stripe-mock does not know, with the reason."""
STORIES = [BILLING]


def asked() -> Iterable[Exchange]:
    """What the stories ask a double, one for each set of parameters of a route."""
    kinds: dict[object, Exchange] = {}
    for number, story in enumerate(STORIES):
        double, account = new_double()
        lab = laboratory(double, account, f"run{number}")
        with lab.recorder.during(story.name):
            story.play(lab)
        for each in lab.recorder.exchanges:
            names = frozenset(re.sub(r"\[\d+\]", "[]", name) for name, _ in each.form)
            kinds.setdefault((each.method, route(each.path), names), each)
    return kinds.values()


def route(path: str) -> str:
    return re.sub(r"(?<=/)[a-z]+_[A-Za-z0-9_]+(?=/|$)", "{id}", path)


def sent(url: str, exchange: Exchange) -> str:
    """Sends the request to stripe-mock, and returns its refusal, or nothing."""
    form = urlencode(exchange.form)
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


def test_stripe_mock_takes_every_request_of_the_stories(stripe_mock_url: str) -> None:
    exchanges = [each for each in asked() if not each.path.startswith(tuple(BEYOND))]
    assert len(exchanges) > 5
    assert [refusal for each in exchanges if (refusal := sent(stripe_mock_url, each))] == []


def test_stripe_mock_refuses_a_request_that_stripe_does_not_know(stripe_mock_url: str) -> None:
    wrong = Exchange("", 0.0, "POST", "/v1/customers", 200, None, (("no_such_parameter", "1"),))
    assert "no_such_parameter" in sent(stripe_mock_url, wrong)
