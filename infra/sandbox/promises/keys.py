"""Promises of idempotency keys (https://docs.stripe.com/api/idempotent_requests)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import stripe

from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import billed_invoice, empty_draft
from infra.sandbox.promises.promise import Outcome, as_promise, not_tried, outcome_of
from infra.sandbox.promises.responses import error_object, refusal, refusal_text, response_header, response_json
from infra.sandbox.session import Session

SENDING_DECISION = "docs/decisions/0003-sending-finalizes.md"
DOUBLE = "infra/stripe_double/README.md"
REPLAYED = "idempotent-replayed"
RETRY = "stripe-should-retry"


@as_promise(
    "a key replays its response",
    "A repeated request with the same key gets the first response again, with the header Idempotent-Replayed.",
    SENDING_DECISION,
    "Stripe stores an idempotency key for 24 hours",
)
def a_key_replays_its_response(session: Session) -> Outcome:
    """The gateway treats a replayed response as old, and reads the object."""
    first = session.once(billed_invoice)
    second = session.v1.invoices.send_invoice(first.invoice, {"expand": ["payments"]}, session.on_account(first.key))
    replayed, is_equal = response_header(second, REPLAYED), response_json(second) == first.sent
    return outcome_of(
        replayed == "true" and is_equal,
        f"{REPLAYED} is {replayed}; the answer is {'the same' if is_equal else 'another'}.",
    )


@as_promise(
    "a key refuses other parameters",
    "A request with a used key and other parameters is refused with 400 and idempotency_error.",
    "chalicelib/adapters/stripe/errors.py",
    "Stripe knows the same request with other parameters.",
)
def a_key_refuses_other_parameters(session: Session) -> Outcome:
    """Otherwise Stripe would answer a changed order with the response to the old order."""
    first = session.once(billed_invoice)
    error = refusal(lambda: session.v1.invoices.send_invoice(first.invoice, None, session.on_account(first.key)))
    holds = isinstance(error, stripe.IdempotencyError) and error.http_status == 400
    return outcome_of(holds, f"It was {refusal_text(error)}.")


@as_promise(
    "keys belong to their account",
    "The same key can be used on another account for another request.",
    "infra/stripe_double/README.md",
    "Idempotency keys",
)
def keys_belong_to_their_account(session: Session) -> Outcome:
    """The platform's own account has no such invoice, so Stripe refuses the request unless the key is shared."""
    first = session.once(billed_invoice)
    elsewhere = {"idempotency_key": first.key}
    error = refusal(lambda: session.v1.invoices.send_invoice(first.invoice, {"expand": ["payments"]}, elsewhere))
    holds = error is not None and error_object(error).get("code") == "resource_missing"
    return outcome_of(holds, f"With the key of the other account it was {refusal_text(error)}.")


def _voidings_of_a_draft(session: Session) -> tuple[stripe.StripeError | None, stripe.StripeError | None]:
    draft, key = session.once(empty_draft), f"{session.run}-void-a-draft"
    first, second = (
        refusal(lambda: session.v1.invoices.void_invoice(draft, None, session.on_account(key))) for _ in range(2)
    )
    return first, second


@as_promise(
    "a failure is stored",
    "If Stripe refuses a request after it began to execute, a repetition with the same key gets the same refusal.",
    SENDING_DECISION,
    "repeats a stored failure for as long",
)
def a_failure_is_stored(session: Session) -> Outcome:
    """A draft cannot be voided. If Stripe did not store failures, POM would search for the object once in vain."""
    first, second = session.once(_voidings_of_a_draft)
    if first is None or second is None:
        return outcome_of(False, f"Voiding a draft was {refusal_text(first)}, then {refusal_text(second)}.")
    replayed = response_header(second, REPLAYED)
    return outcome_of(replayed == "true", f"{REPLAYED} is {replayed} at the second time.", Verdict.HARMLESS)


@as_promise(
    "a refused state is not to be retried",
    "A request that is refused because of an object's state has Stripe-Should-Retry false.",
    DOUBLE,
    "`Stripe-Should-Retry` is `true` on `lock_timeout`, and `false` on declines and refused states",
)
def a_refused_state_is_not_to_be_retried(session: Session) -> Outcome:
    """The SDK repeats a 400 only if this header is `true`. It would then send three requests in vain."""
    error, _ = session.once(_voidings_of_a_draft)
    if error is None:
        return outcome_of(False, "Voiding a draft was not refused.")
    return outcome_of(
        response_header(error, RETRY) == "false", f"{RETRY} is {response_header(error, RETRY)}.", Verdict.HARMLESS
    )


@as_promise(
    "a key in use conflicts",
    "Of two simultaneous requests with one key, Stripe executes one. The other gets 409 or the first response.",
    DOUBLE,
    "`Stripe-Should-Retry` on 409 and on replayed responses",
)
def a_key_in_use_conflicts(session: Session) -> Outcome:
    """The SDK repeats a request that was refused with 409, so both callers get the object. Two objects are
    harmful.
    """
    key, since = f"{session.run}-at-once", len(session.recorder.exchanges)
    parameters = {"email": f"{session.run}-at-once@example.com", "metadata": session.marks}

    def create(_: int) -> str:
        return str(session.v1.customers.create(parameters, session.on_account(key)).id)

    with ThreadPoolExecutor(2) as both:
        customers = set(both.map(create, range(2)))
    answers = [each for each in session.recorder.exchanges[since:] if each.key == key]
    conflicts = [each.headers.get(RETRY, "absent") for each in answers if each.status == 409]
    if len(customers) > 1:
        return outcome_of(False, "Two customers were made with one key.")
    if not conflicts:
        return not_tried("The two requests did not meet: the second got the first answer again.")
    return outcome_of(True, f"One customer was made; 409 came, with {RETRY} {', '.join(conflicts)}.")


KEYS = (
    a_key_replays_its_response,
    a_key_refuses_other_parameters,
    keys_belong_to_their_account,
    a_failure_is_stored,
    a_refused_state_is_not_to_be_retried,
    a_key_in_use_conflicts,
)
