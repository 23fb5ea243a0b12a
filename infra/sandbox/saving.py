"""Saves a recording where the tests of the double hold the double to it from then on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from infra.sandbox.redaction import refuse_secrets
from infra.stripe_double.recordings.accepting import accepted_file, listing
from infra.stripe_double.recordings.recording import Recording
from infra.stripe_double.recordings.replay import replay


def save(recording: Recording, path: Path, secrets: Iterable[str]) -> Path:
    """Writes a recording and, beside it, the differences that there are, whose path it returns.

    The form is that of tests/stripe_double/recorded/README.md. The reasons are empty, and the tests fail until each
    is filled in or the double has learned better. Reasons of an earlier recording of this name are kept. Raises
    SecretFound, and writes nothing, if anything holds a key.
    """
    text = listing(replay(recording).differences, path)
    for each in (text, json.dumps(asdict(recording))):
        refuse_secrets(each, secrets)
    recording.write(path)
    accepted_file(path).write_text(text)
    return accepted_file(path)
