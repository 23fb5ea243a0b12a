"""Saves a recording. The tests of the double then replay it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from infra.sandbox.redaction import refuse_secrets
from infra.stripe_double.recordings.accepting import accepted_file, accepted_listing
from infra.stripe_double.recordings.recording import Recording
from infra.stripe_double.recordings.replay import replay


def write_recording(recording: Recording, path: Path, secrets: Iterable[str]) -> None:
    """Writes a recording. Raises SecretFound, and writes nothing, if it holds a key."""
    refuse_secrets(json.dumps(asdict(recording)), secrets)
    recording.write(path)


def save(recording: Recording, path: Path, secrets: Iterable[str]) -> Path:
    """Writes a recording and the list of its differences, and returns the path of the list.

    The tests of the double fail until each difference has a reason or the double is changed. Reasons from an earlier
    recording of this name are retained. Raises SecretFound, and writes nothing, if any text contains a key.
    """
    text = accepted_listing(replay(recording).differences, path)
    refuse_secrets(text, secrets)
    write_recording(recording, path, secrets)
    accepted_file(path).write_text(text)
    return accepted_file(path)
