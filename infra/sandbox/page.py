"""Updates the generated lists and the printed run in docs/sandbox.md (`python -m infra.sandbox.page`)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial

from infra.package import ROOT
from infra.sandbox.findings import Needs
from infra.sandbox.promises.registry import PROMISES
from infra.sandbox.stories.registry import STORIES

PAGE = ROOT / "docs" / "sandbox.md"
WIDTH = 118
"""Columns of the printed run."""


def stories() -> str:
    """Returns the table of stories."""
    rows = (
        f"| {story.name} | {story.sentence}{' With `--later` only.' if story.later else ''} |" for story in STORIES
    )
    return "\n".join(["| story | what it does |", "|---|---|", *rows])


def promises() -> str:
    """Returns the table of the promises that a run checks."""
    rows = (f"| {each.name} | {each.sentence} | `{each.source}` |" for each in PROMISES if not each.by_hand)
    return "\n".join(["| promise | assumption | source |", "|---|---|---|", *rows])


def by_hand() -> str:
    """Returns the table of the promises that no run can check, by what they need."""
    rows = (
        f"| {needs} | {each.name} | {each.sentence} | {each.by_hand.observation} | `{each.source}` |"
        for needs in Needs
        for each in PROMISES
        if each.by_hand and each.by_hand.needs is needs
    )
    return "\n".join(["| needs | promise | assumption | how to check it | source |", "|---|---|---|---|---|", *rows])


def printed_run() -> str:
    """Returns the output of a run against the double. Raises CalledProcessError for a harmful difference."""
    command = [sys.executable, "-m", "infra.sandbox", "--double"]
    environment = {**os.environ, "COLUMNS": str(WIDTH)}
    completed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return f"```text\n{completed.stdout.strip()}\n```"


def with_tables(page: str, **tables: str) -> str:
    """Returns the page with these texts between their markers. Raises ValueError if the page lacks a marker."""
    for name, table in tables.items():
        place = re.compile(rf"(<!-- {name}: begin -->\n).*?(\n<!-- {name}: end -->)", re.DOTALL)
        page, count = place.subn(partial(_between_markers, table), page)
        if count != 1:
            raise ValueError(f"The page has {count} places for {name}.")
    return page


def _between_markers(table: str, place: re.Match[str]) -> str:
    return f"{place[1]}{table}{place[2]}"


if __name__ == "__main__":
    tables = {"stories": stories(), "promises": promises(), "by_hand": by_hand(), "run": printed_run()}
    PAGE.write_text(with_tables(PAGE.read_text(), **tables))
