"""One run: stories, promises, the product, cleaning up, and the comparison with a double.

Whatever stops a part is a row of the table, and the next part begins. Cleaning up comes after all of them, also after
Ctrl-C. Only for an account that is not in test mode nothing else is asked at all.
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
from infra.sandbox.carrying import ALLOWED, BudgetSpent
from infra.sandbox.cleaning import clean
from infra.sandbox.comparing import LISTING, Played, compare
from infra.sandbox.events_told import list_until_told
from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.laboratory import UNREACHED, Laboratory, NotInTime
from infra.sandbox.promises.promise import Promise
from infra.sandbox.stories.story import Story
from infra.stripe_double.recordings.recording import RecordedAccount, Recording

LEAST_WAITS = 80.0
"""Seconds that stories and promises wait at least: all that they wait for is there at the first look."""
LEAST_SECONDS = LEAST_WAITS + 60 + 0.4 * ALLOWED
"""Of a whole run. It is a guess that Stripe answers in 0.4 s, and that it lists the product's events within a minute
altogether."""
CLOCKS = 10
"""Seconds by which this machine's clock may be ahead of Stripe's. Lists begin so much earlier."""
APART = CLOCKS + 2.0
"""Seconds between the product and the stories, so that lists since then have nothing of the product's."""
CAN_BE_ENDED = "What a run made can be ended."
TEST_MODE = "test mode"

T = TypeVar("T")
Tell = Callable[[str], None]
Product = Callable[[Laboratory, Tell], Sequence[Finding]]


class CannotBegin(Exception):
    """Stripe refused the first requests. The message says what to do."""


@dataclass(frozen=True)
class Plan:
    """What a run does. Whatever is named twice is done once."""

    stories: Sequence[Story] = ()
    promises: Sequence[Promise] = ()
    product: Product | None = None
    wait: float = 0.0
    """Seconds that a double's clock is moved before a story that looks at what came later."""

    def names(self) -> list[tuple[Part, str, str]]:
        """Returns part, name and sentence of all that is to be done, in its order."""
        return [
            *((Part.SHAPES, story.name, story.tells) for story in self.stories),
            *((Part.PROMISES, promise.name, promise.sentence) for promise in self.promises),
            *([(Part.PRODUCT, PRODUCT, PRODUCT_TELLS)] if self.product else []),
        ]


PRODUCT = "product"
PRODUCT_TELLS = "The product itself bills, is paid and refunds, and its records equal Stripe's."


@dataclass
class Run:
    """What a run has found, and what it recorded."""

    findings: list[Finding] = field(default_factory=list)
    stories: Recording = field(default_factory=lambda: Recording(0.0, ""))
    """What the stories asked: the part that a double can be held to."""
    whole: Recording = field(default_factory=lambda: Recording(0.0, ""))
    """All that was asked."""
    requests: int = 0
    by_part: Mapping[str, int] = field(default_factory=dict)
    """The requests of each story, of all promises, of the product, and of cleaning up."""
    seconds: float = 0.0

    @property
    def harmful(self) -> bool:
        """Returns True if anything differs in what the product relies on."""
        return any(finding.verdict is Verdict.HARMFUL for finding in self.findings)


def run(lab: Laboratory, plan: Plan, tell: Tell = lambda line: None) -> Run:
    """Does all that is planned, within the budget, and cleans up. Raises CannotBegin.

    The product comes first, because it looks at all that is new on its account, also at what stories make.
    """
    began, made_at, done = time.monotonic(), lab.now(), Run()
    account = _account(lab)
    done.findings.append(_test_mode(account))
    if account is None:
        return done
    played = list[Played]()
    since = until = len(lab.recorder.exchanges)
    with _cleaned_up(lab, done, tell):
        try:
            if plan.product:
                tell(f"the product ({lab.budget.used} requests so far)")
                done.findings += _product(lab, plan.product, tell)
                lab.side.pass_time(APART)
            lab.began, since = lab.now() - CLOCKS, len(lab.recorder.exchanges)
            for number, story in enumerate(plan.stories, 1):
                tell(f"story {number} of {len(plan.stories)}: {story.name} ({lab.budget.used} requests so far)")
                if story.later and plan.wait:
                    lab.side.pass_time(plan.wait)
                played.append(_play(lab, story))
                until = len(lab.recorder.exchanges)
            if plan.stories:
                done.findings += _list_events(lab)
                until = len(lab.recorder.exchanges)
            done.findings += [_refused(refusal.step, refusal.reason) for refusal in lab.refusals]
            for number, promise in enumerate(plan.promises, 1):
                tell(f"promise {number} of {len(plan.promises)}: {promise.name} ({lab.budget.used} requests so far)")
                done.findings.append(_try(lab, promise))
        except KeyboardInterrupt:
            tell("interrupted: cleaning up (a second Ctrl-C leaves things for --clean)")
            done.findings += _interrupted(plan, done.findings, played)
    done.requests, done.by_part = lab.budget.used, dict(lab.budget.by_part)
    done.whole = Recording(made_at, lab.side.name, (account,), tuple(lab.recorder.exchanges))
    done.stories = Recording(lab.began, lab.side.name, (account,), tuple(lab.recorder.exchanges[since:until]))
    tell("playing the stories to a double")
    compared, stop = _attempt(lab, partial(compare, done.stories, played))
    done.findings[:0] = compared or []
    if stop:
        done.findings.append(
            Finding(Part.SHAPES, "comparison", stop.verdict, stop.why, "Both answers can be compared.")
        )
    done.seconds = time.monotonic() - began
    return done


def _account(lab: Laboratory) -> RecordedAccount | None:
    """Returns the account, or None if it is in live mode. Raises CannotBegin.

    An account object does not say its mode, the balance does (https://docs.stripe.com/api/balance/balance_object).
    """
    try:
        with lab.step(TEST_MODE):
            balance = lab.v1.balance.retrieve({}, lab.on_account())
            if getattr(balance, "livemode", None) is not False:
                return None
            account = lab.v1.accounts.retrieve(lab.account)
    except stripe.StripeError as error:
        reason = (error.user_message or type(error).__name__).rstrip(".")
        raise CannotBegin(
            f"Stripe refused the first question about the account: {reason}."
            " Is the key the platform's, in test mode, and is the account connected to it? docs/sandbox.md"
        ) from None
    name = lab.recorder.exchanges[-1].body.get("id", lab.account)
    return RecordedAccount(
        name, getattr(account, "country", None) or "US", getattr(account, "default_currency", None) or "usd"
    )


def _test_mode(account: RecordedAccount | None) -> Finding:
    sentence = "The account is in test mode."
    if account is None:
        found = "The account's balance does not say livemode: false. Nothing else was asked."
        return Finding(Part.PROMISES, TEST_MODE, Verdict.HARMFUL, found, sentence)
    return Finding(
        Part.PROMISES, TEST_MODE, Verdict.AS_ASSUMED, "The account's balance says livemode: false.", sentence
    )


def _play(lab: Laboratory, story: Story) -> Played:
    with lab.recorder.during(story.name):
        _, stop = _attempt(lab, partial(story.play, lab))
    return Played(story.name, story.tells, stop.why, stop.verdict) if stop else Played(story.name, story.tells)


def _list_events(lab: Laboratory) -> Iterator[Finding]:
    """Lists the events that the account has had since the stories began. Yields a finding if that is not possible."""
    with lab.recorder.during(LISTING):
        _, stop = _attempt(lab, partial(list_until_told, lab))
    if stop:
        yield Finding(Part.SEQUENCES, LISTING, stop.verdict, stop.why, "The events of an account can be listed.")


def _try(lab: Laboratory, promise: Promise) -> Finding:
    with lab.recorder.during(f"promises: {promise.name}"):
        outcome, stopped = _attempt(lab, partial(promise.attempt, lab))
    if outcome is None:
        assert stopped is not None
        return Finding(Part.PROMISES, promise.name, stopped.verdict, stopped.why, promise.sentence)
    return Finding(Part.PROMISES, promise.name, outcome.verdict, outcome.seen, promise.sentence, needs=outcome.needs)


def _product(lab: Laboratory, product: Product, tell: Tell) -> Sequence[Finding]:
    with lab.recorder.during(PRODUCT):
        findings, stopped = _attempt(lab, partial(product, lab, tell))
    if findings is None:
        assert stopped is not None
        return [Finding(Part.PRODUCT, PRODUCT, stopped.verdict, stopped.why, PRODUCT_TELLS)]
    return findings


class _Stopped(NamedTuple):
    verdict: Verdict
    why: str


def _attempt(lab: Laboratory, work: Callable[[], T]) -> tuple[T | None, _Stopped | None]:
    """Returns the result of some work, or what stopped it.

    It is harmful if that came out of the product's own gateway, or if an answer was not as the work relies on it.
    What Stripe refuses to a payer or an owner, the network and the budget only keep things from being tried.
    """
    try:
        return work(), None
    except (BudgetSpent, NotInTime) as error:
        verdict = Verdict.NOT_TRIED if isinstance(error, BudgetSpent) else Verdict.HARMFUL
        return None, _Stopped(verdict, f"It stopped: {error}")
    except stripe.StripeError as error:
        return None, _Stopped(Verdict.NOT_TRIED, f"{_where(lab)}: {error.user_message or type(error).__name__}")
    except IntegrationError as error:
        verdict = Verdict.NOT_TRIED if error.code in UNREACHED else Verdict.HARMFUL
        return None, _Stopped(verdict, f"{_where(lab)}: {error}")
    except Exception as error:  # noqa: BLE001  A program that relies on an answer fails in any way if it is another.
        return None, _Stopped(Verdict.HARMFUL, f"{_where(lab)}: {type(error).__name__}: {error}")


def _where(lab: Laboratory) -> str:
    last = lab.recorder.exchanges[-1]
    return f"It stopped after {last.method} {last.path} ({last.step})"


def _refused(step: str, reason: str) -> Finding:
    return Finding(Part.SHAPES, step, Verdict.NOT_TRIED, reason, "The account or the platform may do this.")


def _interrupted(plan: Plan, findings: Sequence[Finding], played: Sequence[Played]) -> Iterator[Finding]:
    done = {each.name for each in findings} | {each.name for each in played}
    for part, name, sentence in plan.names():
        if name not in done:
            yield Finding(part, name, Verdict.NOT_TRIED, "The run was interrupted.", sentence)


@contextmanager
def _cleaned_up(lab: Laboratory, done: Run, tell: Tell) -> Iterator[None]:
    try:
        yield
    finally:
        tell(f"cleaning up ({lab.budget.used} requests so far)")
        done.findings.append(_cleaned(lab))


def clean_only(lab: Laboratory) -> Run:
    """Ends what earlier runs left, however old it is. Raises CannotBegin."""
    began, account = time.monotonic(), _account(lab)
    findings = [_test_mode(account), *([_cleaned(lab, everything=True)] if account else [])]
    return Run(findings, requests=lab.budget.used, by_part=dict(lab.budget.by_part), seconds=time.monotonic() - began)


def _cleaned(lab: Laboratory, everything: bool = False) -> Finding:
    result, stop = _attempt(lab, partial(clean, lab, everything))
    if result is None:
        assert stop is not None
        return Finding(Part.CLEANING, "cleaning", stop.verdict, stop.why, CAN_BE_ENDED)
    counts = Counter((each.kind, each.how) for each in result.ended)
    ended = ", ".join(f"{number} {kind}(s) {how}" for (kind, how), number in sorted(counts.items())) or "nothing"
    left = "".join(f"\nLeft for --clean: {each.kind} {each.id}: {each.why}" for each in result.left)
    verdict = Verdict.NOT_TRIED if result.left else Verdict.AS_ASSUMED
    return Finding(Part.CLEANING, "cleaning", verdict, f"Ended: {ended}.{left}", CAN_BE_ENDED)
