"""Connecting: a state works once, for the person who began."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import AnyValue, Becomes, Check, Instead

_DOORS = "tests/proofs/test_attacks.py"
_T_CONNECT = "tests/usecases/connecting/test_connect.py"
_T_TRIALS = "tests/usecases/connecting/test_try_connection.py"
_T_CONNECTIONS = "tests/contracts/test_connection_store.py"

CONNECTING = (
    guard(
        "a state works once",
        "receive_callback(state)",
        Check("returned_at"),
        f"{_T_CONNECT}::test_a_callback_loaded_twice_exchanges_the_code_once",
    ),
    guard(
        "a state is used up by one of two",
        "TableConnections.save_authorization",
        Instead("has_version", "_ | OAuthStateItem.version.exists()"),
        f"{_T_CONNECTIONS}::test_an_authorization_is_completed_once",
        f"{_T_CONNECTIONS}::test_an_authorization_is_stored_once",
    ),
    guard(
        "a callback after ten minutes",
        "_open_authorization",
        Check("expires_at"),
        f"{_T_CONNECT}::test_a_state_is_valid_for_ten_minutes",
    ),
    guard(
        "a completion after ten minutes",
        "complete",
        Check("expires_at"),
        f"{_T_CONNECT}::test_completing_after_ten_minutes_is_refused",
    ),
    guard(
        "the organization that began completes",
        "complete",
        Check("organization_id =="),
        f"{_T_CONNECT}::test_only_the_admin_who_began_can_complete",
    ),
    guard(
        "the admin who began completes",
        "complete",
        Check("user_id =="),
        f"{_T_CONNECT}::test_only_the_admin_who_began_can_complete",
    ),
    guard(
        "the browser that came back completes",
        "_granted_account",
        Check("compare_digest"),
        f"{_DOORS}::test_an_account_that_a_victim_grants_through_an_attackers_link_is_not_connected",
    ),
    guard(
        "states are kept hashed",
        "secret_digest",
        Becomes("state"),
        f"{_T_CONNECT}::test_the_state_is_stored_only_as_a_hash",
    ),
    guard(
        "an account belongs to one organization",
        "TableConnections.bind",
        AnyValue("holder", "=="),
        f"{_T_CONNECTIONS}::test_an_account_bound_to_one_organization_cannot_be_bound_to_another",
    ),
    guard(
        "a test does not write into a later one",
        "TableConnections.save_trial",
        Instead("put", "put(ConnectionItem, _trial_values(organization_id, trial), ConnectionItem.run.exists(), '')"),
        f"{_T_CONNECTIONS}::test_a_test_does_not_overwrite_a_test_that_began_later",
    ),
    guard(
        "a test of a former account is not shown",
        "latest_trial",
        Check("account_id"),
        f"{_T_TRIALS}::test_a_test_of_a_former_account_is_not_reported",
    ),
    guard(
        "what an account was left for is not ended",
        "mark_revoked",
        Check("_still_uses"),
        f"{_T_CONNECT}::test_revoking_a_former_account_does_not_end_the_present_connection",
    ),
    guard(
        "a refusal that a reconnect overtook ends nothing",
        "mark_revoked",
        Check("reachable"),
        f"{_T_CONNECT}::test_a_refusal_from_before_a_reconnect_does_not_end_the_new_connection",
    ),
    guard(
        "redirects lead to the configured page",
        "receive_callback(call)",
        Instead("pom_settings_url", "f\"https://{call.headers.get('host', '')}/\""),
        f"{_DOORS}::test_the_callback_redirects_only_to_the_configured_page",
    ),
)
