"""Where the money is: a payout is explained to the cent, each line by the right invoice, however often it is read."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Always, Becomes, Check, Instead, Never, Without

_T_LINES = "tests/domain/test_payout_lines.py"
_T_HOLDS = "tests/domain/test_payout_holds.py"
_T_READING = "tests/usecases/payouts/test_read_payout.py"
_T_COMPARING = "tests/usecases/payouts/test_compare_payout.py"
_T_STORE = "tests/contracts/test_payment_store.py"

DEPOSITS = (
    guard(
        "a payout is no line of itself",
        "line_of",
        Never("source_id"),
        f"{_T_HOLDS}::test_a_hold_taken_and_released_within_one_payout_is_no_line",
    ),
    guard(
        "what no line explains is told",
        "sum_lines",
        Instead("unexplained=", "0"),
        f"{_T_LINES}::test_an_unexplained_remainder_is_shown",
    ),
    guard(
        "money of an invoice is not outside POM",
        "PayoutLine.outside_pom",
        Check("owner"),
        f"{_T_LINES}::test_a_payment_and_a_monthly_fee_explain_a_payout",
    ),
    guard(
        "a fee of the account is not another business",
        "PayoutLine.outside_pom",
        Check("moves_a_payment"),
        f"{_T_LINES}::test_a_payment_and_a_monthly_fee_explain_a_payout",
    ),
    guard(
        "an earlier reading of a payout does not undo a later one",
        "Payout.knowing",
        Instead("max", "fact"),
        "tests/domain/test_payout.py::test_an_earlier_snapshot_that_arrives_late_changes_nothing",
    ),
    guard(
        "a line is of no invoice of another organization",
        "_invoices(account_id)",
        Check("organization_id"),
        f"{_T_READING}::test_a_payment_of_another_organizations_invoice_is_outside_pom",
    ),
    guard(
        "a run stores how far it came with the lines of a payout",
        "itemize",
        Never("REMEMBERED_EVERY"),
        "tests/usecases/payouts/test_long_payouts.py::test_after_a_failed_page_the_stored_pages_are_not_read_again",
    ),
    guard(
        "a fee that is told late does not take a payment out of its payout",
        "_action(settlement)",
        Never("payout_id"),
        f"{_T_STORE}::test_a_fee_that_arrives_late_does_not_remove_a_payment_from_its_payout",
    ),
    guard(
        "a fee makes no payment that is not stored",
        "_settle(movement_id)",
        Without("condition="),
        f"{_T_STORE}::test_settlements_without_a_stored_payment_are_left_out",
    ),
    guard(
        "a payout that does not tie out is compared every day",
        "_task(payout)",
        Always("tied_out"),
        f"{_T_COMPARING}::test_lines_that_do_not_add_up_in_stripe_are_reported_every_day",
    ),
    guard(
        "a payout that ties out is compared once",
        "_compared_again",
        Becomes("True"),
        f"{_T_COMPARING}::test_a_payout_is_compared_only_once",
    ),
    guard(
        "the card that paid does not show the debit that came back before it",
        "Movement.shows",
        Becomes("True"),
        "tests/usecases/payouts/test_returned_debits.py"
        "::test_the_card_payment_and_the_returned_debit_have_their_own_transactions",
    ),
    guard(
        "the fee of a card is pending though the debit before it has one",
        "Movement.charged_by",
        Becomes("True"),
        "tests/usecases/payouts/test_returned_debits.py"
        "::test_the_sweep_reads_the_fee_of_the_card_payment_although_the_debit_has_one",
    ),
    guard(
        "a payment outside Stripe waits for no fee",
        "SettledMovement.fee_pending",
        Check("OUTSIDE_ID"),
        "tests/domain/test_deposits.py::test_a_payment_outside_stripe_has_no_deposit_and_no_fee",
    ),
    guard(
        "a debit that came back stays a payment after its intent was canceled",
        "_failed_payment",
        Never("'processing'"),
        "tests/domain/test_movements_that_stay.py"
        "::test_a_returned_debit_of_a_revised_invoice_keeps_its_row_without_a_known_charge",
    ),
)
