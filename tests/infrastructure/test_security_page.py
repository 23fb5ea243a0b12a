"""Every test that docs/security.md names is there, and every risk of the list has one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from infra.template.alarm_list import ALARMS, COMPOSITES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
RISKS = 10


def test_every_test_that_the_page_names_exists() -> None:
    missing = []
    for file, name in NAMED:
        path = ROOT / file
        tree = ast.parse(path.read_text()) if path.exists() else ast.Module([], [])
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        if not path.exists() or (name and name not in functions):
            missing.append(f"{file}::{name}")
    assert missing == []
    assert len(NAMED) > 50


def test_every_risk_has_a_control_and_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| **API")]
    assert [row.split("**")[1] for row in rows] == [f"API{number}" for number in range(1, RISKS + 1)]
    assert all(len(row.split(" | ")) == 3 and "::test_" in row for row in rows)


def test_every_quoted_name_of_a_test_is_checked() -> None:
    assert PAGE.count("::test_") == sum(bool(name) for _, name in NAMED)


def test_the_page_says_for_every_alarm_who_can_cause_it_and_what_prevents_that() -> None:
    [section] = re.findall(r"## Who can make an alarm fire\n(.*?)\n## ", PAGE, re.DOTALL)
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    alarms_on_page = [name for row in rows for name in re.findall(r"`([\w…]+)`", row[0])]
    families = tuple(name.removesuffix("…") for name in alarms_on_page if name.endswith("…"))
    alarms = {alarm.name for alarm in (*ALARMS, *COMPOSITES)}
    assert {name for name in alarms if not name.startswith(families)} == {
        n for n in alarms_on_page if not n.endswith("…")
    }
    assert all(any(alarm.startswith(family) for alarm in alarms) for family in families)
    assert len(alarms_on_page) == len(set(alarms_on_page))
    assert all(len(row) == 3 and row[1].strip() and row[2].strip() for row in rows)
    assert all("Nobody" in row[1] or len(row[2].strip()) > 1 for row in rows), "something stops whoever can fire it"
