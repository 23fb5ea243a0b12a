"""Acts: each is stored once with the change that it records, and has no personal data."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Becomes, Check, Instead, Skipped, Without

_T_ACTS = "tests/usecases/acts/test_who_did_what.py"
_T_STORE = "tests/contracts/test_act_store.py"
_T_HISTORIES = "tests/api/test_histories.py"
_KEPT = f"{_T_STORE}::test_an_act_and_the_change_it_records_are_stored_together_or_not_at_all"
_NAMED = f"{_T_HISTORIES}::test_each_act_of_a_person_is_recorded_with_the_user_of_the_token"

ACTS = (
    guard("a change of one item keeps its act", "put_with_acts", Skipped("put_acts"), _KEPT),
    guard("a binding keeps its act", "TableConnections.bind", Skipped("put_acts"), _KEPT),
    guard("an event that revokes keeps its act", "TableConnections.apply", Skipped("put_acts"), _KEPT),
    guard("a save of a customer keeps its act", "TableCustomers.save", Skipped("put_acts"), _KEPT),
    guard("an imported row keeps its act", "TableBatches.decide", Skipped("put_acts"), _KEPT),
    guard("who changed the settings", "put_invoicing_settings", Without("user_id"), _NAMED),
    guard("who asked for a refresh", "refresh_connection", Without("user_id"), _NAMED),
    guard("who asked for a test", "test_connection", Without("user_id"), _NAMED),
    guard(
        "acts hold no texts of the settings",
        "_without_texts",
        Becomes("settings"),
        f"{_T_ACTS}::test_the_history_never_holds_the_texts_of_memo_and_footer",
    ),
    guard(
        "a save of the settings that changes nothing is no act",
        "_with_effective_reminders",
        Becomes("settings"),
        f"{_T_ACTS}::test_saving_unchanged_settings_records_no_act",
    ),
    guard(
        "a history is of one subject",
        "TableActs.page",
        Instead("_partition", "'act'"),
        f"{_T_STORE}::test_each_history_has_its_own_acts_newest_first",
    ),
    guard(
        "a cursor of a history is of this history",
        "TableActs.page",
        Instead("key", "'acts'"),
        f"{_T_STORE}::test_a_cursor_works_for_its_own_history_only",
    ),
    guard(
        "the history of an unknown customer is not shown",
        "history_of_customer",
        Check("is None"),
        f"{_T_HISTORIES}::test_another_organization_cannot_read_any_of_the_data",
    ),
)
