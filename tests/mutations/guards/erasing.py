"""Erasing: the person goes from everything, nothing open is touched, and nothing brings the person back."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Always, Becomes, Check, Instead, Never, Skipped, Without

_ERASING = "tests/usecases/erasing/test_erase_customer.py::test_"
_ASKING = "tests/usecases/erasing/test_request_erasure.py::test_"
_RECORDS = "tests/domain/test_erased_records.py::test_"
_STORES = "tests/contracts/test_erasing.py::test_"
_REFUSED = f"{_ASKING}an_erasure_is_refused_while_something_is_open_and_the_refusal_names_the_reason"
_RACED = f"{_ERASING}an_erasure_waits_for_an_invoice_that_was_being_created"
_LEFT = f"{_ERASING}an_open_invoice_found_after_the_erasure_is_erased_once_it_is_settled"
_NOTHING_LEFT = f"{_ERASING}an_erasure_removes_all_data_of_the_person_and_keeps_the_books"
_LOSES_AGAIN = f"{_RECORDS}personal_data_merged_into_an_erased_invoice_is_removed_again"
_LATE_PARKED = f"{_ERASING}an_event_parked_after_the_erasure_is_stored_with_only_its_ids"
_NO_LIST = f"{_STORES}an_erased_customer_is_in_no_list_but_is_found_by_its_stripe_customer"

ERASING = (
    guard(
        "nothing open is asked to be erased",
        "request_erasure(organization_id)",
        Instead("unsettled_of", "()"),
        _REFUSED,
    ),
    guard("a debit under way is waited for", "blockers_in", Never("_payment_under_way"), _REFUSED),
    guard("a refund under way is waited for", "blockers_in", Never("_refund_under_way"), _REFUSED),
    guard("a dispute is waited for", "blockers_in", Never("disputed"), _REFUSED),
    guard("a batch is waited for", "_open_things", Never("_takes"), _REFUSED),
    guard(
        "who asks second gets the first erasure",
        "request_erasure(organization_id)",
        Check("erased"),
        f"{_ASKING}a_repeated_request_returns_the_present_erasure",
        f"{_ASKING}two_simultaneous_requests_make_one_erasure",
    ),
    guard(
        "a connection to delete in Stripe by",
        "request_erasure(organization_id)",
        Skipped("usable_account"),
        f"{_ASKING}only_deletion_in_stripe_needs_a_connection",
    ),
    guard(
        "nothing is erased before older requests are done",
        "BEGINS_AFTER",
        Becomes("0"),
        f"{_ERASING}an_erasure_begins_once_every_earlier_request_must_be_over",
    ),
    guard("what was being made is waited for", "_continue", Instead("unsettled_of", "()"), _RACED),
    guard("each version of an invoice is judged", "_erase_invoice", Check("is_settled"), _LEFT),
    guard(
        "an erasure is over only after a pass that found nothing",
        "_store_pass",
        Check("erase_pass erased"),
        f"{_ERASING}the_second_pass_erases_records_that_the_lists_missed_and_repeats_until_none_is_left",
    ),
    guard(
        "an erasure is over only after a second look",
        "_store_pass",
        Check("passed_at"),
        f"{_ERASING}the_second_pass_runs_a_day_after_the_first",
    ),
    guard("what is merged loses the person", "Invoice._with_facts", Never("erased_at"), _LOSES_AGAIN),
    guard("what is stored loses the person", "invoice_write", Never("erased_at"), _LOSES_AGAIN),
    guard(
        "rows that no invoice names are erased",
        "_erase_money",
        Skipped("change"),
        _NOTHING_LEFT,
        f"{_ERASING}a_payment_row_that_its_invoice_no_longer_names_is_erased_too",
    ),
    guard(
        "items of batches are erased",
        "_erase_batch_items",
        Skipped("rewrite"),
        f"{_ERASING}a_cancelled_import_loses_its_data_of_the_person",
    ),
    guard(
        "a run that takes too long leaves the rest to another",
        "_erase_batch_items",
        Check("until"),
        f"{_ERASING}an_erasure_longer_than_one_run_continues_in_the_next_run",
    ),
    guard(
        "parked events are shortened",
        "_shorten_parked",
        Skipped("shorten"),
        f"{_ERASING}a_parked_event_about_the_person_keeps_only_ids_and_is_still_applied",
    ),
    guard(
        "an event is parked without an erased person",
        "_without_person",
        Never("_is_about_erased_person"),
        _LATE_PARKED,
    ),
    guard(
        "events about an erased Stripe customer change nothing",
        "apply_to_customer",
        Never("erased"),
        f"{_ERASING}events_about_the_erased_stripe_customer_are_counted_and_change_nothing",
    ),
    guard(
        "a lost invoice comes back without the person",
        "_insert_rebuilt",
        Instead("erased_at=", "None"),
        f"{_ERASING}a_recreated_invoice_of_an_erased_customer_holds_no_personal_data",
    ),
    guard(
        "Stripe is given nothing of an erased customer",
        "known_to_stripe",
        Skipped("require_not_erased"),
        f"{_ASKING}a_closed_customer_is_no_longer_sent_to_stripe",
    ),
    guard(
        "a Stripe customer whose making was not answered is deleted",
        "_stripe_customers_of",
        Skipped("add"),
        f"{_ERASING}a_stripe_customer_whose_creation_got_no_response_is_deleted_too",
    ),
    guard(
        "a Stripe customer of another account stays",
        "delete_in_stripe",
        Always("link account_id"),
        f"{_ERASING}a_stripe_customer_on_another_account_is_not_deleted_and_the_erasure_says_so",
    ),
    guard("an erased customer is in no list", "CustomerFilter.fits", Check("erased"), _NO_LIST),
    guard(
        "a row changes only as it was read",
        "TablePayments.change",
        Without("reduce", of="set"),
        f"{_STORES}a_row_that_changed_since_it_was_read_is_not_overwritten",
    ),
)
