"""Erasing: the person goes from everything, nothing open is touched, and nothing brings the person back."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Always, Becomes, Check, Instead, Never, Skipped, Without

_ERASING = "tests/usecases/erasing/test_erase_customer.py::test_"
_ASKING = "tests/usecases/erasing/test_request_erasure.py::test_"
_RECORDS = "tests/domain/test_erased_records.py::test_"
_STORES = "tests/contracts/test_erasing.py::test_"
_REFUSED = f"{_ASKING}an_erasure_is_refused_while_something_is_open_and_the_refusal_says_what"
_RACED = f"{_ERASING}an_invoice_that_was_being_made_is_waited_for_and_nothing_open_is_erased"
_LEFT = f"{_ERASING}what_is_found_open_after_the_customer_was_erased_is_left_until_it_is_settled"
_NOTHING_LEFT = f"{_ERASING}nothing_of_the_person_is_left_and_the_books_are_as_they_were"
_LOSES_AGAIN = f"{_RECORDS}whatever_is_merged_into_or_stored_of_an_erased_invoice_loses_the_person_again"
_LATE_PARKED = f"{_ERASING}an_event_that_is_parked_after_the_erasure_keeps_ids_alone_from_the_beginning"
_NO_LIST = f"{_STORES}an_erased_customer_is_in_no_list_and_its_stripe_customer_leads_to_it"

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
        f"{_ASKING}asking_again_answers_the_erasure_that_there_is",
        f"{_ASKING}of_two_who_ask_at_once_one_is_the_first",
    ),
    guard(
        "a connection to delete in Stripe by",
        "request_erasure(organization_id)",
        Skipped("usable_account"),
        f"{_ASKING}deleting_in_stripe_needs_a_connection_and_keeping_does_not",
    ),
    guard(
        "nothing is erased before older requests are done",
        "BEGINS_AFTER",
        Becomes("0"),
        f"{_ERASING}nothing_is_erased_before_everybody_who_read_the_customer_is_done",
    ),
    guard("what was being made is waited for", "_continue", Instead("unsettled_of", "()"), _RACED),
    guard("each version of an invoice is judged", "_erase_invoice", Check("is_settled"), _LEFT),
    guard(
        "an erasure is over only after a pass that found nothing",
        "_store_pass",
        Check("erase_pass erased"),
        f"{_ERASING}the_second_look_finds_what_the_lists_did_not_show_and_is_repeated_until_nothing_is_left",
    ),
    guard(
        "an erasure is over only after a second look",
        "_store_pass",
        Check("passed_at"),
        f"{_ERASING}the_second_look_comes_a_day_after_the_first_pass",
    ),
    guard("what is merged loses the person", "Invoice._with_facts", Never("erased_at"), _LOSES_AGAIN),
    guard("what is stored loses the person", "invoice_write", Never("erased_at"), _LOSES_AGAIN),
    guard(
        "rows that no invoice names are erased",
        "_erase_money",
        Skipped("change"),
        _NOTHING_LEFT,
        f"{_ERASING}a_row_of_money_that_its_invoice_no_longer_names_is_erased_too",
    ),
    guard(
        "items of batches are erased",
        "_erase_batch_items",
        Skipped("rewrite"),
        f"{_ERASING}an_abandoned_import_loses_what_it_says_of_the_person",
    ),
    guard(
        "a run that takes too long leaves the rest to another",
        "_erase_batch_items",
        Check("until"),
        f"{_ERASING}an_erasure_that_takes_longer_than_a_run_goes_on_in_the_next",
    ),
    guard(
        "parked events are shortened",
        "_shorten_parked",
        Skipped("shorten"),
        f"{_ERASING}a_parked_event_about_the_person_keeps_ids_alone_and_is_still_applied",
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
        f"{_ERASING}a_lost_invoice_of_an_erased_customer_comes_back_without_the_person",
    ),
    guard(
        "Stripe is given nothing of an erased customer",
        "known_to_stripe",
        Skipped("require_not_erased"),
        f"{_ASKING}stripe_is_given_nothing_more_of_a_customer_that_is_to_be_erased",
    ),
    guard(
        "a Stripe customer whose making was not answered is deleted",
        "_stripe_customers_of",
        Skipped("add"),
        f"{_ERASING}a_stripe_customer_whose_making_was_never_answered_is_deleted_too",
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
        f"{_STORES}a_row_that_changed_meanwhile_is_not_overwritten",
    ),
)
