"""Problems of the webhook endpoint, in plain words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.domain.webhook import STALE_AFTER, WebhookCheck, WebhookEndpoint, problem_with, surplus_endpoints

URL = "https://api.example.test/v1/stripe/webhooks"
GOOD = WebhookEndpoint(URL, True, True, API_VERSION, tuple(SUBSCRIPTION))
OTHER = replace(GOOD, url="https://elsewhere.example.test/hooks")
FEWER = replace(GOOD, events=tuple(SUBSCRIPTION)[1:])
FORMERLY = ("invoice.overdue", "invoice.finalization_failed", "invoice.payment_action_required")
"""Event types that earlier releases subscribed to."""
OLD = replace(GOOD, api_version="2019-01-01")
FEW = replace(GOOD, events=("invoice.paid",))


@pytest.mark.parametrize(
    "endpoints",
    [
        [GOOD],
        [replace(GOOD, url=URL + "/")],
        [replace(GOOD, events=("*",))],
        [replace(GOOD, events=(*SUBSCRIPTION, "payout.paid"))],
        [replace(GOOD, events=(*SUBSCRIPTION, *FORMERLY))],
        [OTHER, replace(GOOD, enabled=False), GOOD],
    ],
    ids=["as_needed", "slash", "everything", "more", "made_by_an_earlier_release", "one_of_several"],
)
def test_a_correct_endpoint_is_no_problem(endpoints: list[WebhookEndpoint]) -> None:
    assert problem_with(endpoints, URL) is None


@pytest.mark.parametrize(
    ("endpoints", "expected_text"),
    [
        ([], "no webhook endpoint"),
        ([OTHER], "no webhook endpoint"),
        ([replace(GOOD, enabled=False)], "disabled"),
        ([replace(GOOD, connect=False)], "connected accounts"),
        ([replace(GOOD, api_version="2024-06-20")], "2024-06-20"),
        ([replace(GOOD, api_version=None)], "of the Stripe account"),
        ([FEWER], f"does not receive {next(iter(SUBSCRIPTION))},"),
        ([FEW], f"and {len(SUBSCRIPTION) - 4} more events"),
    ],
    ids=["none", "another", "disabled", "own_account", "old", "no_version", "one_missing", "many_missing"],
)
def test_a_problem_is_described_in_plain_words(endpoints: list[WebhookEndpoint], expected_text: str) -> None:
    problem = problem_with(endpoints, URL)
    assert problem is not None
    assert expected_text in problem
    assert problem.endswith(".")


def test_a_successful_check_is_current_for_a_quarter_of_an_hour() -> None:
    assert WebhookCheck(1000, answered=True).usable(1000 + STALE_AFTER)
    assert not WebhookCheck(1000, answered=True).usable(1001 + STALE_AFTER)
    assert not WebhookCheck(1000, answered=False).usable(1000)


@pytest.mark.parametrize(
    ("endpoints", "beside"),
    [
        ([GOOD], []),
        ([OTHER, GOOD], []),
        ([GOOD, replace(OLD, enabled=False)], []),
        ([OLD, GOOD], [OLD]),
        ([GOOD, replace(GOOD, id="we_2")], [replace(GOOD, id="we_2")]),
        ([OLD, replace(OLD, id="we_2")], [replace(OLD, id="we_2")]),
        ([], []),
    ],
    ids=["one", "another_url", "disabled", "old_one", "two_good_ones", "two_old_ones", "none"],
)
def test_every_other_enabled_endpoint_is_surplus(
    endpoints: list[WebhookEndpoint], beside: list[WebhookEndpoint]
) -> None:
    assert surplus_endpoints(endpoints, URL) == beside


def test_an_enabled_endpoint_is_reported_before_a_disabled_one() -> None:
    assert "2019-01-01" in str(problem_with([replace(GOOD, enabled=False), OLD], URL))
