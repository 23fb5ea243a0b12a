"""Operating: canaries and backfills."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Always, Becomes, Check, Instead, Skipped

OPERATING = (
    guard(
        "a second freeze keeps since when the organization has been frozen",
        "Freeze.reworded",
        Becomes("Freeze(0, by, reason)"),
        "tests/usecases/reconciling/test_tie_out.py::test_a_tie_out_keeps_the_reason_of_an_operators_pause",
    ),
    guard(
        "the daily tie-out keeps the words that an operator chose",
        "freeze_unless_frozen",
        Always("is"),
        "tests/usecases/reconciling/test_tie_out.py::test_a_tie_out_keeps_the_reason_of_an_operators_pause",
    ),
    guard(
        "a canary passes only if the table has the very one",
        "_send(webhook)",
        Check("ALTERED"),
        "tests/usecases/events/test_canary.py::test_a_stored_item_that_differs_from_the_canary_is_a_failure",
    ),
    guard(
        "a canary that nobody kept does not pass",
        "_send(webhook)",
        Check("NOT_KEPT", says="Verdict.PASSED"),
        "tests/usecases/events/test_canary.py::test_every_response_but_a_2xx_with_a_stored_item_is_a_failure",
    ),
    guard(
        "signed events go by https only",
        "HttpOwnWebhook.__init__",
        Check("'https' _WITHOUT_TLS"),
        "tests/adapters/test_own_webhook.py::test_an_endpoint_that_is_not_https_gets_no_request",
    ),
    guard(
        "a record that is made again claims its services",
        "_insert_rebuilt",
        Instead("_services", "[]"),
        "tests/usecases/reconciling/test_backfill.py::test_a_lost_record_is_recreated_with_claims_on_its_services",
    ),
    guard(
        "a copy in Stripe is not the invoice, to a backfill either",
        "backfill(candidate)",
        Check("is_or_was"),
        "tests/usecases/reconciling/test_backfill.py::test_a_copy_made_in_stripe_is_reported_and_not_stored",
    ),
    guard(
        "an original is told of its copy when either record is made again",
        "_recreate",
        Skipped("_link"),
        "tests/usecases/reconciling/test_backfill.py"
        "::test_a_recreated_correction_names_its_original_and_the_original_names_its_correction",
    ),
    guard(
        "a copy's original is believed only if the copy's id is made of it",
        "corrected_id",
        Check("correction_id_for"),
        "tests/usecases/reconciling/test_backfill.py::test_forged_metadata_does_not_make_a_draft_a_correction",
    ),
)
