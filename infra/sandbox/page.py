"""`python -m infra.sandbox.page`: writes the lists and the printed run in docs/sandbox.md anew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial

from infra.package import ROOT
from infra.sandbox.findings import Needs
from infra.sandbox.promises.every import PROMISES
from infra.sandbox.stories.every import STORIES

PAGE = ROOT / "docs" / "sandbox.md"
WIDTH = 118
"""Columns of the printed run."""


def stories() -> str:
    """Returns the table of stories."""
    rows = (f"| {story.name} | {story.tells}{' With `--later` only.' if story.later else ''} |" for story in STORIES)
    return "\n".join(["| story | what it does |", "|---|---|", *rows])


def promises() -> str:
    """Returns the table of the promises that a run tries."""
    rows = (f"| {each.name} | {each.sentence} | `{each.source}` |" for each in PROMISES if not each.by_hand)
    return "\n".join(["| promise | what is assumed | said in |", "|---|---|---|", *rows])


def by_hand() -> str:
    """Returns the table of the promises that no run can try, by what they need."""
    rows = (
        f"| {needs} | {each.name} | {each.sentence} | {each.by_hand.seen} | `{each.source}` |"
        for needs in Needs
        for each in PROMISES
        if each.by_hand and each.by_hand.needs is needs
    )
    return "\n".join(
        ["| needs | promise | what is assumed | how to see it | said in |", "|---|---|---|---|---|", *rows]
    )


def printed_run() -> str:
    """Returns what a run against the double prints. Raises CalledProcessError if it finds a harmful difference."""
    command = [sys.executable, "-m", "infra.sandbox", "--double"]
    environment = {**os.environ, "COLUMNS": str(WIDTH)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return f"```text\n{done.stdout.strip()}\n```"


def written(page: str, **tables: str) -> str:
    """Returns the page with these texts in their places. Raises ValueError if the page has no place for one."""
    for name, table in tables.items():
        place = re.compile(rf"(<!-- {name}: begin -->\n).*?(\n<!-- {name}: end -->)", re.DOTALL)
        page, found = place.subn(partial(_between, table), page)
        if found != 1:
            raise ValueError(f"The page has {found} places for {name}.")
    return page


def _between(table: str, found: re.Match[str]) -> str:
    return f"{found[1]}{table}{found[2]}"


if __name__ == "__main__":
    tables = {"stories": stories(), "promises": promises(), "by_hand": by_hand(), "run": printed_run()}
    PAGE.write_text(written(PAGE.read_text(), **tables))
