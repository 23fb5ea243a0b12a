"""Attention: what needs a person is listed once, and is gone once it is solved."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Always, Becomes, Check

_T_INVOICES = "tests/domain/test_attention.py"
_T_COMPANY = "tests/domain/test_company_attention.py"
_T_TIE_OUT = "tests/usecases/reconciling/test_tie_out.py"

ATTENTION = (
    guard(
        "an overdue invoice whose payment failed is listed once",
        "overdue_item",
        Check("LISTED_ALREADY"),
        f"{_T_INVOICES}::test_an_invoice_is_not_listed_as_overdue_too",
    ),
    guard(
        "an overdue invoice whose bank debit is on its way needs nobody",
        "overdue_item",
        Check("payment_under_way"),
        f"{_T_INVOICES}::test_an_invoice_is_not_listed_as_overdue_too",
    ),
    guard(
        "a dispute that was answered needs nobody",
        "invoice_troubles",
        Always("endswith"),
        f"{_T_INVOICES}::test_a_dispute_that_was_answered_or_decided_needs_nobody",
    ),
    guard(
        "a refund that failed is gone once the customer has the money",
        "refunds_still_owed",
        Check("_paid_in_another_way"),
        f"{_T_INVOICES}::test_a_failed_refund_is_gone_once_the_customer_has_the_money_or_is_to_get_it",
    ),
    guard(
        "money given before a refund failed does not make up for it",
        "refunds_still_owed",
        Check("failed_at"),
        f"{_T_INVOICES}::test_a_failed_refund_stays_if_nothing_made_up_for_it",
    ),
    guard(
        "a payout that was made before another one came back does not stand for it",
        "_paid_later",
        Check("came_back_at"),
        f"{_T_COMPANY}::test_a_failed_payout_stays_while_nothing_shows_that_its_money_went_out",
    ),
    guard(
        "a payout whose money came back twice still needs a person",
        "_gave_its_money_back",
        Becomes("None"),
        f"{_T_COMPANY}::test_a_failed_payout_is_gone_once_another_one_pays_its_money_out_again",
    ),
    guard(
        "a payout in another currency does not stand for one that failed",
        "_paid_later",
        Check("currency"),
        f"{_T_COMPANY}::test_a_failed_payout_stays_while_nothing_shows_that_its_money_went_out",
    ),
    guard(
        "a comparison that could not be made leaves the unknown invoices as they are",
        "store_unknown_invoices(result)",
        Check("compared"),
        f"{_T_TIE_OUT}::test_a_comparison_that_could_not_be_made_leaves_what_an_earlier_one_found",
    ),
    guard(
        "an invoice that POM knows by now is not listed as unknown",
        "_unknown(search)",
        Check("_has_record"),
        "tests/usecases/attention/test_needs_attention.py"
        "::test_an_invoice_that_pom_does_not_know_is_listed_until_pom_knows_it",
    ),
)
