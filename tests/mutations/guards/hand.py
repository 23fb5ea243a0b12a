"""Drafts that were changed in Stripe, payments recorded by hand, and paused invoicing."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Always, Becomes, Check, Instead, Never, Skipped

_WAYS = "tests/usecases/invoicing/test_ways_of_paying.py"
_SEND_BATCH = "tests/usecases/bulk/test_send_batch.py"
_CASES = "tests/field/test_cases.py::test_pom_returns_what_the_case_expects"


def _case(name: str) -> str:
    return f"{_CASES}[{name}-2026-10-28.endive]"


HAND = (
    guard(
        "a draft with another total is not mailed",
        "refusals_of_draft",
        Never("total_difference"),
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
        "_mail",
        Instead("as_in_stripe", "invoice"),
        _case("draft_changed_between_review_and_send"),
    ),
    guard(
        "a draft is not mailed after its due date",
        "refusals_of_draft",
        Never("today"),
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
        "bill_item",
        Never("refusals_told"),
        _case("batch_item_due_later_is_not_mailed_unseen"),
    ),
    guard(
        "a batch holds back what was refused in its round",
        "_refusals_since",
        Becomes("[]"),
        f"{_SEND_BATCH}::test_a_worker_killed_after_a_refusal_does_not_send_the_refused_draft",
    ),
    guard(
        "a refusal that nobody waits for is stored",
        "Saga.ordered_to_send",
        Instead("interrupted=", "False"),
        f"{_SEND_BATCH}::test_a_worker_killed_after_a_refusal_does_not_send_the_refused_draft",
    ),
    guard(
        "what POM heard after the order has not been seen",
        "_was_read_since",
        Becomes("False"),
        _case("reviewed_batch_with_a_due_date_moved_after_the_order"),
    ),
    guard(
        "what was finalized after the order has not been seen",
        "_finalized_since",
        Becomes("False"),
        f"{_SEND_BATCH}::test_a_draft_that_changed_in_stripe_after_the_order_is_held_back",
    ),
    guard(
        "one key has a batch sent once",
        "_sending_is_ordered",
        Becomes("all((batch.sends, batch.open))"),
        f"{_SEND_BATCH}::test_a_repeated_request_or_key_does_not_order_the_sending_again",
    ),
    guard(
        "a batch is not sent while it is being made",
        "_under_way",
        Becomes("False"),
        f"{_SEND_BATCH}::test_a_batch_cannot_be_sent_while_its_drafts_are_being_created",
    ),
    guard(
        "a batch that was cancelled says that it is being finished",
        "_is_at_work",
        Becomes("False"),
        f"{_SEND_BATCH}::test_a_cancelled_batch_takes_no_new_order_until_its_lanes_are_finished",
    ),
    guard(
        "a payment method takes the currency of the invoice",
        "checked_order",
        Skipped("require_currency"),
        "tests/usecases/invoicing/test_create_invoice.py"
        "::test_payment_methods_of_the_settings_must_support_the_invoices_currency",
    ),
    guard(
        "a round that sends drafts decides each once",
        "Batch.is_undecided",
        Check("round"),
        f"{_SEND_BATCH}::test_drafts_that_the_office_must_review_are_held_back_and_the_other_drafts_are_sent",
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
        Skipped("_require_all_that_remains"),
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
        "_require_refusal_known",
        Skipped("require_no_payment_under_way"),
        _case("void_while_a_debit_is_under_way_unheard"),
    ),
    guard(
        "a batch rests while invoicing is paused",
        "bill_item",
        Instead("InvoicingPaused", "KeyError"),
        _case("paused_while_a_batch_ran"),
    ),
    guard(
        "nobody is reminded while invoicing is paused",
        "remind",
        Skipped("require_invoicing"),
        _case("paused_company_does_not_remind"),
    ),
    guard(
        "a payment that Stripe shows weeks later is not the one that failed",
        "IntendedAct.is_confirmed_by",
        Instead("ANSWERED_WITHIN", "10**9"),
        _case("check_that_was_not_recorded_and_paid_in_stripe_later"),
    ),
    guard(
        "a payment outside Stripe over less is not the one that failed",
        "IntendedAct.is_confirmed_by",
        Always("paid_outside"),
        _case("cash_that_was_not_recorded_and_a_part_by_card_minutes_later"),
    ),
    guard(
        "an act is stored before Stripe is asked",
        "done_in_stripe",
        Instead("with_intended_act", "without_act"),
        _case("pom_died_while_it_voided"),
        _case("pom_died_while_it_recorded_a_check"),
        _case("pom_died_while_it_gave_up_an_invoice"),
    ),
    guard(
        "an act that Stripe refused is dropped",
        "done_in_stripe",
        Instead("without_act", "with_intended_act"),
        f"{_WAYS}::test_the_timeline_names_no_person_before_stripe_has_responded_to_one",
    ),
    guard(
        "the outcome of an earlier void is asked for before voiding again",
        "_with_outcomes_known",
        Never("intended"),
        _case("void_whose_answer_was_lost_is_asked_for_again"),
    ),
    guard(
        "a draft that somebody else deleted was not deleted by POM",
        "_deletes_or_voids",
        Check("Gone"),
        _case("draft_deleted_in_stripe_before_it_was_voided_in_pom"),
    ),
    guard(
        "a payment of nothing is not recorded",
        "_counted_amount",
        Check("Refused"),
        _case("payment_of_nothing"),
    ),
)
