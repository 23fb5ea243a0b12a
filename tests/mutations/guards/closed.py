"""Closed customers: POM accepts no new data of an erased customer, and publishes one erasure once."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Check, Skipped

_CLOSED = "tests/usecases/erasing/test_closed_customers.py::test_"
_NOTHING_NEW = f"{_CLOSED}a_closed_customer_is_neither_saved_nor_billed_nor_mailed"
_TOLD = "tests/domain/test_other_changes.py::test_"
_POM = "tests/local/test_pom_consumer.py::test_data_of_an_erased_person_is_deleted_in_pom_and_stays_deleted"

CLOSED = (
    guard(
        "a closed customer is not read",
        "get_customer(organization_id)",
        Check("erased"),
        f"{_CLOSED}a_closed_customer_is_neither_readable_nor_listed",
    ),
    guard("a closed customer is not saved", "_require_precondition", Skipped("require_not_erased"), _NOTHING_NEW),
    guard(
        "a closed customer is not synced by hand or billed",
        "open_customer",
        Skipped("require_not_erased"),
        _NOTHING_NEW,
    ),
    guard(
        "a draft of a closed customer is not edited",
        "require_open_customer",
        Skipped("require_not_erased"),
        _NOTHING_NEW,
    ),
    guard(
        "a queued sync of a closed customer is dropped",
        "sync_customer(organization_id)",
        Check("erased"),
        f"{_CLOSED}a_sync_queued_before_the_closing_sends_nothing_to_stripe",
    ),
    guard(
        "what waited for a connection is not given for a closed customer",
        "queue_waiting_customers",
        Check("erased"),
        f"{_CLOSED}a_closed_customer_is_not_synced_when_the_company_connects",
    ),
    guard(
        "a closed customer is not searched for",
        "search_spellings",
        Check("erased"),
        f"{_CLOSED}other_spellings_of_a_closed_customers_email_are_not_searched_for",
    ),
    guard(
        "a row of an import does not save a closed customer",
        "store_customer",
        Skipped("require_not_erased"),
        f"{_CLOSED}an_imported_row_for_a_closed_customer_fails",
    ),
    guard(
        "nobody is reminded of a closed customer",
        "remind(organization_id)",
        Skipped("require_not_erased"),
        f"{_CLOSED}an_invoice_of_a_closed_customer_is_neither_corrected_nor_reminded_of",
    ),
    guard(
        "no reference leads to an erased person",
        "_require_no_reference_to_person",
        Check("erased_at"),
        f"{_CLOSED}an_uncollectible_invoice_of_an_erased_customer_is_paid_without_a_reference",
    ),
    guard(
        "invoices do not name closed customers",
        "names_of",
        Check("erased"),
        f"{_CLOSED}invoices_no_longer_name_a_closed_customer",
    ),
    guard(
        "an erasure is told alone",
        "customer_difference",
        Check("CUSTOMER_ERASED"),
        f"{_TOLD}nothing_more_is_published_about_an_erased_customer",
    ),
    guard("POM's files forget an erased person", "PomConsumer._store", Skipped("_forget"), _POM),
)
