"""Every run book has the required sections, and every name in a run book exists."""

from __future__ import annotations

import re

import infra.ops.__main__  # noqa: F401 (registers the commands)
from chalicelib.metrics import METRICS
from infra.ops.cli import cli
from infra.package import ROOT
from infra.template.alarm_list import ALARMS, COMPOSITES
from infra.template.alarms import RUN_BOOKS
from infra.template.queries import QUERIES
from tests.ops.run_books import BOOKS, commands

SECTIONS = ("**Alarm.**", "**What users notice.**", "## Check", "## Fix", "## Verify", "## If that does not help")


def test_every_run_book_has_the_required_sections() -> None:
    for book in BOOKS:
        text = book.read_text()
        places = [text.find(section) for section in SECTIONS]
        assert -1 not in places, (book.name, places)
        assert places == sorted(places), book.name
        assert commands(text), book.name


def test_a_pasted_block_that_freezes_takes_effect() -> None:
    """After a block with only a dry run, an operator would continue although no organization is frozen."""
    blocks = [
        block.splitlines() for book in BOOKS for block in re.findall(r"```sh\n(.*?)```", book.read_text(), re.DOTALL)
    ]
    dry = [(block, line) for block in blocks for line in block if " freeze " in line and line.endswith(" --dry-run")]
    assert len(dry) == 4
    assert [line for block, line in dry if block[block.index(line) + 1] != line.removesuffix(" --dry-run")] == []


def test_run_books_that_freeze_everybody_also_release_newcomers() -> None:
    assert all("are not frozen" not in book.read_text() for book in BOOKS)
    for book in BOOKS:
        text = book.read_text()
        if "freeze --all --reason" in text:
            assert "unfreeze --all" in text.partition("## If that does not help")[2], book.name


def test_every_name_in_a_run_book_exists() -> None:
    alarms = {alarm.name for alarm in (*ALARMS, *COMPOSITES)}
    queries = {query.name for query in QUERIES}
    for book in BOOKS:
        text = book.read_text()
        names = set(re.findall(r"`([A-Z][A-Za-z]+)…?`", text.split("\n## ")[0]))
        metrics = {metric.name for metric in METRICS.values()}
        for name in names - {"Retryable"} - metrics:
            assert any(each.startswith(name) for each in alarms), (book.name, name)
        for query in re.findall(r"[Ss]aved query `([a-z-]+)`", text):
            assert query in queries, (book.name, query)
        for link in re.findall(r"\]\(([a-z-]+\.md)\)", text):
            assert (book.parent / link).is_file(), (book.name, link)
    index = (ROOT / RUN_BOOKS / "README.md").read_text()
    assert all(f"({book.name})" in index for book in BOOKS)


def test_each_command_is_printed_with_its_program() -> None:
    """Wherever operators read: a command's name alone is said only where it is no command, such as a status."""
    pages = (*BOOKS, *(ROOT / name for name in ("README.md", "docs/operations.md", "docs/deploying.md")))
    for page in pages:
        prose = re.sub(r"```.*?```|\| after `\./ops` \|.*?\n\n", "", page.read_text(), flags=re.DOTALL)
        names = re.findall(r"`([^`\n]+)`", prose)
        bare = [name for name in names if name.split()[0] in cli.commands]
        assert [name for name in bare if name not in NO_COMMANDS] == [], page.name


NO_COMMANDS = {"status", "canary", "canary with secret …", "canary of the schedule"}
"""Texts that begin like a command but are something else: a field, a function and two rows of a table."""
