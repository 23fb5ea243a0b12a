"""Saves a recording where the tests of the double hold the double to it from then on."""

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
    """Writes a recording and, beside it, the differences that there are, whose path it returns.

    Their reasons are empty, and the tests fail until each is filled in or the double has learned better. Reasons of
    an earlier recording of this name are kept. Raises SecretFound, and writes nothing, if anything holds a key.
    """
    text = accepted_listing(replay(recording).differences, path)
    refuse_secrets(text, secrets)
    write_recording(recording, path, secrets)
    accepted_file(path).write_text(text)
    return accepted_file(path)
