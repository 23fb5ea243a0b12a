"""Drafts that were changed in Stripe, payments recorded by hand, and paused invoicing."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.taken import Becomes, Check, Instead, Never, Skipped

_CASES = "tests/field/test_cases.py::test_pom_shows_what_is_so"


def _case(name: str) -> str:
    return f"{_CASES}[{name}-2026-10-28.endive]"


HAND = (
    guard(
        "a draft with another total is not mailed",
        "require_our_total",
        Check("total_difference"),
        _case("draft_changed_in_stripe_is_not_sent"),
    ),
    guard(
        "a draft with other lines is not mailed",
        "changes_in_stripe",
        Never("has_other_lines"),
        _case("draft_with_another_line_of_the_same_price"),
    ),
    guard(
        "Stripe is asked before a reviewed draft is mailed",
        "_mailed",
        Instead("as_in_stripe", "invoice"),
        _case("draft_changed_between_review_and_send"),
    ),
    guard(
        "a draft is not mailed after its due date",
        "require_as_reviewed",
        Check("now"),
        _case("draft_whose_due_date_has_passed"),
    ),
    guard(
        "an order that rested is not mailed from a former account",
        "_require_usable_account",
        Skipped("require_same_account"),
        _case("order_that_rested_until_another_account_was_connected"),
    ),
    guard(
        "an order that waited for its lines is checked before it is mailed",
        "Saga.leased",
        Instead("interrupted=", "self.interrupted"),
        _case("stuck_at_its_lines_until_the_account_was_stopped"),
    ),
    guard(
        "what somebody else finalized is not mailed unseen",
        "require_finalized_as_seen",
        Check("finalized_meanwhile"),
        _case("draft_finalized_with_more_while_its_send_waited"),
    ),
    guard(
        "what POM itself finalized with another total is not mailed",
        "require_finalized_as_seen",
        Check("total_difference"),
        _case("finalized_by_poms_own_request_with_more"),
    ),
    guard(
        "an invoice that a payment is about to pay is not mailed after a wait",
        "require_finalized_as_seen",
        Skipped("require_no_payment_under_way"),
        _case("paid_by_debit_while_its_send_waited"),
    ),
    guard(
        "a draft with another memo is not mailed",
        "changes_in_stripe",
        Never("changed_details"),
        _case("draft_whose_memo_was_changed"),
    ),
    guard(
        "the due date of an order that nobody reviewed is the one that was ordered",
        "_is_due_as_seen",
        Check("send"),
        _case("due_date_moved_while_the_order_rested"),
    ),
    guard(
        "the former due date is POM's until Stripe has the new one",
        "due_from_today",
        Instead("former_terms_due_at=", "None"),
        _case("due_date_that_pom_could_not_move"),
    ),
    guard(
        "a draft that waited for its lines does not disappear",
        "_lines(ports)",
        Instead("keeps_draft", "False"),
        _case("stuck_at_its_lines_while_somebody_added_one"),
    ),
    guard(
        "a batch does not send again what the office has not heard of",
        "bill",
        Never("refusals_told"),
        _case("batch_item_due_later_is_not_mailed_unseen"),
    ),
    guard(
        "somebody else's e-mail is not POM's",
        "Saga.has_used",
        Becomes("True"),
        _case("sent_in_stripe_while_its_send_waited"),
    ),
    guard(
        "a part is never recorded as the whole",
        "mark_paid",
        Skipped("_require_the_rest"),
        _case("check_over_a_part"),
    ),
    guard(
        "a day of payment is not in the future",
        "require_plausible_day",
        Check("today"),
        _case("check_that_comes_tomorrow"),
    ),
    guard(
        "nothing is voided while a payment is under way",
        "_require_unpaid",
        Skipped("require_no_payment_under_way"),
        _case("void_while_a_debit_is_under_way_unheard"),
    ),
    guard(
        "a batch rests while invoicing is paused",
        "bill",
        Instead("InvoicingPaused", "KeyError"),
        _case("paused_while_a_batch_ran"),
    ),
    guard(
        "nobody is reminded while invoicing is paused",
        "remind",
        Skipped("require_invoicing"),
        _case("paused_company_does_not_remind"),
    ),
)
