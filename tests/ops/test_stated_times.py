"""The intervals that the pages state are those in the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app import app
from chalicelib.domain.sweep import ACTIVE_EVERY, ACTIVE_FOR, IDLE_EVERY, QUIET_EVERY, QUIET_FOR, TICK
from infra.local.schedules import schedules
from infra.package import ROOT

DAY = 86_400
NUMBERS = {1: "", 2: "two ", 5: "five ", 6: "six ", 7: "seven ", 10: "ten "}
PAGES = [
    *sorted((ROOT / "docs/runbooks").glob("*.md")),
    *(ROOT / "docs" / name for name in ("operations.md", "guide-coverage.md", "field.md", "deploying.md")),
    *sorted((ROOT / "docs/decisions").glob("*.md")),
    ROOT / "README.md",
    ROOT / "docs/architecture.md",
    ROOT / "docs/contributing.md",
]
EVERY = re.compile(r"\bevery (?:(?:\w+ )?(?:minutes?|hours?|days?))(?: to \w+ (?:minutes|hours))?")
ABOUT_SWEEPS = re.compile(r"\breconcil|\bswe(?:ep|pt)", re.IGNORECASE)


def words(seconds: int) -> str:
    """Returns a time as it stands after "every": `ten minutes`, `hour`."""
    size, unit = next((size, unit) for size, unit in ((3600, "hour"), (60, "minute")) if seconds % size == 0)
    number = seconds // size
    return f"{NUMBERS[number]}{unit}{'s' if number > 1 else ''}"


SPAN = f"every {words(ACTIVE_EVERY)} to {words(IDLE_EVERY)}"


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.:;|])\s+|\n\n", re.sub(r"(?<!\n)\n(?!\n)", " ", text))


def rows(page: str, heading: str) -> list[list[str]]:
    """Returns the rows of the table whose first line begins with this text."""
    text = (ROOT / page).read_text().partition(heading)[2]
    lines = text.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_state_the_interval_of_sweeps_that_the_code_has(page: Path) -> None:
    correct_intervals = {SPAN, *(f"every {words(each)}" for each in (ACTIVE_EVERY, QUIET_EVERY, IDLE_EVERY))}
    stated_intervals = [
        (phrase, sentence)
        for sentence in sentences(page.read_text())
        if ABOUT_SWEEPS.search(sentence)
        for phrase in EVERY.findall(sentence)
    ]
    assert [each for each in stated_intervals if each[0] not in correct_intervals] == []


def test_a_run_book_that_states_every_ten_minutes_states_the_condition_too() -> None:
    for page in (ROOT / "docs/runbooks").glob("*.md"):
        for sentence in sentences(page.read_text()):
            if ABOUT_SWEEPS.search(sentence) and f"every {words(ACTIVE_EVERY)}" in sentence.replace(SPAN, ""):
                assert "every account" in sentence, (page.name, sentence)
                assert re.search(r"\b(while|until)\b", sentence, re.IGNORECASE), (page.name, sentence)


@pytest.mark.parametrize(
    "page",
    ["docs/architecture.md", "docs/operations.md", "docs/runbooks/stuck-reconciliation.md", "docs/guide-coverage.md"],
)
def test_pages_state_the_whole_range_of_sweep_intervals(page: str) -> None:
    assert SPAN in re.sub(r"\s+", " ", (ROOT / page).read_text())


def test_the_tables_of_how_often_accounts_are_swept_agree_with_the_code() -> None:
    expected = [words(each) for each in (ACTIVE_EVERY, QUIET_EVERY, IDLE_EVERY)]
    decision = rows("docs/decisions/0015-how-often-accounts-are-swept.md", "| | swept |")
    assert [row[1] for row in decision] == [f"every {each}" for each in expected]
    operators = rows("docs/operations.md", "| every | accounts |")
    assert [row[0] for row in operators] == expected
    for table in ([row[0] for row in decision], [row[1] for row in operators]):
        assert "within a day" in table[0]
        assert "within a week" in table[1]
    assert (ACTIVE_FOR, QUIET_FOR) == (DAY, 7 * DAY)


def test_the_plan_and_the_other_schedules_run_as_often_as_the_pages_say() -> None:
    every = {each.name: int(each.interval or 0) for each in schedules(app)}
    assert every["plan_reconciliation"] == TICK
    readme = (ROOT / "README.md").read_text()
    minutes = sorted({seconds // 60 for seconds in every.values()})
    assert f"every {', '.join(map(str, minutes[:-1]))} and {minutes[-1]} minutes" in readme
    assert all(name in readme for name in every)
    operating = (ROOT / "docs/decisions/0012-operations.md").read_text()
    assert f"A canary every {words(every['canary'])}" in operating
    assert (
        f"checks each of these invoices every {words(every['resume_stuck'])}"
        in (ROOT / "docs/runbooks/stuck-invoices.md").read_text()
    )
