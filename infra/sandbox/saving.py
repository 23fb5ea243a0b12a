"""Saves a recording where the tests of the double hold the double to it from then on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.sandbox.redaction import refuse_secrets
from infra.stripe_double.recordings.differences import Difference
from infra.stripe_double.recordings.recording import Recording
from infra.stripe_double.recordings.replay import replay


def save(recording: Recording, path: Path, secrets: Iterable[str]) -> Path:
    """Writes a recording and, beside it, the differences that there are, whose path it returns.

    Their reasons are empty, and the tests fail until each is filled in or the double has learned better. Reasons of
    an earlier recording of this name are kept. Raises SecretFound, and writes nothing, if anything holds a key.
    """
    accepted = path.with_suffix(".accepted.json")
    reasons = _reasons(accepted)
    rows = [_row(each) for each in replay(recording).differences]
    for row in rows:
        row["reason"] = reasons.get(_place(row), "")
    text = json.dumps(rows, indent=2) + "\n"
    for each in (text, json.dumps(asdict(recording))):
        refuse_secrets(each, secrets)
    recording.write(path)
    accepted.write_text(text)
    return accepted


def _row(difference: Difference) -> dict[str, Any]:
    return {**asdict(difference), "kind": str(difference.kind)}


def _reasons(accepted: Path) -> dict[tuple[str, ...], str]:
    if not accepted.exists():
        return {}
    return {_place(row): row["reason"] for row in json.loads(accepted.read_text())}


def _place(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("kind", "step", "object", "path"))
