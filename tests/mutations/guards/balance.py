"""Guards of reading Stripe's balance transactions and payouts."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Check, Instead, Without

_SHAPES = "tests/adapters/test_balance_shapes.py"
_PAYOUTS = "tests/adapters/test_stripe_payouts.py"
_HOLDS = "tests/domain/test_payout_holds.py"

BALANCE = (
    guard(
        "a fee is what the net leaves of the amount",
        "BalanceTransaction.fact",
        Instead("fee=", "self.fee"),
        f"{_SHAPES}::test_the_balance_changes_by_the_net_amount_whatever_the_fee_field_says",
    ),
    guard(
        "the description of a payment is not kept",
        "BalanceTransaction.fact",
        Instead("description=", "cut_text_of(self.description)"),
        f"{_SHAPES}::test_the_description_of_a_payment_is_not_stored_because_it_may_name_the_payer",
    ),
    guard(
        "an exchange rate has the digits that Stripe wrote",
        "rate_in",
        Instead("Decimal", "Decimal(float(_))"),
        f"{_SHAPES}::test_an_exchange_rate_has_the_digits_that_stripe_wrote",
    ),
    guard(
        "a refusal for another reason does not say that a payout cannot be listed",
        "Payouts._lines_of_payout",
        Check("code"),
        f"{_PAYOUTS}::test_an_unknown_position_in_the_list_raises_another_error",
    ),
    guard(
        "the lines of a payout are read on from the last one that was kept",
        "Payouts.balance_transactions",
        Without("after", of="_pages"),
        f"{_PAYOUTS}::test_reading_lines_continues_after_the_last_stored_one",
    ),
    guard(
        "what Stripe holds back from a payout is a line",
        "line_of",
        Instead("_OF_THE_PAYOUT", "_ | {'payout_minimum_balance_hold'}"),
        f"{_HOLDS}::test_the_minimum_that_stays_in_the_balance_is_a_line_of_the_payout",
    ),
)
