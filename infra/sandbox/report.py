"""Reports the findings of a run: a table for people, a document for programs, and the recording. None holds a key."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.ops.screen import Row, Screen
from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.redaction import refuse_secrets
from infra.sandbox.targets import DoubleTarget

FORMAT_VERSION = 1
"""The version of the document's format. It rises with a change that breaks programs that read it."""
MAX_LINES = 6
"""The most lines of one finding in the table. The document has all lines."""

BY_HAND = "docs/sandbox.md#by-hand"

_ADVICE = (
    (
        Verdict.HARMFUL,
        "Not ready to go live: something that POM relies on differs. docs/sandbox.md#a-harmful-difference says what"
        " to do before a customer meets it.",
    ),
    (Verdict.HARMLESS, "docs/sandbox.md#a-harmless-difference says how to bring the double in line with Stripe."),
)


def document(
    findings: Sequence[Finding],
    redact: Callable[[str], str],
    *,
    source: str,
    account: str,
    requests: int,
    by_part: Mapping[str, int],
    seconds: float,
) -> dict[str, Any]:
    """Returns the content of build/sandbox.json. `redact` removes secrets and personal data from a text."""
    counts = Counter(finding.verdict for finding in findings)
    return {
        "form": FORMAT_VERSION,
        "at": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": source,
        "account": account,
        "requests": requests,
        "requests_by": dict(by_part),
        "seconds": round(seconds, 1),
        "verdicts": {str(verdict): counts[verdict] for verdict in Verdict},
        "findings": [_row(finding, redact) for finding in findings],
    }


def show(screen: Screen, document: dict[str, Any]) -> None:
    """Shows the counts of verdicts by part, then each finding that is not as assumed, then the conclusion.

    Promises that no run can check are counted by what they need.
    """
    rows: list[Row] = document["findings"]
    screen.table("parts", "Results by part", list(_count_rows(rows)))
    by_hand = [row for row in rows if row["needs"]]
    if by_hand:
        counts_by_need = Counter(row["needs"] for row in by_hand).most_common()
        lines = [[f"{number:4}  {requirement}"] for requirement, number in counts_by_need]
        screen.lines(
            "by hand",
            f"By hand: {len(by_hand)} promises that no run can check; {BY_HAND} says how to check them",
            by_hand,
            lines,
        )
    for verdict, title in (
        (Verdict.NOT_TRIED, "Not tried in this run"),
        (Verdict.HARMLESS, "Differs, harmless"),
        (Verdict.HARMFUL, "Differs, harmful"),
    ):
        chosen = [row for row in rows if row["verdict"] == verdict and not row["needs"]]
        if chosen:
            screen.lines(str(verdict), title, chosen, [[line] for row in chosen for line in _lines(row)])
    for row in rows:
        if row["part"] == Part.CLEANING and row["verdict"] == Verdict.AS_ASSUMED:
            screen.lines("cleaned", "Cleaned up", [row], [[row["found"]]])
    counts = "; ".join(f"{number} {verdict}" for verdict, number in document["verdicts"].items() if number)
    summary = f"{counts}. {document['requests']} requests in {document['seconds']} seconds."
    screen.fact("summary", summary, "\n".join(["", summary, *_conclusion(document)]))


def _conclusion(document: dict[str, Any]) -> Iterator[str]:
    """Yields the conclusion for a company that wants to go live."""
    verdicts = document["verdicts"]
    if not verdicts[Verdict.HARMFUL]:
        yield "No difference was found in what POM relies on."
    yield from (text for verdict, text in _ADVICE if verdicts[verdict])
    if document["source"] == DoubleTarget.name:
        yield "This was the double. A run with a test key shows whether Stripe does the same: docs/sandbox.md"


def write_document(document: dict[str, Any], path: Path, secrets: Iterable[str]) -> None:
    """Writes the document. Raises SecretFound, and writes nothing, if it holds a key."""
    text = refuse_secrets(json.dumps(document, indent=2) + "\n", secrets)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _row(finding: Finding, redact: Callable[[str], str]) -> dict[str, Any]:
    differences = [{**asdict(each), "kind": str(each.kind)} for each in finding.differences]
    return {
        "part": str(finding.part),
        "name": finding.name,
        "verdict": str(finding.verdict),
        "found": redact(finding.found),
        "sentence": finding.sentence,
        "needs": str(finding.needs) if finding.needs else None,
        "differences": differences,
    }


def _count_rows(rows: Sequence[Row]) -> Iterator[Row]:
    counts = Counter((row["part"], row["verdict"]) for row in rows)
    for part in dict.fromkeys(row["part"] for row in rows):
        yield {"part": part, **{str(verdict): counts[part, verdict] or "" for verdict in Verdict}}


def _lines(row: Row) -> Iterator[str]:
    first, *further_lines = row["found"].splitlines()
    yield f"{row['part']}, {row['name']}: {first}"
    yield from (f"    {line}" for line in further_lines[: MAX_LINES - 1])
    if len(further_lines) >= MAX_LINES:
        yield f"    … {len(further_lines) - MAX_LINES + 1} more lines are in build/sandbox.json"
