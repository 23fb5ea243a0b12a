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
from infra.sandbox.findings import Finding, Verdict
from infra.sandbox.redaction import refuse_secrets
from infra.stripe_double.recordings.recording import Recording

FORM = 1
"""The form of the document. It rises when a program that reads it would no longer understand it."""
LINES = 6
"""Lines of one finding that the table shows; the document has all."""

_NEXT = {
    Verdict.HARMFUL: "docs/sandbox.md#a-harmful-difference says what to do before a customer meets it.",
    Verdict.HARMLESS: "docs/sandbox.md#a-harmless-difference says how the double learns it.",
}


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
    """Shows how many findings of each part have which verdict, then each that is not as assumed, then one line."""
    rows: list[Row] = told["findings"]
    screen.table("parts", "Held against the double", list(_counted(rows)))
    for verdict in (Verdict.NOT_TRIED, Verdict.HARMLESS, Verdict.HARMFUL):
        chosen = [row for row in rows if row["verdict"] == verdict]
        if chosen:
            lines = [[line] for row in chosen for line in _lines(row)]
            screen.lines(str(verdict), str(verdict).capitalize(), chosen, lines)
    counts = ", ".join(f"{number} {verdict}" for verdict, number in told["verdicts"].items())
    summary = f"{counts}; {told['requests']} requests in {told['seconds']} seconds"
    following = "".join(f"\n{text}" for verdict, text in _NEXT.items() if told["verdicts"][str(verdict)])
    screen.fact("summary", summary, f"\n{summary}{following}")


def write_document(told: dict[str, Any], path: Path, secrets: Iterable[str]) -> None:
    """Writes the document. Raises SecretFound, and writes nothing, if it holds a key."""
    _write(path, json.dumps(told, indent=2) + "\n", secrets)


def write_recording(recording: Recording, path: Path, secrets: Iterable[str]) -> None:
    """Writes a recording. Raises SecretFound, and writes nothing, if it holds a key."""
    refuse_secrets(json.dumps(asdict(recording)), secrets)
    recording.write(path)


def _write(path: Path, text: str, secrets: Iterable[str]) -> None:
    refuse_secrets(text, secrets)
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
