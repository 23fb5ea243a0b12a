"""docs/operations.md names every alarm and every command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import infra.ops.__main__  # noqa: F401 (registers the commands)
from infra.ops.cli import cli
from infra.ops.related import show_related
from infra.ops.screen import Screen
from infra.ops.troubles import of_queues
from infra.template.alarm_list import ALARMS, COMPOSITES
from infra.template.alarms import Grade

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()


def test_the_page_names_every_alarm_that_notifies_a_person() -> None:
    names_on_page = re.findall(r"`([A-Z]\w+)(…?)`", PAGE.split("| question |")[1].split("[security.md]")[0])
    alarm_names = [each.name for each in (*ALARMS, *COMPOSITES) if each.grade is not Grade.SIGNAL]

    assert [
        name
        for name in alarm_names
        if not any(name == each or (dots and name.startswith(each)) for each, dots in names_on_page)
    ] == []


def test_the_page_lists_every_command() -> None:
    table = PAGE.split("| after `./ops` | does |")[1].split("\n\n")[0]

    assert [name for name in cli.commands if f"`{name}" not in table] == []


def test_the_command_to_resume_stays_on_one_line_on_a_narrow_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    show_related(Screen(), "org_blue_lagoon", [("invoice", "inv_wtmyar6dvkiogmxafn3xwkq455")])

    assert "./ops explain inv_wtmyar6dvkiogmxafn3xwkq455 --organization org_blue_lagoon\n" in capsys.readouterr().out


def test_unpublished_changes_have_their_own_run_book() -> None:
    [trouble] = of_queues([{"queue": "unpublished-changes", "waiting": 0, "in_work": 0, "dead_letters": 2}])

    assert trouble.row["run_book"] == "docs/runbooks/unpublished-changes.md"
