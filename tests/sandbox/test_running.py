"""One run, from the first request for the account to the end of the cleanup."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from chalicelib.domain.errors import StripeUnavailable
from infra.sandbox.client import Budget
from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.promises.promise import Outcome, Promise
from infra.sandbox.running import PRODUCT, CannotBegin, Plan, Run, run
from infra.sandbox.session import Session
from infra.sandbox.stories.billing import BILLING
from infra.sandbox.stories.story import Story
from infra.stripe_double import StripeDouble
from infra.stripe_double.http.messages import Request, Response
from tests.sandbox.sessions import new_session


def finding(run_result: Run, part: Part, name: str) -> Finding:
    (matching_finding,) = [each for each in run_result.findings if (each.part, each.name) == (part, name)]
    return matching_finding


def story(play: Callable[[Session], object]) -> Story:
    return Story("odd", "Something odd happens.", lambda session: (play(session), None)[1])


def promise(attempt: Callable[[Session], Any]) -> Promise:
    return Promise("odd", "It is odd.", "README.md", attempt)


def fails(error: BaseException) -> Callable[[Session], Any]:
    def attempt(session: Session) -> Any:
        raise error

    return attempt


def double_with_edited_responses(edit: Callable[[Any], Any]) -> StripeDouble:
    """Returns a double that edits each of its API responses."""
    double = StripeDouble()
    handle = double.handle

    def handled(request: Request) -> Response:
        answer = handle(request)
        if request.path.startswith("/v1/") and answer.status == 200:
            answer.body = json.dumps(edit(json.loads(answer.body))).encode()
        return answer

    double.handle = handled  # type: ignore[method-assign]
    return double


def test_a_run_against_the_double_finds_no_difference_and_leaves_nothing_open() -> None:
    session = new_session(StripeDouble())
    run_result = run(session, Plan([BILLING]))
    assert {each.verdict for each in run_result.findings} == {Verdict.AS_ASSUMED}
    assert finding(run_result, Part.SHAPES, "billing").found == finding(run_result, Part.SEQUENCES, "billing").found
    assert "1 customer(s) deleted" in finding(run_result, Part.CLEANING, "cleaning").found
    assert run_result.requests == session.budget.used == len(session.recorder.exchanges)
    assert not run_result.harmful


def test_only_the_requests_of_stories_are_compared_with_the_double() -> None:
    run_result = run(
        new_session(StripeDouble()), Plan([BILLING], [promise(lambda session: Outcome(Verdict.AS_ASSUMED, "Seen."))])
    )
    steps = {each.step.partition(":")[0] for each in run_result.story_recording.exchanges}
    assert steps == {"billing", "events"}
    assert {each.step for each in run_result.full_recording.exchanges} >= {"test mode", "cleaning"}
    assert run_result.story_recording.exchanges[-1].path == "/v1/events"


def test_a_change_of_a_field_that_pom_reads_is_harmful() -> None:
    def edit(body: Any) -> Any:
        return {**body, "number": None} if body.get("object") == "invoice" else body

    run_result = run(new_session(double_with_edited_responses(edit)), Plan([BILLING]))
    shapes = finding(run_result, Part.SHAPES, "billing")
    assert shapes.verdict is Verdict.HARMFUL
    assert "other null-ness: invoice.number, nothing instead of" in shapes.found
    assert run_result.harmful


def test_a_change_of_a_field_that_pom_does_not_read_is_harmless() -> None:
    def edit(body: Any) -> Any:
        return {**body, "new_of_stripe": 1} if body.get("object") == "invoice" else body

    shapes = finding(run(new_session(double_with_edited_responses(edit)), Plan([BILLING])), Part.SHAPES, "billing")
    assert shapes.verdict is Verdict.HARMLESS
    assert "extra: invoice.new_of_stripe" in shapes.found


def test_an_account_in_live_mode_gets_no_further_request() -> None:
    session = new_session(double_with_edited_responses(lambda body: {**body, "livemode": True}))
    run_result = run(session, Plan([BILLING]))
    (only,) = run_result.findings
    assert (only.name, only.verdict) == ("test mode", Verdict.HARMFUL)
    assert [each.path for each in session.recorder.exchanges] == ["/v1/balance"]


def test_a_key_that_stripe_refuses_ends_the_run_with_the_next_step() -> None:
    session = new_session(StripeDouble())
    session.client = session.client_with("sk_" + "test_" + "wrong")
    with pytest.raises(CannotBegin, match=r"docs/sandbox\.md"):
        run(session, Plan([BILLING]))


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (StripeUnavailable("stripe_answer_unreadable", "Not understood.", answered=True), Verdict.HARMFUL),
        (StripeUnavailable("stripe_unreachable", "No answer.", answered=False), Verdict.NOT_TRIED),
        (stripe.InvalidRequestError("You may not.", None), Verdict.NOT_TRIED),
        (KeyError("status"), Verdict.HARMFUL),
    ],
)
def test_an_error_in_a_story_is_reported_and_the_next_story_is_played(error: Exception, verdict: Verdict) -> None:
    run_result = run(new_session(StripeDouble()), Plan([story(fails(error)), BILLING]))
    odd = finding(run_result, Part.SHAPES, "odd")
    assert odd.verdict is verdict
    assert odd.found.startswith("It stopped after GET /v1/accounts/")
    assert finding(run_result, Part.SHAPES, "billing").verdict is Verdict.AS_ASSUMED


def test_an_error_in_a_promise_or_in_the_product_is_reported() -> None:
    def product(session: Session, progress: Callable[[str], None]) -> list[Finding]:
        raise KeyError("status")

    run_result = run(new_session(StripeDouble()), Plan((), [promise(fails(KeyError("x")))], product))
    assert finding(run_result, Part.PROMISES, "odd").verdict is Verdict.HARMFUL
    assert "KeyError" in finding(run_result, Part.PRODUCT, PRODUCT).found


def test_a_spent_budget_leaves_later_stories_untried_and_still_cleans_up() -> None:
    session = new_session(StripeDouble(), Budget(allowed=60, reserved=50))
    run_result = run(
        session,
        Plan(
            [BILLING, story(lambda session: session.gateway.balance(session.account))],
            (),
            lambda session, progress: [],
        ),
    )
    assert finding(run_result, Part.SHAPES, "odd").verdict is Verdict.NOT_TRIED
    assert "are used up" in finding(run_result, Part.SHAPES, "odd").found
    assert "1 customer(s) deleted" in finding(run_result, Part.CLEANING, "cleaning").found
    assert session.budget.used <= 60


def test_an_interrupted_run_names_what_it_did_not_try_and_cleans_up() -> None:
    plan = Plan([BILLING, story(fails(KeyboardInterrupt()))], [promise(fails(KeyError()))])
    run_result = run(new_session(StripeDouble()), plan)
    for part in (Part.SHAPES, Part.PROMISES):
        assert finding(run_result, part, "odd").found == "The run was interrupted."
    assert finding(run_result, Part.SHAPES, "billing").verdict is Verdict.AS_ASSUMED
    assert "1 customer(s) deleted" in finding(run_result, Part.CLEANING, "cleaning").found


def test_an_error_of_this_program_is_not_hidden_and_cleaning_comes_first() -> None:
    session = new_session(StripeDouble())
    with pytest.raises(SystemExit):
        run(session, Plan([BILLING, story(fails(SystemExit()))]))
    assert session.recorder.exchanges[-1].step == "cleaning"


def test_a_feature_that_the_account_lacks_has_a_separate_row() -> None:
    def play(session: Session) -> None:
        with session.where_allowed("a customer that is none"):
            session.v1.customers.retrieve("cus_none", None, session.on_account())

    run_result = run(new_session(StripeDouble()), Plan([story(play)]))
    refused_step = finding(run_result, Part.SHAPES, "odd: a customer that is none")
    assert refused_step.verdict is Verdict.NOT_TRIED
    assert "No such customer" in refused_step.found
