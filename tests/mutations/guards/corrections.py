"""Previews of drafts, and corrections of issued invoices."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Check, Instead, Skipped

_API = "tests/api/test_drafts.py"
_T = "tests/usecases/invoicing/test_correct_invoice.py"

CORRECTIONS = (
    guard(
        "a correction is confirmed first",
        "correct_invoice(confirmed)",
        Check("confirmed"),
        f"{_T}::test_an_unconfirmed_correction_is_refused_and_describes_its_consequences",
    ),
    guard(
        "only an issued invoice that is not paid is corrected",
        "correct_invoice(confirmed)",
        Check("VOIDABLE"),
        f"{_T}::test_a_draft_and_a_paid_and_a_void_invoice_cannot_be_corrected",
    ),
    guard(
        "the customer is looked at before the original is voided",
        "correct_invoice(confirmed)",
        Instead("known_to_stripe", "None"),
        f"{_T}::test_an_invoice_of_a_customer_without_an_email_cannot_be_corrected",
    ),
    guard(
        "a copy claims the services of its original",
        "replace_original",
        Skipped("claim_in_portions"),
        f"{_T}::test_an_invoice_with_more_services_than_one_transaction_claims_can_be_corrected",
    ),
    guard(
        "a copy counts once it has taken the place of its original",
        "contribution",
        Check("replaces_nothing_yet"),
        f"{_T}::test_a_copy_that_waits_for_the_void_is_not_counted_in_the_summary",
    ),
    guard(
        "a copy whose original may be void is not taken back at once",
        "run(customer)",
        Check("corrects"),
        f"{_T}::test_a_correction_resumes_after_a_reconnect",
    ),
    guard(
        "only a draft has a preview",
        "preview_invoice",
        Check("DRAFT"),
        f"{_API}::test_only_a_draft_has_a_preview",
    ),
    guard(
        "a line of the preview's page is text",
        "_row_of_line",
        Instead("escape", "text"),
        f"{_API}::test_text_that_people_wrote_is_escaped_on_the_page",
    ),
)
