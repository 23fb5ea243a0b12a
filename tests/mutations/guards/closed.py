"""Closed customers: nothing new is taken for a customer that somebody had erased, and one erasure is told once."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Check, Skipped

_CLOSED = "tests/usecases/erasing/test_closed_customers.py::test_"
_NOTHING_NEW = f"{_CLOSED}nothing_new_is_taken_for_a_closed_customer"
_TOLD = "tests/domain/test_other_changes.py::test_"
_POM = "tests/local/test_pom_consumer.py::test_data_of_an_erased_person_is_deleted_in_pom_and_stays_deleted"

CLOSED = (
    guard(
        "a closed customer is not read",
        "get_customer(organization_id)",
        Check("erased"),
        f"{_CLOSED}a_closed_customer_is_not_there_to_be_read_and_no_list_shows_it",
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
        f"{_CLOSED}a_sync_that_was_queued_before_gives_stripe_nothing",
    ),
    guard(
        "what waited for a connection is not given for a closed customer",
        "queue_waiting_customers",
        Check("erased"),
        f"{_CLOSED}what_waited_for_the_connection_is_not_given_after_the_customer_was_closed",
    ),
    guard(
        "a closed customer is not searched for",
        "search_spellings",
        Check("erased"),
        f"{_CLOSED}stripe_is_not_searched_for_other_spellings_of_a_closed_customers_address",
    ),
    guard(
        "a row of an import does not save a closed customer",
        "store_customer",
        Skipped("require_not_erased"),
        f"{_CLOSED}a_row_of_an_import_fails_alone",
    ),
    guard(
        "nobody is reminded of a closed customer",
        "remind(organization_id)",
        Skipped("require_not_erased"),
        f"{_CLOSED}nobody_is_mailed_and_nothing_is_copied_for_a_closed_customer",
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
        f"{_TOLD}of_an_erased_customer_nothing_else_is_told_ever",
    ),
    guard("POM's files forget an erased person", "PomConsumer._store", Skipped("_forget"), _POM),
)
