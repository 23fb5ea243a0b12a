"""Saves a recording where the tests of the double hold the double to it from then on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from infra.sandbox.redaction import refuse_secrets
from infra.stripe_double.recordings.recording import Recording
from infra.stripe_double.recordings.replay import replay


def save(recording: Recording, path: Path, secrets: Iterable[str]) -> Path:
    """Writes a recording and, beside it, the differences that there are, whose path it returns.

    The form is that of tests/stripe_double/recorded/README.md. The reasons are empty, and the tests fail until each
    is filled in or the double has learned better. Reasons of an earlier recording of this name are kept. Raises
    SecretFound, and writes nothing, if anything holds a key.
    """
    accepted = path.with_suffix(".accepted.json")
    reasons = _reasons(accepted)
    places = dict.fromkeys((str(each.kind), each.object, each.path) for each in replay(recording).differences)
    rows = [
        {"kind": kind, "object": thing, "path": field, "reason": reasons.get((kind, thing, field), "")}
        for kind, thing, field in places
    ]
    text = json.dumps(rows, indent=2) + "\n"
    for each in (text, json.dumps(asdict(recording))):
        refuse_secrets(each, secrets)
    recording.write(path)
    accepted.write_text(text)
    return accepted


def _reasons(accepted: Path) -> dict[tuple[str, str, str], str]:
    if not accepted.exists():
        return {}
    return {(row["kind"], row["object"], row["path"]): row["reason"] for row in json.loads(accepted.read_text())}
