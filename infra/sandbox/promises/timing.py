"""Promises of the dates of responses, and of rate limits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import stripe

from chalicelib.adapters.stripe.client import DATED_LATE_BY, build_client
from infra.sandbox.client import RecordingClient
from infra.sandbox.findings import Verdict
from infra.sandbox.promises.promise import Outcome, as_promise, not_tried, outcome_of
from infra.sandbox.promises.responses import response_header, response_json
from infra.sandbox.session import Session

SIMULTANEOUS_REQUESTS = 30
"""Requests. Stripe allows 25 a second in test mode (https://docs.stripe.com/rate-limits)."""
RECOVERY_SECONDS = 2.0
"""Seconds without requests afterwards, so that the limit does not refuse the next requests."""


@as_promise(
    "a response is dated after its change",
    "The Date of a response is zero to ten seconds after the creation of the object in the response.",
    "chalicelib/adapters/stripe/client.py",
    "The most seconds by which the `Date` of a response may be later than the state that the response describes.",
)
def a_response_is_dated_after_its_change(session: Session) -> Outcome:
    """With an earlier date, POM would take an old response for new. With a much later date, POM uses its own
    clock.
    """
    customer = session.v1.customers.create({"metadata": session.marks}, session.on_account())
    date = response_header(customer, "date")
    if date is None:
        return outcome_of(False, "The answer has no Date.")
    delay = int(parsedate_to_datetime(date).timestamp()) - response_json(customer)["created"]
    observation = f"The answer is dated {delay} s after the customer was created."
    return outcome_of(0 <= delay <= DATED_LATE_BY, observation)


@as_promise(
    "a rate limit has its own reason header",
    "Too many simultaneous requests are refused with 429 and Stripe-Rate-Limited-Reason, without Retry-After.",
    "infra/stripe_double/README.md",
    "rate limits",
)
def a_rate_limit_has_its_own_reason_header(session: Session) -> Outcome:
    """POM slows down after a 429, whatever its headers say."""
    if session.budget.remaining < SIMULTANEOUS_REQUESTS:
        return not_tried(
            f"It takes {SIMULTANEOUS_REQUESTS} requests, and {session.budget.remaining} are left: try it alone."
        )
    # This client has neither the run's pace, which stays below the limit, nor the SDK's own retries.
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

    with ThreadPoolExecutor(SIMULTANEOUS_REQUESTS) as pool:
        refusals = [error for error in pool.map(ask, range(SIMULTANEOUS_REQUESTS)) if error is not None]
    session.target.pass_time(RECOVERY_SECONDS)
    if not refusals:
        return not_tried(f"Stripe refused none of {SIMULTANEOUS_REQUESTS} requests at once.")
    statuses = {error.http_status for error in refusals}
    reasons = sorted({response_header(error, "stripe-rate-limited-reason") or "none" for error in refusals})
    waits = sorted({response_header(error, "retry-after") or "none" for error in refusals})
    observation = (
        f"{len(refusals)} of {SIMULTANEOUS_REQUESTS} were refused with {', '.join(map(str, statuses))};"
        f" reason {', '.join(reasons)}; Retry-After {', '.join(waits)}."
    )
    if statuses != {429}:
        return outcome_of(False, observation)
    return outcome_of("none" not in reasons and waits == ["none"], observation, Verdict.HARMLESS)


TIMING = (a_response_is_dated_after_its_change, a_rate_limit_has_its_own_reason_header)
