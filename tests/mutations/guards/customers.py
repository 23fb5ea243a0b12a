"""Customers: whose a Stripe customer is, which side a field follows, and where a reminder goes."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import AnyValue, Becomes, Check, Without

_T_STORE = "tests/contracts/test_customer_store.py"
_T_PAGES = "tests/contracts/test_customer_pages.py"
_T_OWNERS = "tests/usecases/customers/test_customer_owners.py"
_T_SAVES = "tests/usecases/customers/test_customer_saves.py"
_T_SETTLING = "tests/domain/test_customer_merge.py"

CUSTOMERS = (
    guard(
        "a Stripe customer is claimed by one customer",
        "_transaction_of",
        AnyValue("holder", "id"),
        f"{_T_STORE}::test_a_stripe_customer_is_claimed_by_one_customer",
    ),
    guard(
        "a chosen Stripe customer belongs to nobody else",
        "_link_chosen",
        Check("belongs_to_another"),
        f"{_T_OWNERS}::test_a_stripe_customer_chosen_for_two_customers_is_linked_to_one_of_them",
        f"{_T_OWNERS}::test_a_choice_made_while_stripe_is_down_is_stored_and_checked_by_the_sync",
    ),
    guard(
        "metadata that names another customer counts",
        "_marked_for_another",
        Becomes("False"),
        f"{_T_OWNERS}::test_a_choice_made_while_stripe_is_down_is_stored_and_checked_by_the_sync",
    ),
    guard(
        "a Stripe customer of another customer is not found by its address",
        "_find_by_email",
        Check("_held_by_another"),
        f"{_T_OWNERS}::test_removed_metadata_does_not_give_the_stripe_customer_to_another_customer",
    ),
    guard(
        "POM's id is put back into the metadata",
        "_link_and_settle",
        Check("_has_pom_ids"),
        f"{_T_OWNERS}::test_overwritten_metadata_is_restored_by_the_next_sync",
    ),
    guard(
        "white space and capital letters are no edit",
        "same_value(other)",
        Becomes("False"),
        f"{_T_SETTLING}::test_a_change_of_case_in_stripe_is_no_edit_and_one_in_pom_is_sent_to_stripe",
    ),
    guard(
        "a reminder goes to the customer's address",
        "require_present_address",
        Check("same_address"),
        "tests/usecases/invoicing/test_reminders.py::test_no_reminder_is_sent_after_the_customers_email_changed",
    ),
    guard(
        "a draft goes to the Stripe customer that is linked",
        "require_present_address",
        Check("linked_to"),
        "tests/usecases/invoicing/test_sending_to_the_present_address.py"
        "::test_a_draft_of_a_formerly_linked_stripe_customer_is_not_sent",
    ),
    guard(
        "a customer that no longer fits is not listed although the index lags",
        "_matching_customers",
        Check("fits"),
        "tests/adapters/test_customer_requests.py::"
        "test_a_customer_that_left_a_list_is_not_returned_although_the_index_lags",
    ),
    guard(
        "a status that one account has is listed for that account alone",
        "status_key",
        Check("STATUSES_OF_ONE_ACCOUNT"),
        f"{_T_PAGES}::test_the_filter_by_status_lists_the_customers_shown_with_that_status_on_the_connected_account",
    ),
    guard(
        "filters are held against the status that is shown",
        "list_customers(customer_filter)",
        Without("account_id=", of="replace"),
        "tests/api/test_customer_list.py::"
        "test_a_filter_by_status_returns_the_customers_listed_with_that_status_for_any_connected_account",
    ),
    guard(
        "a dot segment is no customer's id",
        "require_customer_id",
        Check("DOT_SEGMENTS"),
        f"{_T_SAVES}::test_a_customer_id_that_is_a_dot_segment_is_refused",
    ),
)
