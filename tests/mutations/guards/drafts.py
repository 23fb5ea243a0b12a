"""Changing a draft: what Stripe is brought to, which services are held meanwhile, and what a refusal leaves."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.taken import Always, Becomes, Check, Skipped

_T_EDIT = "tests/usecases/invoicing/test_edit_draft.py"
_T_WAYS_OUT = "tests/usecases/invoicing/test_edit_ways_out.py"
_T_CLAIMS = "tests/contracts/test_claims.py"

DRAFTS = (
    guard(
        "a draft that is not at rest is not changed",
        "_require_editable",
        Check("CREATING"),
        f"{_T_EDIT}::test_only_a_draft_at_rest_can_be_changed",
    ),
    guard(
        "no draft is changed while invoicing is paused",
        "edit_draft",
        Skipped("require_invoicing"),
        f"{_T_EDIT}::test_no_draft_is_changed_while_invoicing_is_paused",
    ),
    guard(
        "what the caller has seen is checked before the change is stored",
        "_intended",
        Skipped("require"),
        f"{_T_EDIT}::test_a_draft_that_somebody_changed_since_it_was_loaded_is_not_replaced",
    ),
    guard(
        "discounts and taxes of Stripe's are cleared",
        "brought_to",
        Always("without_additions"),
        f"{_T_EDIT}::test_what_somebody_changed_in_stripe_is_overwritten_and_the_draft_can_be_sent",
    ),
    guard(
        "a draft that Stripe makes with another total is taken back",
        "_require_total",
        Check("total"),
        f"{_T_EDIT}::test_a_tax_that_stripe_adds_by_itself_keeps_the_former_draft",
    ),
    guard(
        "a service on a line in Stripe stays claimed",
        "billed_services",
        Becomes("frozenset()"),
        f"{_T_EDIT}::test_a_draft_that_stripe_takes_in_neither_form_shows_the_difference_and_keeps_its_claims",
    ),
    guard(
        "services of a dropped line are given up",
        "release",
        Skipped("release"),
        f"{_T_EDIT}::test_a_dropped_service_can_be_billed_elsewhere_and_an_added_one_cannot",
    ),
    guard(
        "a worker that slept past its lease changes no draft",
        "_require_still_ours",
        Skipped("at_same_point"),
        f"{_T_WAYS_OUT}::test_a_worker_that_outlived_its_lease_leaves_a_later_edit_as_it_is",
    ),
    guard(
        "an edit on an account that was replaced is ended",
        "_ended_unreachable",
        Check("editing"),
        f"{_T_WAYS_OUT}::test_an_edit_that_was_stopped_ends_at_rest_and_holds_only_what_its_invoice_bills",
    ),
    guard(
        "what a mended draft held is given up when it is sent",
        "_mail",
        Always("edit"),
        f"{_T_WAYS_OUT}::test_a_draft_that_was_mended_in_stripe_and_is_sent_holds_only_what_it_bills",
    ),
    guard(
        "a service date that is a slip is refused",
        "_line_item",
        Skipped("valid_service_date"),
        "tests/api/test_draft_order.py::"
        "test_a_mistyped_service_date_is_refused_with_its_field_everywhere",
    ),
    guard(
        "a claim is of the version that was read",
        "TableInvoices.claim",
        Skipped("check"),
        f"{_T_CLAIMS}::test_a_claim_for_a_version_that_has_changed_claims_nothing",
    ),
)
