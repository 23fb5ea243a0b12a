"""One run: the product, stories, promises, cleanup, and the comparison with a double.

If an error stops a part, the part gets a row in the table, and the next part begins. The cleanup always comes last,
also after Ctrl-C. If the account is not in test mode, the run makes no further request.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

import stripe

from chalicelib.domain.errors import IntegrationError
from infra.sandbox.cleanup import clean
from infra.sandbox.client import MAX_REQUESTS, BudgetSpent
from infra.sandbox.comparing import EVENTS_STEP, PlayedStory, compare
from infra.sandbox.event_list import list_events
from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.promises.promise import Promise
from infra.sandbox.session import UNREACHABLE_CODES, NotInTime, Session
from infra.sandbox.stories.story import Story
from infra.stripe_double.recordings.recording import RecordedAccount, Recording

MIN_WAIT_SECONDS = 80.0
"""The least seconds that stories and promises wait. It assumes that each first poll succeeds."""
MIN_RUN_SECONDS = MIN_WAIT_SECONDS + 60 + 0.4 * MAX_REQUESTS
"""The least seconds of a complete run. It assumes 0.4 s for each response, and a minute of waiting for the product's
events. Both figures are guesses.
"""
CLOCK_DIFFERENCE = 10
"""The most seconds by which this machine's clock may be ahead of Stripe's. Lists begin earlier by this time."""
PRODUCT_GAP = CLOCK_DIFFERENCE + 2.0
"""Seconds between the product and the stories, so that the stories' lists contain none of the product's objects."""
CAN_BE_ENDED = "The objects of a run can be ended."
TEST_MODE = "test mode"

T = TypeVar("T")
Progress = Callable[[str], None]
Product = Callable[[Session, Progress], Sequence[Finding]]


class CannotBegin(Exception):
    """Raised when Stripe refused the first requests. The message says what to do."""


@dataclass(frozen=True)
class Plan:
    """The parts of a run. A part that is named twice runs once."""

    stories: Sequence[Story] = ()
    promises: Sequence[Promise] = ()
    product: Product | None = None
    wait: float = 0.0
    """Seconds by which a double's clock is advanced before a story with `later`."""

    def names(self) -> list[tuple[Part, str, str]]:
        """Returns part, name and sentence of each planned item, in order."""
        return [
            *((Part.SHAPES, story.name, story.sentence) for story in self.stories),
            *((Part.PROMISES, promise.name, promise.sentence) for promise in self.promises),
            *([(Part.PRODUCT, PRODUCT, PRODUCT_SENTENCE)] if self.product else []),
        ]


PRODUCT = "product"
PRODUCT_SENTENCE = "The product itself bills, is paid and refunds, and its records equal Stripe's."


@dataclass
class Run:
    """The findings and the recordings of a run."""

    findings: list[Finding] = field(default_factory=list)
    story_recording: Recording = field(default_factory=lambda: Recording(0.0, ""))
    """The requests of the stories. The tests of the double replay this recording."""
    full_recording: Recording = field(default_factory=lambda: Recording(0.0, ""))
    """All requests of the run."""
    requests: int = 0
    by_part: Mapping[str, int] = field(default_factory=dict)
    """The number of requests of each story, of all promises, of the product, and of cleaning up."""
    seconds: float = 0.0

    @property
    def harmful(self) -> bool:
        """Returns True if any finding is harmful."""
        return any(finding.verdict is Verdict.HARMFUL for finding in self.findings)


def run(session: Session, plan: Plan, progress: Progress = lambda line: None) -> Run:
    """Runs the plan within the budget, and cleans up. Raises CannotBegin.

    The product comes first, because it reads all new objects of its account, and the stories create some.
    """
    began, made_at, result = time.monotonic(), session.now(), Run()
    account = _account(session)
    result.findings.append(_test_mode(account))
    if account is None:
        return result
    played_stories = list[PlayedStory]()
    since = until = len(session.recorder.exchanges)
    with _with_cleanup(session, result, progress):
        try:
            if plan.product:
                progress(f"the product ({session.budget.used} requests so far)")
                result.findings += _product(session, plan.product, progress)
                session.target.pass_time(PRODUCT_GAP)
            session.began, since = session.now() - CLOCK_DIFFERENCE, len(session.recorder.exchanges)
            for number, story in enumerate(plan.stories, 1):
                progress(
                    f"story {number} of {len(plan.stories)}: {story.name} ({session.budget.used} requests so far)"
                )
                if story.later and plan.wait:
                    session.target.pass_time(plan.wait)
                played_stories.append(_play(session, story))
                until = len(session.recorder.exchanges)
            if plan.stories:
                result.findings += _list_events(session)
                until = len(session.recorder.exchanges)
            result.findings += [_refusal_finding(refusal.step, refusal.reason) for refusal in session.refusals]
            for number, promise in enumerate(plan.promises, 1):
                requests = session.budget.used
                progress(f"promise {number} of {len(plan.promises)}: {promise.name} ({requests} requests so far)")
                result.findings.append(_try(session, promise))
        except KeyboardInterrupt:
            progress("interrupted: cleaning up (a second Ctrl-C leaves things for --clean)")
            result.findings += _untried_findings(plan, result.findings, played_stories)
    result.requests, result.by_part = session.budget.used, dict(session.budget.by_part)
    result.full_recording = Recording(made_at, session.target.name, (account,), tuple(session.recorder.exchanges))
    result.story_recording = Recording(
        session.began, session.target.name, (account,), tuple(session.recorder.exchanges[since:until])
    )
    progress("replaying the stories to a double")
    comparison, stop = _attempt(session, partial(compare, result.story_recording, played_stories))
    result.findings[:0] = comparison or []
    if stop:
        result.findings.append(
            Finding(Part.SHAPES, "comparison", stop.verdict, stop.reason, "Both responses can be compared.")
        )
    result.seconds = time.monotonic() - began
    return result


def _account(session: Session) -> RecordedAccount | None:
    """Returns the account; None if it is in live mode. Raises CannotBegin.

    Reads the balance too, because an account object has no `livemode`
    (https://docs.stripe.com/api/balance/balance_object).
    """
    try:
        with session.step(TEST_MODE):
            balance = session.v1.balance.retrieve({}, session.on_account())
            if getattr(balance, "livemode", None) is not False:
                return None
            account = session.v1.accounts.retrieve(session.account)
    except stripe.StripeError as error:
        reason = (error.user_message or type(error).__name__).rstrip(".")
        raise CannotBegin(
            f"Stripe refused the first request about the account: {reason}."
            " Is the key the platform's, in test mode, and is the account connected to it? docs/sandbox.md"
        ) from None
    name = session.recorder.exchanges[-1].body.get("id", session.account)
    return RecordedAccount(
        name, getattr(account, "country", None) or "US", getattr(account, "default_currency", None) or "usd"
    )


def _test_mode(account: RecordedAccount | None) -> Finding:
    sentence = "The account is in test mode."
    if account is None:
        text = "The account's balance does not say livemode: false. No further request was made."
        return Finding(Part.PROMISES, TEST_MODE, Verdict.HARMFUL, text, sentence)
    return Finding(
        Part.PROMISES, TEST_MODE, Verdict.AS_ASSUMED, "The account's balance says livemode: false.", sentence
    )


def _play(session: Session, story: Story) -> PlayedStory:
    with session.recorder.during(story.name):
        _, stop = _attempt(session, partial(story.play, session))
    return (
        PlayedStory(story.name, story.sentence, stop.reason, stop.verdict)
        if stop
        else PlayedStory(story.name, story.sentence)
    )


def _list_events(session: Session) -> Iterator[Finding]:
    """Lists the events since the stories began. Yields a finding if the list fails."""
    with session.recorder.during(EVENTS_STEP):
        _, stop = _attempt(session, partial(list_events, session))
    if stop:
        yield Finding(
            Part.SEQUENCES, EVENTS_STEP, stop.verdict, stop.reason, "The events of an account can be listed."
        )


def _try(session: Session, promise: Promise) -> Finding:
    with session.recorder.during(f"promises: {promise.name}"):
        outcome, stop = _attempt(session, partial(promise.attempt, session))
    if outcome is None:
        assert stop is not None
        return Finding(Part.PROMISES, promise.name, stop.verdict, stop.reason, promise.sentence)
    return Finding(
        Part.PROMISES, promise.name, outcome.verdict, outcome.observation, promise.sentence, needs=outcome.needs
    )


def _product(session: Session, product: Product, progress: Progress) -> Sequence[Finding]:
    with session.recorder.during(PRODUCT):
        findings, stop = _attempt(session, partial(product, session, progress))
    if findings is None:
        assert stop is not None
        return [Finding(Part.PRODUCT, PRODUCT, stop.verdict, stop.reason, PRODUCT_SENTENCE)]
    return findings


class _Stop(NamedTuple):
    verdict: Verdict
    reason: str


def _attempt(session: Session, work: Callable[[], T]) -> tuple[T | None, _Stop | None]:
    """Returns the result of `work`, or the reason why it stopped.

    An error of the product's gateway, or a response that differs from what `work` relies on, is harmful. A refusal of
    a payer's or an owner's request, the network and the budget only mean that something was not tried.
    """
    try:
        return work(), None
    except (BudgetSpent, NotInTime) as error:
        verdict = Verdict.NOT_TRIED if isinstance(error, BudgetSpent) else Verdict.HARMFUL
        return None, _Stop(verdict, f"It stopped: {error}")
    except stripe.StripeError as error:
        return None, _Stop(Verdict.NOT_TRIED, f"{_where(session)}: {error.user_message or type(error).__name__}")
    except IntegrationError as error:
        verdict = Verdict.NOT_TRIED if error.code in UNREACHABLE_CODES else Verdict.HARMFUL
        return None, _Stop(verdict, f"{_where(session)}: {error}")
    except Exception as error:  # noqa: BLE001  A response that differs can raise any exception.
        return None, _Stop(Verdict.HARMFUL, f"{_where(session)}: {type(error).__name__}: {error}")


def _where(session: Session) -> str:
    last = session.recorder.exchanges[-1]
    return f"It stopped after {last.method} {last.path} ({last.step})"


def _refusal_finding(step: str, reason: str) -> Finding:
    return Finding(Part.SHAPES, step, Verdict.NOT_TRIED, reason, "The account or the platform may do this.")


def _untried_findings(
    plan: Plan, findings: Sequence[Finding], played_stories: Sequence[PlayedStory]
) -> Iterator[Finding]:
    tried_names = {each.name for each in findings} | {each.name for each in played_stories}
    for part, name, sentence in plan.names():
        if name not in tried_names:
            yield Finding(part, name, Verdict.NOT_TRIED, "The run was interrupted.", sentence)


@contextmanager
def _with_cleanup(session: Session, result: Run, progress: Progress) -> Iterator[None]:
    try:
        yield
    finally:
        progress(f"cleaning up ({session.budget.used} requests so far)")
        result.findings.append(_cleanup_finding(session))


def clean_only(session: Session) -> Run:
    """Ends the objects of all earlier runs. Raises CannotBegin."""
    began, account = time.monotonic(), _account(session)
    findings = [_test_mode(account), *([_cleanup_finding(session, everything=True)] if account else [])]
    return Run(
        findings, requests=session.budget.used, by_part=dict(session.budget.by_part), seconds=time.monotonic() - began
    )


def _cleanup_finding(session: Session, everything: bool = False) -> Finding:
    result, stop = _attempt(session, partial(clean, session, everything))
    if result is None:
        assert stop is not None
        return Finding(Part.CLEANING, "cleaning", stop.verdict, stop.reason, CAN_BE_ENDED)
    counts = Counter((each.kind, each.how) for each in result.ended)
    ended = ", ".join(f"{number} {kind}(s) {how}" for (kind, how), number in sorted(counts.items())) or "nothing"
    remaining = "".join(f"\nLeft for --clean: {each.kind} {each.id}: {each.reason}" for each in result.remaining)
    verdict = Verdict.NOT_TRIED if result.remaining else Verdict.AS_ASSUMED
    return Finding(Part.CLEANING, "cleaning", verdict, f"Ended: {ended}.{remaining}", CAN_BE_ENDED)
