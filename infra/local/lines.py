"""Whole lines: on standard output, however many threads print at once, and of a file that grows.

`print` writes its text and its newline apart. One Lambda serves one request at a time, so the application need not
care; in the threads of the local stack two log lines would end up in one.
"""

from __future__ import annotations

import io
import sys
import threading
from pathlib import Path
from typing import TextIO


class WholeLines(io.TextIOBase):
    """A text stream that passes text on line by line, each line in one write."""

    def __init__(self, target: TextIO) -> None:
        super().__init__()
        self._target = target
        self._lock = threading.Lock()
        self._begun = threading.local()

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        """Keep an unfinished line, by thread, until its newline comes."""
        complete, newline, incomplete = (getattr(self._begun, "text", "") + text).rpartition("\n")
        self._begun.text = incomplete
        if newline:
            with self._lock:
                self._target.write(complete + newline)
                self._target.flush()
        return len(text)

    def flush(self) -> None:
        """Lines are flushed when they end."""


def print_whole_lines() -> None:
    """Let this process's standard output carry whole lines only; call before the application is imported."""
    sys.stdout = WholeLines(sys.stdout)


class Tail:
    """A file that another process appends to: what has been added since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def new_lines(self) -> list[str]:
        """Returns whole lines only. A line that is being written is left for the next look; so is a missing file."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            complete, newline, _ = file.read().rpartition(b"\n")
        self._read += len(complete + newline)
        return complete.decode(errors="replace").splitlines()
