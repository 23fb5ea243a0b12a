"""The sentences of the users' guide, for the tests of the guide's coverage."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

Sentence = tuple[str, str]
"""A sentence's heading, and its text."""


def sentences() -> list[Sentence]:
    """Returns the sentences of the guide in their order. An entry of a list is a sentence, with or without a full
    stop.
    """
    entries, section = [], ""
    for line in (ROOT / "docs/guide.md").read_text().splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ")
        elif text := re.sub(r"^(-|\d+\.)\s+", "", line.strip()).replace("**", ""):
            entries += [(section, each) for each in re.split(r"(?<=\.)\s+(?=[A-Z])", text)]
    return entries
