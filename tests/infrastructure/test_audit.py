"""What could not be looked up is not called well, and a waiver that is overdue is not passed over in silence."""

from __future__ import annotations

import datetime as dt
import subprocess
from typing import Any

import pytest

from infra import audit
from infra.waivers import Waiver

FINE: dict[str, Any] = {"name": "fine", "version": "1", "vulns": []}
BAD: dict[str, Any] = {"name": "bad", "version": "2", "vulns": [{"id": "PYSEC-1"}]}
UNKNOWN: dict[str, Any] = {"name": "unknown", "skip_reason": "not found"}
OTHER: dict[str, Any] = {"name": "other", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("findings", "code", "required", "audited"),
    [
        ([FINE], 0, 0, "1 of 1 packages looked up, 0 with"),
        ([FINE, BAD], 1, 1, "bad 2: PYSEC-1"),
        ([UNKNOWN, FINE], 0, 1, "1 of 2 packages looked up"),
        ([UNKNOWN, BAD], 1, 1, "PYSEC-1"),
    ],
)
def test_the_exit_code_reports_the_result_of_the_audit(
    findings: list[dict[str, Any]], code: int, required: int, audited: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main([], lambda _: findings, []) == code
    assert audited in capsys.readouterr().out
    assert audit.main(["--require"], lambda _: findings, []) == required


@pytest.mark.parametrize(
    ("found", "expected_text"),
    [
        ([UNKNOWN, OTHER], "0 OF 2 PACKAGES LOOKED UP: NOTHING IS KNOWN."),
        ([UNKNOWN, FINE], "1 OF 2 PACKAGES LOOKED UP: NOTHING IS KNOWN of 1 packages."),
    ],
)
def test_packages_that_could_not_be_audited_are_printed_in_a_frame(
    found: list[dict[str, Any]], expected_text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    audit.main([], lambda _: found, [])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == lines[-1] == audit.FRAME
    assert lines[1] == f"audit: {expected_text}"


def test_a_complete_audit_prints_no_frame(capsys: pytest.CaptureFixture[str]) -> None:
    audit.main([], lambda _: [FINE], [])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("problem", [OSError(), ValueError(), KeyError("x"), subprocess.TimeoutExpired("x", 1)])
def test_an_audit_that_fails_is_reported(problem: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: str) -> list[dict[str, Any]]:
        raise problem

    assert audit.main([], broken, []) == 0
    output = capsys.readouterr().err
    assert "could not be audited" in output
    assert audit.FRAME in output
    assert audit.main(["--require"], broken, []) == 1


def test_a_file_without_audited_packages_is_not_reported_as_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(["--require"], lambda _: [], []) == 1
    assert "could not be audited" in capsys.readouterr().err


def test_findings_of_one_file_are_reported_even_if_another_file_cannot_be_audited(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def only_the_first(file: str) -> list[dict[str, Any]]:
        if file != audit.PINNED[0]:
            raise OSError
        return [BAD]

    assert audit.main([], only_the_first, []) == 1
    assert "bad 2: PYSEC-1" in capsys.readouterr().out


def test_a_package_with_two_versions_is_audited_in_both(capsys: pytest.CaptureFixture[str]) -> None:
    def one_each(file: str) -> list[dict[str, Any]]:
        return [BAD] if file == audit.PINNED[0] else [{**BAD, "version": "3", "vulns": []}]

    assert audit.main([], one_each, []) == 1
    assert "2 of 2 packages looked up, 1 with known vulnerabilities" in capsys.readouterr().out


def test_an_overdue_waiver_is_printed_in_a_frame_and_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    waiver = Waiver("checkov", "CKV_1", "It is not so.", dt.date(2026, 1, 1), dt.date(2026, 6, 30))
    assert audit.main(["--require"], lambda _: [FINE], [waiver], dt.date(2026, 6, 30)) == 0
    assert capsys.readouterr().err == ""
    assert audit.main(["--require"], lambda _: [FINE], [waiver], dt.date(2026, 7, 1)) == 0
    output = capsys.readouterr().err
    assert output.startswith(audit.FRAME)
    assert "1 WAIVERS ARE OVERDUE" in output
    assert "checkov CKV_1 was to be reviewed by 2026-06-30" in output
