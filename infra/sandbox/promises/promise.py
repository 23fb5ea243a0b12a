"""A promise: a behaviour of Stripe that the code relies on, and how a run checks it."""

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
    """The result of checking a promise."""

    verdict: Verdict
    observation: str
    """A sentence with the values."""
    needs: Needs | None = None
    """The same as `Finding.needs`."""


@dataclass(frozen=True)
class Promise:
    """One promise. `attempt` makes requests on the account and returns the outcome."""

    name: str
    """A stable name in small letters with blanks, such as `a key replays its response`."""
    sentence: str
    """The assumption, as a complete sentence."""
    source: str
    """The file of the project that states the assumption, such as `docs/field.md`."""
    attempt: Callable[[Session], Outcome]
    phrase: str = ""
    """A phrase of that file. A test checks that the file contains it."""
    by_hand: Outcome | None = None
    """If no run can check the promise: what it needs, and how a person checks it."""


class CannotTry(Exception):
    """Raised when a precondition of a promise could not be created. The message gives the reason, as a sentence."""


def as_promise(
    name: str, sentence: str, source: str, phrase: str
) -> Callable[[Callable[[Session], Outcome]], Promise]:
    """Decorates the attempt of a promise, and returns the `Promise`.

    A refusal of Stripe or an error of the gateway that the attempt does not catch is harmful. A missing response, a
    rate limit or a fault of Stripe's is raised, because it says nothing about the promise.
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
    """Returns AS_ASSUMED if the promise holds, and the verdict `otherwise` if not."""
    return Outcome(Verdict.AS_ASSUMED if holds else otherwise, observation)


def not_tried(reason: str) -> Outcome:
    """Returns NOT_TRIED, with the reason."""
    return Outcome(Verdict.NOT_TRIED, reason)


@contextmanager
def setting_up(session: Session, action: str) -> Iterator[None]:
    """Runs a block that not every account or platform allows. `action` describes it, such as `pay by bank debit`.

    Raises CannotTry if Stripe refuses. The requests of the block are then removed from the recording.
    """
    since = len(session.recorder.exchanges)
    try:
        yield
    except (stripe.InvalidRequestError, stripe.CardError, stripe.PermissionError, StripeRefused) as error:
        del session.recorder.exchanges[since:]
        reason = error.message if isinstance(error, StripeRefused) else error.user_message
        raise CannotTry(f"Stripe did not let us {action}: {reason or type(error).__name__}") from error
