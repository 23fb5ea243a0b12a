"""The dates of answers, and the limits of requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import stripe

from chalicelib.adapters.stripe.client import DATED_LATE_BY, build_client
from infra.sandbox.client import RecordingClient
from infra.sandbox.findings import Verdict
from infra.sandbox.promises.promise import Outcome, judged, not_tried, promised
from infra.sandbox.promises.responses import body, header
from infra.sandbox.session import Session

AT_ONCE = 30
"""Requests: Stripe allows 25 a second in test mode (https://docs.stripe.com/rate-limits)."""
UNTIL_ALLOWED = 2.0
"""Seconds that nothing is asked afterwards, so that the limit does not refuse what comes next."""


@promised(
    "an answer is dated after its change",
    "The Date of an answer lies at or after the creation of which it tells, by ten seconds at most.",
    "chalicelib/adapters/stripe/client.py",
    "Seconds that the `Date` of an answer may lie after the moment of which the answer speaks",
)
def an_answer_is_dated_after_its_change(session: Session) -> Outcome:
    """Earlier, POM would take an old answer for new; later than that, it dates answers by its own clock."""
    made = session.v1.customers.create({"metadata": session.marks}, session.on_account())
    date = header(made, "date")
    if date is None:
        return judged(False, "The answer has no Date.")
    late = int(parsedate_to_datetime(date).timestamp()) - body(made)["created"]
    seen = f"The answer is dated {late} s after the customer was created."
    return judged(0 <= late <= DATED_LATE_BY, seen)


@promised(
    "a limit says why",
    "Too many requests at once are refused with 429 and Stripe-Rate-Limited-Reason, without Retry-After.",
    "infra/stripe_double/README.md",
    "rate limits",
)
def a_limit_says_why(session: Session) -> Outcome:
    """POM paces itself and slows down after a 429, whatever its headers say."""
    if session.budget.remaining < AT_ONCE:
        return not_tried(f"It takes {AT_ONCE} requests, and {session.budget.remaining} are left: try it alone.")
    # Without the run's pace, which keeps below the limit, and without the SDK's own retries.
    carrier = RecordingClient(session.target.http_client(), session.recorder, session.budget, session.target.now)
    v1: Any = build_client(
        session.key,
        session.client_id,
        api_base=session.target.api_base,
        connect_base=session.target.connect_base,
        http_client=carrier,
    ).v1

    def ask(_: int) -> stripe.StripeError | None:
        try:
            v1.balance.retrieve(None, {**session.on_account(), "max_network_retries": 0})
        except stripe.StripeError as error:
            return error
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        refused = [error for error in pool.map(ask, range(AT_ONCE)) if error is not None]
    session.target.pass_time(UNTIL_ALLOWED)
    if not refused:
        return not_tried(f"Stripe refused none of {AT_ONCE} requests at once.")
    statuses = {error.http_status for error in refused}
    reasons = sorted({header(error, "stripe-rate-limited-reason") or "none" for error in refused})
    waits = sorted({header(error, "retry-after") or "none" for error in refused})
    seen = (
        f"{len(refused)} of {AT_ONCE} were refused with {', '.join(map(str, statuses))};"
        f" reason {', '.join(reasons)}; Retry-After {', '.join(waits)}."
    )
    if statuses != {429}:
        return judged(False, seen)
    return judged("none" not in reasons and waits == ["none"], seen, Verdict.HARMLESS)


TIMING = (an_answer_is_dated_after_its_change, a_limit_says_why)
