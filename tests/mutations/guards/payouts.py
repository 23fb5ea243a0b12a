"""Deposits that explain themselves: lines read once, found again, and compared once more."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Becomes, Check, Instead, Skipped

_READ = "tests/usecases/payouts/test_read_payout.py"
_WENT = "tests/usecases/payouts/test_where_money_went.py"
_LONG = "tests/usecases/payouts/test_long_payouts.py"
_COMPARE = "tests/usecases/payouts/test_compare_payout.py"
_SWEEP = "tests/usecases/reconciling/test_sweep_payouts.py"

PAYOUTS = (
    guard(
        "a payout goes on where the last run stopped",
        "itemize",
        Instead("listed_until", "None"),
        f"{_LONG}::test_a_page_that_fails_in_the_middle_costs_no_page_that_was_remembered",
    ),
    guard(
        "a payout of another mode is not read",
        "apply_to_payout",
        Check("WRONG_MODE"),
        f"{_READ}::test_events_of_a_test_payout_never_touch_a_live_connection",
    ),
    guard(
        "a payout that went out again names the one it is in",
        "link_payouts_paid_again",
        Becomes("None"),
        f"{_READ}::test_a_failed_payout_that_goes_out_again_names_the_one_it_is_in",
    ),
    guard(
        "a failed payout that is found after the one that paid it again names that one",
        "linked_to_later_payout",
        Becomes("payout"),
        f"{_WENT}::test_a_failed_payout_that_pom_finds_after_the_one_that_paid_it_again_names_that_one",
    ),
    guard(
        "a reversal gives nothing back before it is paid",
        "RelatedPayouts.gave_back",
        Check("status"),
        f"{_WENT}::test_a_reversal_that_fails_leaves_the_money_at_the_bank",
    ),
    guard(
        "the balance has no payouts of the account before",
        "show_balance",
        Check("account_id"),
        f"{_WENT}::test_payouts_of_the_account_before_are_no_part_of_the_balance_and_say_that_pom_hears_no_more",
    ),
    guard(
        "lines of a payout are beside the payments that they belong to",
        "store_lines",
        Skipped("settle"),
        f"{_READ}::test_a_deposit_is_explained_by_its_invoices_and_fees",
    ),
    guard(
        "a line that Stripe does not list is removed",
        "_repaired(wrong)",
        Skipped("remove_lines"),
        f"{_COMPARE}::test_a_line_that_differs_is_found_and_repaired",
    ),
    guard(
        "a payout of an account that is no longer connected is not compared",
        "compare_and_repair",
        Check("account_id"),
        f"{_COMPARE}::test_a_payout_of_an_account_that_is_no_longer_connected_is_not_compared",
    ),
    guard(
        "a repair writes only lines that differ",
        "_repaired(wrong)",
        Check("wrong"),
        f"{_COMPARE}::test_a_repair_writes_only_what_differs",
    ),
    guard(
        "a payout whose payment is not stored yet is compared again",
        "_waits",
        Becomes("False"),
        f"{_COMPARE}::test_a_payment_that_is_stored_long_after_its_payout_was_read_comes_to_show_its_payout",
    ),
    guard(
        "a payout that the list does not reach is asked for",
        "_PayoutSweep._fetched",
        Becomes("iter(())"),
        f"{_SWEEP}::test_a_payout_that_was_under_way_for_longer_than_the_list_reaches_is_asked_for_by_its_id",
    ),
    guard(
        "the first list of payouts reaches back to what POM knew of the account",
        "_PayoutSweep._listed_since",
        Becomes("self.now - FIRST_LOOKED_BACK"),
        f"{_SWEEP}::test_a_company_that_returns_to_its_former_account_is_told_where_its_money_of_that_time_went",
        f"{_SWEEP}::test_payments_older_than_the_first_ninety_days_get_their_fees_and_their_payouts",
    ),
    guard(
        "a line that is not beside its payment is a difference",
        "_not_beside_payments",
        Becomes("()"),
        f"{_COMPARE}::test_a_line_that_differs_is_found_and_repaired",
    ),
    guard(
        "a payout that no event told of was missed",
        "_PayoutSweep._should_be_known",
        Becomes("False"),
        f"{_SWEEP}::test_payouts_of_which_stripe_made_no_event_are_found_and_counted_as_missed",
    ),
    guard(
        "a payout that an event of the same run told of was not missed",
        "_PayoutSweep._should_be_known",
        Check("reported_ids"),
        f"{_SWEEP}::test_payouts_of_which_every_webhook_was_lost_are_read_by_one_run",
    ),
    guard(
        "what was there before the connection was not missed",
        "_PayoutSweep._should_be_known",
        Check("first"),
        f"{_SWEEP}::test_a_new_connection_brings_in_ninety_days_of_payouts_within_minutes",
    ),
    guard(
        "a payout without lines that Stripe can list does not tie out",
        "_reconciled_long_ago",
        Becomes("False"),
        f"{_SWEEP}::test_a_payout_without_lines_for_an_hour_counts_as_one_that_does_not_tie_out",
    ),
    guard(
        "a payout whose reading died is read again",
        "_task",
        Becomes("None"),
        f"{_SWEEP}::test_a_payout_whose_reading_died_is_read_by_the_next_run",
        f"{_COMPARE}::test_a_fee_that_stripe_adds_late_is_found_a_day_later",
    ),
    guard(
        "fees that do not fit into one run are left to another",
        "_PayoutSweep.read_fees",
        Instead("fees_before=", "None"),
        f"{_SWEEP}::test_more_fees_than_one_run_reads_are_read_by_the_next_run_which_follows_at_once",
    ),
)
