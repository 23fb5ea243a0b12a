"""Guards of a function's work before and after its SnapStart snapshot."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Skipped, Without

_T = "tests/integration/test_restoring.py::test_"
_T_NOW = f"{_T}a_restored_function_uses_the_present_secrets_keys_and_time"
_T_START = f"{_T}the_first_work_after_a_restore_counts_as_a_cold_start"
_T_CONNECTIONS = f"{_T}a_restored_function_uses_no_connection_of_the_snapshot"
_T_SNAPSHOT = f"{_T}the_snapshot_has_all_libraries_of_the_first_work_and_no_fetched_secret"

RESTORING = (
    guard(
        "chance is renewed",
        "renew",
        Skipped("seed"),
        f"{_T}environments_of_one_snapshot_draw_different_random_numbers",
    ),
    guard("what was built is forgotten", "renew", Skipped("forget"), _T_NOW, _T_CONNECTIONS),
    guard("a restore is a start", "renew", Skipped("restored"), _T_START),
    guard("secrets are forgotten", "forget", Without("_adapters"), _T_NOW),
    guard("keys are forgotten", "forget", Without("token_verifier"), _T_NOW),
    guard("the database's connections are forgotten", "forget", Skipped("disconnect"), _T_CONNECTIONS),
    guard("libraries are loaded for the snapshot", "prepare_snapshot", Skipped("prime"), _T_SNAPSHOT),
)
