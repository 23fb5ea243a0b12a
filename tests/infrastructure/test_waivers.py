"""Every waiver has a reason, a date and an end, and every exception in the code is a waiver."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra import waivers
from infra.package import ROOT

WAIVER = """
[[waiver]]
tool = "checkov"
rule = "CKV_1"
reason = "It is not so."
decided = 2026-01-01
review_by = 2026-12-31
"""


def _read(tmp_path: Path, text: str) -> list[waivers.Waiver]:
    file = tmp_path / "waivers.toml"
    file.write_text(text)
    return waivers.read_waivers(file)


def _waived(tool: str) -> set[tuple[str, str]]:
    return {(each.rule, each.where) for each in waivers.read_waivers() if each.tool == tool}


def test_every_bandit_exception_has_a_waiver_and_the_reverse() -> None:
    marked_rules = {
        (rule, str(file.relative_to(ROOT)))
        for directory in ("chalicelib", "infra")
        for file in (ROOT / directory).rglob("*.py")
        for line in re.findall(r"# nosec (.*)", file.read_text())
        for rule in re.findall(r"B\d+", line)
    }
    [skipped_rules] = re.findall(r"bandit -q -r infra -s (\S+)", (ROOT / "Makefile").read_text())
    assert _waived("bandit") == marked_rules | {(rule, "infra") for rule in skipped_rules.split(",")}


def test_no_rule_of_cfn_lint_is_switched_off_without_a_waiver() -> None:
    ignore_pattern = re.compile(r"ignore_checks|ignore-checks|cfn-lint[^\n]*ignore")
    sources = [*(ROOT / "infra").rglob("*.py"), *(ROOT / "infra").rglob("*.json"), ROOT / "pyproject.toml"]
    assert {str(file) for file in sources if ignore_pattern.search(file.read_text())} == set()
    assert not (ROOT / ".cfnlintrc").exists()
    assert _waived("cfn-lint") == set()


def test_a_waiver_is_overdue_from_the_day_after_its_review_date(tmp_path: Path) -> None:
    waiver_list = _read(tmp_path, WAIVER)
    assert list(waivers.overdue(waiver_list, dt.date(2026, 12, 31))) == []
    assert list(waivers.overdue(waiver_list, dt.date(2027, 1, 1))) == [
        "checkov CKV_1 was to be reviewed by 2026-12-31: It is not so."
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (WAIVER.replace("review_by = 2026-12-31\n", ""), msgspec.ValidationError),
        (WAIVER.replace('reason = "It is not so."\n', ""), msgspec.ValidationError),
        (WAIVER.replace("2026-12-31", "2027-06-30"), ValueError),
        (WAIVER.replace("2026-12-31", "2025-12-31"), ValueError),
        (WAIVER * 2, ValueError),
    ],
)
def test_a_waiver_without_an_end_a_reason_or_entered_twice_is_refused(text: str, error: Any, tmp_path: Path) -> None:
    with pytest.raises(error):
        _read(tmp_path, text)
