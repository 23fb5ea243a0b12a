"""An operator who exports data, and reads the exported files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ops.rehearsing import Rehearsal


@dataclass
class Office:
    """An operator at a stage's tables, in a directory."""

    prefix: str
    rehearsal: Rehearsal
    directory: Path
    files: int = 0
    said: Mapping[str, Any] = field(default_factory=dict)
    head: Mapping[str, Any] = field(default_factory=dict)
    end: Mapping[str, Any] = field(default_factory=dict)

    def exports(self, *words: str) -> list[dict[str, Any]]:
        """Returns the lines of an export between the first and the last one, which are `head` and `end`."""
        self.files += 1
        path = self.directory / f"{self.files}.jsonl"
        status, self.said = self.rehearsal.does("export", *words, "--out", str(path))
        assert status == 0, self.said
        self.head, *lines, self.end = (json.loads(line) for line in path.read_text().splitlines())
        return lines


def keys_of(line: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    return line["table"], tuple(line["keys"].values())
