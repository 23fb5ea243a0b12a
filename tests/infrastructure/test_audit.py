"""What could not be looked up is not called well."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from infra import audit

FINE: dict[str, Any] = {"name": "fine", "version": "1", "vulns": []}
BAD: dict[str, Any] = {"name": "bad", "version": "2", "vulns": [{"id": "PYSEC-1"}]}
UNKNOWN: dict[str, Any] = {"name": "unknown", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "code", "required", "told"),
    [
        ([FINE], 0, 0, "1 packages, 0 with"),
        ([FINE, BAD], 1, 1, "bad 2: PYSEC-1"),
        ([UNKNOWN, FINE], 0, 1, "skipped 1 of 2"),
        ([UNKNOWN, BAD], 1, 1, "PYSEC-1"),
    ],
)
def test_the_exit_code_says_what_is_known(
    found: list[dict[str, Any]], code: int, required: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main([], lambda _: found) == code
    assert told in capsys.readouterr().out
    assert audit.main(["--require"], lambda _: found) == required


@pytest.mark.parametrize("problem", [OSError(), ValueError(), KeyError("x"), subprocess.TimeoutExpired("x", 1)])
def test_an_audit_that_does_not_answer_is_told(problem: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: str) -> list[dict[str, Any]]:
        raise problem

    assert audit.main([], broken) == 0
    assert "could not be audited" in capsys.readouterr().out
    assert audit.main(["--require"], broken) == 1
