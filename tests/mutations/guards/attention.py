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
        f"{_T_INVOICES}::test_an_invoice_listed_for_another_reason_is_not_listed_as_overdue_too",
    ),
    guard(
        "an overdue invoice whose bank debit is on its way needs nobody",
        "overdue_item",
        Check("payment_under_way"),
        f"{_T_INVOICES}::test_an_invoice_listed_for_another_reason_is_not_listed_as_overdue_too",
    ),
    guard(
        "a dispute that was answered needs nobody",
        "invoice_troubles",
        Always("endswith"),
        f"{_T_INVOICES}::test_a_dispute_with_a_response_or_a_decision_needs_nobody",
    ),
    guard(
        "a refund that failed is gone once the customer has the money",
        "refunds_still_owed",
        Check("_paid_in_another_way"),
        f"{_T_INVOICES}::test_a_failed_refund_is_no_longer_listed_once_another_refund_covers_it",
    ),
    guard(
        "money given before a refund failed does not make up for it",
        "refunds_still_owed",
        Check("failed_at"),
        f"{_T_INVOICES}::test_a_failed_refund_stays_listed_until_another_refund_covers_it",
    ),
    guard(
        "a payout that was made before another one came back does not stand for it",
        "_paid_later",
        Check("came_back_at"),
        f"{_T_COMPANY}::test_a_failed_payout_stays_listed_until_its_money_is_in_another_payout",
    ),
    guard(
        "a payout whose money came back twice still needs a person",
        "_gave_its_money_back",
        Becomes("None"),
        f"{_T_COMPANY}::test_a_failed_payout_is_no_longer_listed_once_another_payout_contains_its_money",
    ),
    guard(
        "a payout in another currency does not stand for one that failed",
        "_paid_later",
        Check("currency"),
        f"{_T_COMPANY}::test_a_failed_payout_stays_listed_until_its_money_is_in_another_payout",
    ),
    guard(
        "a comparison that could not be made leaves the unknown invoices as they are",
        "store_unknown_invoices(result)",
        Check("compared"),
        f"{_T_TIE_OUT}::test_a_failed_tie_out_keeps_the_findings_of_an_earlier_tie_out",
    ),
    guard(
        "an invoice that POM knows by now is not listed as unknown",
        "_unknown(search)",
        Check("_has_record"),
        "tests/usecases/attention/test_needs_attention.py"
        "::test_an_invoice_without_a_record_in_pom_is_listed_until_pom_has_the_record",
    ),
)
