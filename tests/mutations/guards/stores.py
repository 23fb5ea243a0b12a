"""Stores: what a write expects, and how keys are made."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import AnyValue, Becomes, Check, Never, Skipped, Without

_ISOLATION = "tests/proofs/test_isolation.py"
_T_CLAIMS = "tests/contracts/test_claims.py"
_T_STORE = "tests/contracts/test_invoice_store.py"

STORES = (
    guard(
        "a write expects the version that was read",
        "has_version",
        AnyValue("version", "=="),
        f"{_T_STORE}::test_a_save_of_a_stale_version_is_refused_and_changes_nothing",
    ),
    guard(
        "an insert expects nothing there",
        "has_version",
        AnyValue("version", "does_not_exist"),
        f"{_T_STORE}::test_a_second_insert_of_one_id_is_refused_and_changes_nothing",
    ),
    guard(
        "a service is claimed once",
        "_claim(claims)",
        AnyValue("holder", "id"),
        f"{_T_CLAIMS}::test_a_refused_insert_leaves_neither_invoice_nor_claims",
    ),
    guard(
        "only the named dead invoice is taken over",
        "_claim(claims)",
        AnyValue("holder", "claims"),
        f"{_T_CLAIMS}::test_a_service_is_taken_over_from_the_named_dead_invoice_only",
    ),
    guard(
        "a list leaves out what no longer fits although its index lags",
        "_matching_invoices",
        Check("_matches"),
        "tests/adapters/test_tables_requests.py::"
        "test_an_invoice_that_left_a_list_is_not_returned_although_the_index_lags",
    ),
    guard(
        "payments that go before their invoice require it as it was read",
        "_write_overflow",
        Skipped("check"),
        "tests/contracts/test_payment_store.py::test_many_payments_of_a_stale_invoice_are_not_stored",
    ),
    guard(
        "what a payment cost needs a stored payment",
        "_settle(movement_id)",
        Without("condition="),
        "tests/contracts/test_payment_store.py::test_settlements_without_a_stored_payment_are_left_out",
    ),
    guard(
        "a fee that is told late leaves a payment in its payout",
        "_action(settlement)",
        Never("payout_id"),
        "tests/contracts/test_payment_store.py::"
        "test_a_fee_that_arrives_late_does_not_remove_a_payment_from_its_payout",
    ),
    guard(
        "claims of others are not released",
        "_release",
        AnyValue("holder", "id"),
        f"{_T_CLAIMS}::test_a_removal_does_not_free_services_that_another_invoice_holds",
    ),
    guard(
        "a cursor is good for its own list",
        "position_of",
        Check("_tag"),
        "tests/contracts/test_invoice_pages.py::test_a_cursor_of_another_organization_is_refused",
        f"{_ISOLATION}::test_a_cursor_of_another_organization_is_refused_by_every_list",
    ),
    guard(
        "a cursor names a place of its list",
        "position_of",
        Check("fullmatch"),
        "tests/adapters/test_cursors.py::test_an_edited_cursor_that_is_not_a_position_of_its_list_is_refused",
    ),
    guard(
        "a batch is deleted in the end",
        "_row(item)",
        Without("'expires_at'"),
        "tests/adapters/test_tables_requests.py::"
        "test_batches_and_imports_expire_with_their_items_and_parts_after_them",
    ),
    guard(
        "a failed row of an import forgets its customer",
        "BatchItem._without_customer",
        Becomes("self"),
        "tests/usecases/bulk/test_bulk_import.py::test_a_failed_row_retains_only_the_id_of_its_customer",
    ),
    guard(
        "an event that is given up keeps nothing of what Stripe sent",
        "TableEvents.set_aside",
        Without("packed"),
        "tests/adapters/test_tables_requests.py::test_a_parked_event_that_is_set_aside_keeps_nothing_of_stripes_body",
    ),
    guard(
        "an import is deleted soon",
        "BatchKind.items_retention",
        Becomes("INVOICE_BATCH_ITEMS"),
        "tests/adapters/test_tables_requests.py::"
        "test_batches_and_imports_expire_with_their_items_and_parts_after_them",
    ),
    guard(
        "the latest test of a connection has an end",
        "_trial_values",
        Without("'expires_at'"),
        "tests/adapters/test_retention.py::test_each_stored_kind_of_row_has_a_retention_time_and_a_reason",
    ),
    guard(
        "keys escape their separator",
        "key(parts)",
        Becomes("'#'.join(parts)"),
        f"{_T_STORE}::test_ids_with_separators_in_them_are_not_confused",
        "tests/contracts/test_invoice_pages.py::test_ids_with_separators_do_not_reach_another_organizations_list",
    ),
    guard(
        "reads by key are consistent",
        "read_item(range_key)",
        Without("consistent_read="),
        "tests/adapters/test_tables_requests.py::test_all_reads_by_key_are_strongly_consistent",
    ),
    guard(
        "an index only says where to look",
        "TableCustomers.find_by_stripe_id",
        Check("linked_to"),
        "tests/adapters/test_tables_requests.py::test_a_lagging_index_never_returns_another_customer",
    ),
)
