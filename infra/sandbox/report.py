"""Tells what a run found: a table for people, a document for programs, and the recording. None holds a key."""

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
from infra.sandbox.sides import DoubleSide

FORM = 1
"""The form of the document. It rises when a program that reads it would no longer understand it."""
LINES = 6
"""Lines of one finding that the table shows; the document has all."""

BY_HAND = "docs/sandbox.md#by-hand"

_DIFFERS = (
    (
        Verdict.HARMFUL,
        "Not ready to go live: something that POM relies on differs. docs/sandbox.md#a-harmful-difference says what"
        " to do before a customer meets it.",
    ),
    (Verdict.HARMLESS, "docs/sandbox.md#a-harmless-difference says how the double learns what is harmless."),
)


def document(
    findings: Sequence[Finding],
    words: Callable[[str], str],
    *,
    source: str,
    account: str,
    requests: int,
    by_part: Mapping[str, int],
    seconds: float,
) -> dict[str, Any]:
    """Returns what build/sandbox.json holds; `words` takes out of a text what must not be told."""
    counts = Counter(finding.verdict for finding in findings)
    return {
        "form": FORM,
        "at": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": source,
        "account": account,
        "requests": requests,
        "requests_by": dict(by_part),
        "seconds": round(seconds, 1),
        "verdicts": {str(verdict): counts[verdict] for verdict in Verdict},
        "findings": [_row(finding, words) for finding in findings],
    }


def show(screen: Screen, told: dict[str, Any]) -> None:
    """Shows how many findings of each part have which verdict, then each that is not as assumed, then what follows.

    What no run can try is counted by what it needs.
    """
    rows: list[Row] = told["findings"]
    screen.table("parts", "What was tried, by part", list(_counted(rows)))
    by_hand = [row for row in rows if row["needs"]]
    if by_hand:
        counted = Counter(row["needs"] for row in by_hand).most_common()
        lines = [[f"{number:4}  {need}"] for need, number in counted]
        screen.lines(
            "by hand", f"By hand: {len(by_hand)} that no run can try; {BY_HAND} has how, by need", by_hand, lines
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
    counts = "; ".join(f"{number} {verdict}" for verdict, number in told["verdicts"].items() if number)
    summary = f"{counts}. {told['requests']} requests in {told['seconds']} seconds."
    screen.fact("summary", summary, "\n".join(["", summary, *_conclusion(told)]))


def _conclusion(told: dict[str, Any]) -> Iterator[str]:
    """Yields what follows for somebody who wants to go live."""
    verdicts = told["verdicts"]
    if not verdicts[Verdict.HARMFUL]:
        yield "Nothing that was tried differs in what POM relies on."
    yield from (text for verdict, text in _DIFFERS if verdicts[verdict])
    if told["source"] == DoubleSide.name:
        yield "This was the double. Whether Stripe does the same, a run with a test key shows: docs/sandbox.md"


def write_document(told: dict[str, Any], path: Path, secrets: Iterable[str]) -> None:
    """Writes the document. Raises SecretFound, and writes nothing, if it holds a key."""
    text = refuse_secrets(json.dumps(told, indent=2) + "\n", secrets)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _row(finding: Finding, words: Callable[[str], str]) -> dict[str, Any]:
    differences = [{**asdict(each), "kind": str(each.kind)} for each in finding.differences]
    return {
        "part": str(finding.part),
        "name": finding.name,
        "verdict": str(finding.verdict),
        "found": words(finding.found),
        "sentence": finding.sentence,
        "needs": str(finding.needs) if finding.needs else None,
        "differences": differences,
    }


def _counted(rows: Sequence[Row]) -> Iterator[Row]:
    counts = Counter((row["part"], row["verdict"]) for row in rows)
    for part in dict.fromkeys(row["part"] for row in rows):
        yield {"part": part, **{str(verdict): counts[part, verdict] or "" for verdict in Verdict}}


def _lines(row: Row) -> Iterator[str]:
    first, *others = row["found"].splitlines()
    yield f"{row['part']}, {row['name']}: {first}"
    yield from (f"    {line}" for line in others[: LINES - 1])
    if len(others) >= LINES:
        yield f"    … {len(others) - LINES + 1} more lines are in build/sandbox.json"
