"""The sentences of the users' guide, for the tests that hold them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

Sentence = tuple[str, str]
"""The heading it stands under, and its text."""


def sentences() -> list[Sentence]:
    """Returns the sentences of the guide in their order; a list entry is one, however it ends."""
    found, section = [], ""
    for line in (ROOT / "docs/guide.md").read_text().splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ")
        elif text := re.sub(r"^(-|\d+\.)\s+", "", line.strip()).replace("**", ""):
            found += [(section, each) for each in re.split(r"(?<=\.)\s+(?=[A-Z])", text)]
    return found
