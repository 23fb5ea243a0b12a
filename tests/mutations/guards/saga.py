"""The creation of an invoice: its keys, its lease, and the data that it must not change."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Check, Skipped, Without

_T_CREATE = "tests/usecases/invoicing/test_create_invoice.py"
_T_INVOICES = "tests/usecases/invoicing/test_invoices.py"
_T_SAGA = "tests/domain/test_saga.py"

SAGA = (
    guard(
        "each step has its own key",
        "Saga.key",
        Without("step", of="digest"),
        f"{_T_SAGA}::test_each_step_and_each_intent_has_its_own_key",
    ),
    guard(
        "a fresh key after looking",
        "Saga.key",
        Without("generation", of="digest"),
        f"{_T_SAGA}::test_a_failure_stored_by_stripe_is_checked_before_a_retry_with_another_key",
        f"{_T_SAGA}::test_each_step_and_each_intent_has_its_own_key",
    ),
    guard(
        "an old key is not relied upon",
        "Saga.must_look_first",
        Check("KEY_TRUSTED_FOR"),
        f"{_T_SAGA}::test_a_key_is_trusted_for_an_hour_less_than_stripe_stores_it",
    ),
    guard(
        "a stored failure is looked into",
        "Saga.failed_attempt",
        Check("stored_by_stripe"),
        f"{_T_SAGA}::test_a_failure_stored_by_stripe_is_checked_before_a_retry_with_another_key",
    ),
    guard(
        "a lease keeps others away",
        "resume_invoice",
        Check("resume_at"),
        "tests/usecases/invoicing/test_saga_crashes.py::test_a_lease_keeps_a_second_worker_away",
    ),
    guard(
        "one key, one body",
        "_same_request",
        Check("fingerprint"),
        f"{_T_CREATE}::test_a_key_used_for_another_body_is_refused",
    ),
    guard(
        "keys belong to an organization",
        "invoice_id_for",
        Without("organization_id", of="digest"),
        f"{_T_SAGA}::test_one_idempotency_key_of_one_organization_is_one_invoice",
    ),
    guard(
        "a live invoice keeps its services",
        "_refuse_or_take_over",
        Skipped("raise_all"),
        f"{_T_CREATE}::test_an_already_billed_service_is_refused_and_the_error_names_its_invoice",
    ),
    guard(
        "Stripe's total is ours",
        "require_made_with_our_total",
        Check("total"),
        f"{_T_CREATE}::test_an_invoice_with_taxes_added_by_stripe_is_refused",
    ),
    guard(
        "an invoice stays on its account",
        "require_same_account",
        Check("of_other_account"),
        f"{_T_INVOICES}::test_an_invoice_of_a_former_account_cannot_be_sent_voided_or_refreshed",
    ),
)
