"""`user-in-logs` leads an auditor from a user to the log lines of the user's requests."""

from __future__ import annotations

from chalicelib.domain.caller import user_in_logs
from tests.ops.conftest import Operator


def test_an_auditor_can_look_up_the_pseudonym_of_a_user_in_log_lines(operator: Operator) -> None:
    ann = operator.asks("user-in-logs", "org_blue", "ann@example.test")["user"]
    assert ann == user_in_logs("org_blue", "ann@example.test")
    assert operator.asks("user-in-logs", "org_green", "ann@example.test")["user"] != ann
