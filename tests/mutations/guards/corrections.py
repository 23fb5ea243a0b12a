"""Previews of drafts, and corrections of what was issued."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.taken import Check, Instead, Skipped

_API = "tests/api/test_drafts.py"
_T = "tests/usecases/invoicing/test_correct_invoice.py"

CORRECTIONS = (
    guard(
        "a correction is confirmed first",
        "correct_invoice(confirmed)",
        Check("confirmed"),
        f"{_T}::test_without_a_confirmation_nothing_happens_and_the_message_says_what_would",
    ),
    guard(
        "only an issued invoice that is not paid is corrected",
        "correct_invoice(confirmed)",
        Check("VOIDABLE"),
        f"{_T}::test_what_was_not_issued_or_is_over_is_refused_with_what_can_be_done",
    ),
    guard(
        "the customer is looked at before the original is voided",
        "correct_invoice(confirmed)",
        Instead("known_to_stripe", "None"),
        f"{_T}::test_a_customer_whom_stripe_cannot_mail_keeps_the_original_as_it_is",
    ),
    guard(
        "a copy claims the services of its original",
        "replace_original",
        Skipped("claim_in_portions"),
        f"{_T}::test_an_invoice_of_more_services_than_one_transaction_claims_is_corrected",
    ),
    guard(
        "a copy counts once it has taken the place of its original",
        "contribution",
        Check("replaces_nothing_yet"),
        f"{_T}::test_a_copy_that_waits_for_its_original_counts_nowhere",
    ),
    guard(
        "a copy whose original may be void is not taken back at once",
        "run(customer)",
        Check("corrects"),
        f"{_T}::test_after_a_revoked_connection_is_restored_the_correction_goes_on",
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
