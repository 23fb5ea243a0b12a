"""Every command in every run book works as it is written, told not to change anything."""

from __future__ import annotations

import re
import shlex
from typing import Any

from chalicelib.metrics import METRICS
from infra.package import ROOT
from infra.template.alarm_list import ALARMS, COMPOSITES
from infra.template.alarms import RUN_BOOKS
from infra.template.queries import QUERIES
from tests.e2e.company import Company
from tests.ops.conftest import Operator, Said

BOOKS = sorted(book for book in (ROOT / RUN_BOOKS).glob("*.md") if book.name != "README.md")
PROGRAM = ["./ops"]
ONLY_LOOK = (
    {"status"},
    {"untold"},
    {"explain"},
    {"canary"},
    {"tie-out"},
    {"rotate-secret", "show"},
    {"webhook-endpoint", "--verify"},
)
SECTIONS = ("**Alarm.**", "## Query", "## Command", "## Check", "## Way back")


def commands(text: str) -> list[str]:
    """The lines of its fenced blocks that run this program, and those within sentences."""
    fenced = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
    said = re.findall(r"`(\./ops [^`]+)`", text)
    return [line for line in (*fenced, *said) if line.startswith("./ops")]


def test_every_run_book_has_what_somebody_needs_at_night() -> None:
    for book in BOOKS:
        text = book.read_text()
        places = [text.find(section) for section in SECTIONS]
        assert -1 not in places, (book.name, places)
        assert places == sorted(places), book.name
        assert commands(text), book.name


def test_whoever_pastes_a_block_that_freezes_has_frozen() -> None:
    """A block with nothing but a dry run would go on to the next step with nobody frozen."""
    blocks = [
        block.splitlines() for book in BOOKS for block in re.findall(r"```sh\n(.*?)```", book.read_text(), re.DOTALL)
    ]
    dry = [(block, line) for block in blocks for line in block if " freeze " in line and line.endswith(" --dry-run")]
    assert len(dry) == 4
    assert [line for block, line in dry if block[block.index(line) + 1] != line.removesuffix(" --dry-run")] == []


def test_books_that_freeze_everybody_say_that_newcomers_are_released_too() -> None:
    assert all("are not frozen" not in book.read_text() for book in BOOKS)
    for book in BOOKS:
        text = book.read_text()
        if "freeze --all --reason" in text:
            assert "unfreeze --all" in text.partition("## Way back")[2], book.name


def test_what_run_books_name_exists() -> None:
    alarms = {alarm.name for alarm in (*ALARMS, *COMPOSITES)}
    queries = {query.name for query in QUERIES}
    for book in BOOKS:
        text = book.read_text()
        named = set(re.findall(r"`([A-Z][A-Za-z]+)…?`", text.split("\n## ")[0]))
        metrics = {metric.name for metric in METRICS.values()}
        for name in named - {"Retryable"} - metrics:
            assert any(each.startswith(name) for each in alarms), (book.name, name)
        for query in re.findall(r"[Ss]aved query `([a-z-]+)`", text):
            assert query in queries, (book.name, query)
        for link in re.findall(r"\]\(([a-z-]+\.md)\)", text):
            assert (book.parent / link).is_file(), (book.name, link)
    index = (ROOT / RUN_BOOKS / "README.md").read_text()
    assert all(f"({book.name})" in index for book in BOOKS)


def test_every_command_works_as_it_is_written(company: Company, operator: Operator) -> None:
    made = company.bill("svc_book").json
    event = operator.sets("park", company.organization_id, "for the run books")
    values = {"$ORGANIZATION": company.organization_id, "$INVOICE": made["id"], "$EVENT": event}
    lines: dict[str, tuple[list[str], str]] = {}
    for book in BOOKS:
        for line in commands(book.read_text()):
            lines.setdefault(line, _harmless(line, values))
    operator.does("rotate-secret", "add", given="whsec_of_a_rotation_under_way")
    said = [operator.does(*words, given=given) for words, given in lines.values()]
    operator.does("rotate-secret", "drop", "--newest")
    failed: list[Any] = [
        (line, each.err) for line, each in zip(lines, said, strict=True) if each.status != _expected(line, each)
    ]
    assert failed == []
    assert len(lines) > 25


def _expected(line: str, said: Said) -> int:
    """Returns the exit status that a line has to end with. That of `status` agrees with its last line."""
    return int(line.endswith("./ops status") and said.out.rstrip().splitlines()[-1] != "All is well.")


def _harmless(line: str, values: dict[str, str]) -> tuple[list[str], str]:
    """The words after the program's name, with nothing left to change; and what is redirected into it."""
    command, _, redirected = line.partition(" < ")
    words = [values.get(word, word) for word in shlex.split(command)[len(PROGRAM) :]]
    if "--dry-run" not in words and not any(each <= set(words) for each in ONLY_LOOK):
        words.append("--dry-run")
    if "backfill" in words and "--rate" not in words:
        words += ["--rate", "20"]  # it asks for every invoice that any test has made, five a second unless told
    return words, "whsec_of_a_run_book" if redirected else ""
