"""Refunds that are ordered in POM: stored first, made once, and never more than the payment."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Becomes, Check, Instead, Never

_REFUNDS = "tests/usecases/invoicing/test_refunds.py"
_CRASHES = "tests/usecases/invoicing/test_refund_crashes.py"

REFUNDS = (
    guard(
        "a refund is stored before Stripe is asked",
        "_stored(request)",
        Becomes("_ordering(invoice, request, nonce, ports.clock.now())"),
        f"{_CRASHES}::test_a_crash_at_any_boundary_ends_in_one_refund",
    ),
    guard(
        "a refund without an answer is taken up again",
        "_ordering",
        Instead("resume_at=", "None"),
        f"{_CRASHES}::test_a_crash_at_any_boundary_ends_in_one_refund",
    ),
    guard(
        "one key, one refund",
        "_ordering",
        Check("_ordered"),
        f"{_CRASHES}::test_two_simultaneous_requests_with_one_key_make_one_refund",
    ),
    guard(
        "one key, one refund of the same body",
        "_ordered",
        Check("Conflict"),
        f"{_REFUNDS}::test_the_same_key_with_another_body_is_refused",
    ),
    guard(
        "a refund is never more than what is left of the payment",
        "refundable_amount",
        Never("requested <"),
        f"{_REFUNDS}::test_a_refund_above_the_remaining_amount_is_refused_and_the_error_names_the_amount",
        f"{_CRASHES}::test_a_resumed_refund_that_exceeds_the_remaining_amount_is_refused",
    ),
    guard(
        "a refund whose outcome is not known counts as made",
        "left_to_refund",
        Becomes("payment.refundable"),
        f"{_CRASHES}::test_a_pending_refund_counts_as_refunded_for_other_requests",
    ),
    guard(
        "what a bank took back is not refunded besides",
        "Payment.refundable",
        Instead("lost", "0"),
        f"{_REFUNDS}::test_a_payment_with_a_lost_dispute_cannot_be_refunded",
    ),
    guard(
        "a payment that a bank questions is not refunded besides",
        "_require_refundable",
        Never("open"),
        f"{_REFUNDS}::test_a_payment_with_an_open_dispute_cannot_be_refunded",
    ),
    guard(
        "POM looks for a refund before it asks for it again",
        "resume_order",
        Instead("refunds_of", "[]"),
        f"{_CRASHES}::test_after_a_day_pom_lists_refunds_before_it_repeats_the_request",
    ),
    guard(
        "a key for which Stripe repeats a failure is replaced",
        "_ask_again",
        Never("key_is_spent"),
        f"{_CRASHES}::test_a_failing_call_of_stripe_still_ends_in_one_refund",
    ),
    guard(
        "only one worker gives a refund a new key",
        "_with_new_key",
        Instead("_unless_taken_up", "current"),
        f"{_CRASHES}::test_two_workers_that_resume_one_order_make_one_refund",
    ),
    guard(
        "a lease keeps a second worker away from a refund",
        "resume_order",
        Check("is_due"),
        f"{_CRASHES}::test_a_lease_keeps_a_second_worker_away",
    ),
    guard(
        "whatever tells of a refund settles its order",
        "Invoice._with_facts",
        Instead("refund_orders=", "self.refund_orders"),
        f"{_REFUNDS}::test_an_event_that_arrives_before_stripes_response_finishes_the_order",
    ),
    guard(
        "a refund takes a key",
        "required_idempotency_key",
        Check("Malformed"),
        "tests/api/test_refunds.py::test_a_refund_without_an_idempotency_key_is_refused_with_the_reason",
    ),
)
