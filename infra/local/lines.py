"""Whole lines: on standard output while many threads print, and from a file that grows.

`print` writes its text and its newline separately. One Lambda serves one request at a time, so the application can
ignore this. In the threads of the local stack, two log lines could end up in one.
"""

from __future__ import annotations

import io
import sys
import threading
from pathlib import Path
from typing import TextIO


class WholeLines(io.TextIOBase):
    """A text stream that passes text on line by line, with one write for each line."""

    def __init__(self, target: TextIO) -> None:
        super().__init__()
        self._target = target
        self._lock = threading.Lock()
        self._begun = threading.local()

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        """Stores an unfinished line, by thread, until its newline comes."""
        complete, newline, incomplete = (getattr(self._begun, "text", "") + text).rpartition("\n")
        self._begun.text = incomplete
        if newline:
            with self._lock:
                self._target.write(complete + newline)
                self._target.flush()
        return len(text)

    def flush(self) -> None:
        """Does nothing, because each line is flushed when it ends."""


def print_whole_lines() -> None:
    """Makes this process's standard output write whole lines only. Call it before importing the application."""
    sys.stdout = WholeLines(sys.stdout)


class Tail:
    """The lines that another process has appended to a file since the last read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def new_lines(self) -> list[str]:
        """Returns new whole lines. A line that is still being written, or a missing file, is left for the next
        read.
        """
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            complete, newline, _ = file.read().rpartition(b"\n")
        self._read += len(complete + newline)
        return complete.decode(errors="replace").splitlines()
