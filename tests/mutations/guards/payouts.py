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
        f"{_LONG}::test_after_a_failed_page_the_stored_pages_are_not_read_again",
    ),
    guard(
        "a payout of another mode is not read",
        "apply_to_payout",
        Check("WRONG_MODE"),
        f"{_READ}::test_a_payout_event_of_the_other_mode_is_ignored",
    ),
    guard(
        "a payout that went out again names the one it is in",
        "link_payouts_paid_again",
        Becomes("None"),
        f"{_READ}::test_a_failed_payout_names_the_later_payout_that_pays_it_again",
    ),
    guard(
        "a failed payout that is found after the one that paid it again names that one",
        "linked_to_later_payout",
        Becomes("payout"),
        f"{_WENT}::test_a_failed_payout_read_after_its_later_payout_names_that_payout",
    ),
    guard(
        "a reversal gives nothing back before it is paid",
        "RelatedPayouts.gave_back",
        Check("status"),
        f"{_WENT}::test_the_money_of_a_failed_reversal_stays_at_the_bank",
    ),
    guard(
        "the balance has no payouts of the account before",
        "show_balance",
        Check("account_id"),
        f"{_WENT}::test_payouts_of_a_former_account_are_not_in_the_balance_and_say_that_pom_receives_no_news",
    ),
    guard(
        "lines of a payout are beside the payments that they belong to",
        "store_lines",
        Skipped("settle"),
        f"{_READ}::test_the_lines_of_a_deposit_name_its_invoices_and_fees",
    ),
    guard(
        "a line that Stripe does not list is removed",
        "_repaired(wrong)",
        Skipped("remove_lines"),
        f"{_COMPARE}::test_a_differing_line_is_repaired",
    ),
    guard(
        "a payout of an account that is no longer connected is not compared",
        "compare_and_repair",
        Check("account_id"),
        f"{_COMPARE}::test_a_payout_of_a_former_account_is_not_compared",
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
        f"{_COMPARE}::test_a_payment_stored_long_after_its_payout_is_linked_to_the_payout",
    ),
    guard(
        "a payout that the list does not reach is asked for",
        "_PayoutSweep._fetched",
        Becomes("iter(())"),
        f"{_SWEEP}::test_an_unfinished_payout_older_than_the_list_is_read_by_its_id",
    ),
    guard(
        "the first list of payouts reaches back to what POM knew of the account",
        "_PayoutSweep._listed_since",
        Becomes("self.now - FIRST_LOOKED_BACK"),
        f"{_SWEEP}::test_a_company_that_reconnects_a_former_account_gets_the_deposits_of_its_payments",
        f"{_SWEEP}::test_payments_older_than_ninety_days_get_their_fees_and_payouts",
    ),
    guard(
        "a line that is not beside its payment is a difference",
        "_not_beside_payments",
        Becomes("()"),
        f"{_COMPARE}::test_a_differing_line_is_repaired",
    ),
    guard(
        "a payout that no event told of was missed",
        "_PayoutSweep._should_be_known",
        Becomes("False"),
        f"{_SWEEP}::test_payouts_without_events_are_found_and_counted_as_missed",
    ),
    guard(
        "a payout that an event of the same run told of was not missed",
        "_PayoutSweep._should_be_known",
        Check("reported_ids"),
        f"{_SWEEP}::test_one_run_reads_payouts_whose_webhooks_were_lost",
    ),
    guard(
        "what was there before the connection was not missed",
        "_PayoutSweep._should_be_known",
        Check("first"),
        f"{_SWEEP}::test_a_new_connection_imports_ninety_days_of_payouts",
    ),
    guard(
        "a payout without lines that Stripe can list does not tie out",
        "_reconciled_long_ago",
        Becomes("False"),
        f"{_SWEEP}::test_a_payout_without_lines_for_an_hour_counts_as_not_tied_out",
    ),
    guard(
        "a payout whose reading died is read again",
        "_task",
        Becomes("None"),
        f"{_SWEEP}::test_a_payout_whose_job_was_lost_is_read_by_the_next_run",
        f"{_COMPARE}::test_a_fee_that_stripe_lists_late_is_stored_a_day_later",
    ),
    guard(
        "fees that do not fit into one run are left to another",
        "_PayoutSweep.read_fees",
        Instead("fees_before=", "None"),
        f"{_SWEEP}::test_the_next_run_reads_the_fees_that_one_run_could_not_read",
    ),
)
