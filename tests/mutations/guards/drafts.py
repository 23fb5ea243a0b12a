"""Changes of a draft: the resulting draft in Stripe, the services that are claimed in this time, and the state after
a refusal.
"""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Always, Becomes, Check, Skipped

_T_EDIT = "tests/usecases/invoicing/test_edit_draft.py"
_T_WAYS_OUT = "tests/usecases/invoicing/test_interrupted_edits.py"
_T_CLAIMS = "tests/contracts/test_claims.py"

DRAFTS = (
    guard(
        "a draft that is not at rest is not changed",
        "_require_editable",
        Check("CREATING"),
        f"{_T_EDIT}::test_only_a_finished_draft_can_be_edited",
    ),
    guard(
        "no draft is changed while invoicing is paused",
        "edit_draft",
        Skipped("require_invoicing"),
        f"{_T_EDIT}::test_no_draft_can_be_edited_while_invoicing_is_paused",
    ),
    guard(
        "what the caller has seen is checked before the change is stored",
        "_intended",
        Skipped("require"),
        f"{_T_EDIT}::test_an_edit_of_an_outdated_draft_is_refused",
    ),
    guard(
        "discounts and taxes of Stripe's are cleared",
        "brought_to",
        Always("without_additions"),
        f"{_T_EDIT}::test_an_edit_overwrites_changes_made_in_stripe_so_that_the_draft_can_be_sent",
    ),
    guard(
        "a draft that Stripe makes with another total is taken back",
        "_require_total",
        Check("total"),
        f"{_T_EDIT}::test_an_edit_with_taxes_added_by_stripe_keeps_the_former_draft",
    ),
    guard(
        "a service on a line in Stripe stays claimed",
        "billed_services",
        Becomes("frozenset()"),
        f"{_T_EDIT}::test_a_draft_that_stripe_neither_edits_nor_restores_has_a_difference_and_keeps_its_claims",
    ),
    guard(
        "services of a dropped line are given up",
        "release",
        Skipped("release"),
        f"{_T_EDIT}::test_a_removed_service_can_be_billed_elsewhere_and_an_added_service_cannot",
    ),
    guard(
        "a worker that slept past its lease changes no draft",
        "_require_still_ours",
        Skipped("at_same_point"),
        f"{_T_WAYS_OUT}::test_a_worker_whose_lease_ended_does_not_undo_a_later_edit",
    ),
    guard(
        "an edit on an account that was replaced is ended",
        "_ended_unreachable",
        Check("editing"),
        f"{_T_WAYS_OUT}::test_an_interrupted_edit_finishes_and_claims_only_the_services_of_its_invoice",
    ),
    guard(
        "what a mended draft held is given up when it is sent",
        "_mail",
        Always("edit"),
        f"{_T_WAYS_OUT}::test_a_draft_repaired_in_stripe_and_sent_claims_only_the_services_that_it_bills",
    ),
    guard(
        "a service date that is a slip is refused",
        "_line_item",
        Skipped("valid_service_date"),
        "tests/api/test_draft_order.py::test_a_mistyped_service_date_is_refused_with_its_field_everywhere",
    ),
    guard(
        "a claim is of the version that was read",
        "TableInvoices.claim",
        Skipped("check"),
        f"{_T_CLAIMS}::test_a_stale_version_claims_nothing",
    ),
)
