"""A promise of Stripe's that the code relies on, and how one is tried."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import stripe

from chalicelib.domain.errors import IntegrationError, StripeRefused
from infra.sandbox.findings import Needs, Verdict
from infra.sandbox.session import UNREACHABLE_CODES, NotInTime, Session


@dataclass(frozen=True)
class Outcome:
    """What was seen."""

    verdict: Verdict
    observation: str
    """A sentence with the values."""
    needs: Needs | None = None
    """What `Finding.needs` says."""


@dataclass(frozen=True)
class Promise:
    """One assumption. `attempt` makes requests on the account and judges what came."""

    name: str
    """Stable, in small letters with blanks, such as `a key replays its answer`."""
    sentence: str
    """What is assumed, as a whole sentence."""
    source: str
    """The file of the project that says so, such as `docs/field.md`."""
    attempt: Callable[[Session], Outcome]
    phrase: str = ""
    """Words of that file which say it."""
    by_hand: Outcome | None = None
    """What it needs and how a person sees it, if no run can try it."""


class CannotTry(Exception):
    """What a promise needs could not be made. The message says why, as a sentence."""


def as_promise(
    name: str, sentence: str, source: str, phrase: str
) -> Callable[[Callable[[Session], Outcome]], Promise]:
    """Decorates an attempt, which becomes a `Promise`.

    What Stripe or the gateway refuses and the attempt did not expect is harmful. No answer, a limit or a failure of
    Stripe's says nothing about the promise, so it is raised.
    """

    def decorate(attempt: Callable[[Session], Outcome]) -> Promise:
        @functools.wraps(attempt)
        def safe_attempt(session: Session) -> Outcome:
            try:
                return attempt(session)
            except CannotTry as reason:
                return not_tried(str(reason))
            except NotInTime as error:
                return Outcome(Verdict.HARMFUL, f"It did not come in time: {error}.")
            except (stripe.InvalidRequestError, stripe.CardError, stripe.PermissionError) as error:
                return Outcome(Verdict.HARMFUL, f"Stripe refused a step: {error.user_message or error}")
            except IntegrationError as error:
                if error.code in UNREACHABLE_CODES:
                    raise
                return Outcome(Verdict.HARMFUL, f"The gateway failed at a step: {error}")

        return Promise(name, sentence, source, safe_attempt, phrase)

    return decorate


def outcome_of(holds: bool, observation: str, otherwise: Verdict = Verdict.HARMFUL) -> Outcome:
    """Returns that it is as assumed if it holds, and `otherwise` if not."""
    return Outcome(Verdict.AS_ASSUMED if holds else otherwise, observation)


def not_tried(reason: str) -> Outcome:
    """Returns that nobody knows, and why."""
    return Outcome(Verdict.NOT_TRIED, reason)


@contextmanager
def setting_up(session: Session, action: str) -> Iterator[None]:
    """Does what not every account or platform may do. `what` is what is done, such as `pay by bank debit`.

    Raises CannotTry if Stripe refuses. The requests within are not compared then.
    """
    since = len(session.recorder.exchanges)
    try:
        yield
    except (stripe.InvalidRequestError, stripe.CardError, stripe.PermissionError, StripeRefused) as error:
        del session.recorder.exchanges[since:]
        reason = error.message if isinstance(error, StripeRefused) else error.user_message
        raise CannotTry(f"Stripe did not let us {action}: {reason or type(error).__name__}") from error
