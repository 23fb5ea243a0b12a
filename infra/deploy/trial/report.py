"""Reports a trial as a table, as `build/sandbox-aws.json`, and as lines of progress."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from infra.deploy.trial.rows import PARTS
from infra.deploy.trial.verdicts import Finding, Verdict
from infra.ops.screen import Row, Screen

STYLES = {
    Verdict.AS_EXPECTED: "green",
    Verdict.HARMLESS: "yellow",
    Verdict.HARMFUL: "red",
    Verdict.NOT_TRIED: "dim",
}


def show(screen: Screen, stack: str, findings: Sequence[Finding], file: Path) -> None:
    """Shows the table and writes the file. The run has failed if a row differs harmfully."""
    rows = [asdict(each) for each in findings]
    screen.table("rows", f"Trial of {stack}", rows, ("part", "name", "verdict", "found"), _style)
    counts = Counter(each.verdict for each in findings)
    summary = "; ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    screen.fact("summary", {str(verdict): counts[verdict] for verdict in Verdict}, summary)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"stack": stack, "rows": rows}, indent=2) + "\n")
    screen.step(f"Written: {file}")
    for each in findings:
        if each.verdict is Verdict.HARMFUL:
            expected = f" Expected: {each.expected}" if each.expected else ""
            screen.failure(f"{each.part}, {each.name}: {each.found}.{expected}")
    screen.step("docs/in-an-account.md says for each row what only an account can show, and how to check it by hand.")


def _style(row: Row) -> str:
    return STYLES[row["verdict"]]


def show_plan(screen: Screen) -> None:
    """Shows the rows that a trial would run, and what they change."""
    rows = [
        {"part": part, "name": row.name, "expected": row.expected, "changes": row.changes or "nothing"}
        for part, rows in PARTS.items()
        for row in rows
    ]
    screen.table("planned", "Rows that run after the checks and the smoke checks of `make deploy`", rows)
