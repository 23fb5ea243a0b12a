"""Money: what counts as received, and what does not."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Becomes, Instead, Never

_T_REFUNDS = "tests/adapters/test_stripe_refunds.py"
_T_DETAILS = "tests/adapters/test_payment_details.py"
_T_AMOUNTS = "tests/domain/test_amounts.py"
_T_SUMMARY = "tests/domain/test_summary.py"

MONEY = (
    guard(
        "a charge loses no more than its refunds have left",
        "_charge_less_refunds",
        Instead("sum", "0"),
        f"{_T_AMOUNTS}::test_the_refunded_part_of_a_disputed_charge_is_not_counted_as_lost",
    ),
    guard(
        "two disputes of a charge lose no more than it brought",
        "lost_by_dispute",
        Instead("min", "10**6"),
        f"{_T_AMOUNTS}::test_two_disputes_of_one_charge_lose_at_most_its_amount",
    ),
    guard(
        "a dispute in another currency counts in the invoice's",
        "disputed_amount",
        Instead("_in_own_currency", "True"),
        f"{_T_AMOUNTS}::test_a_dispute_in_another_currency_counts_the_amount_of_its_charge",
    ),
    guard(
        "what was given back outside Stripe is refunded",
        "amounts_of",
        Instead("out_of_band_amount", "0"),
        f"{_T_AMOUNTS}::test_an_invoice_returned_in_full_outside_stripe_is_refunded",
    ),
    guard(
        "a repeated refund is answered as it is now",
        "Refunds.refund",
        Never("replayed"),
        f"{_T_REFUNDS}::test_the_same_order_is_refunded_once_and_returns_the_present_status",
    ),
    guard(
        "a strange card hides no money",
        "mapping_of",
        Becomes("value"),
        f"{_T_DETAILS}::test_an_unreadable_detail_does_not_hide_the_outcome_of_a_payment",
    ),
    guard(
        "lost money is not among what was paid in a period",
        "contribution",
        Instead("paid", "_ + invoice.amounts.lost"),
        f"{_T_SUMMARY}::test_money_lost_in_a_dispute_counts_as_lost_and_not_as_paid",
    ),
    guard(
        "an amount that Stripe does not charge is refused",
        "require_chargeable(total)",
        Never("total <"),
        "tests/usecases/invoicing/test_create_invoice.py::test_an_order_below_stripes_minimum_is_refused_and_the_minimum_is_accepted",
    ),
)
