"""Moves the application's clock ahead: by as many seconds as stand in the file that POM_DEMO_CLOCK names.

API, workers and the operator's commands read the time in one place, `SystemClock`; `install` moves that place.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from chalicelib.adapters.clock import SystemClock

VARIABLE = "POM_DEMO_CLOCK"


class MovedClock:
    """The file, as whoever lets time pass writes it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ahead = 0.0
        self.advance(0.0)

    def advance(self, seconds: float) -> None:
        """It is so many seconds later than it was."""
        self._ahead += seconds
        written = self._file.with_suffix(".new")
        written.write_text(repr(self._ahead))
        written.replace(self._file)


def install() -> None:
    """Move the clock of this process."""
    file = Path(os.environ[VARIABLE])
    SystemClock.now = lambda self: int(time.time() + float(file.read_text()))  # type: ignore[method-assign]
    SystemClock.milliseconds = lambda self: int((time.time() + float(file.read_text())) * 1000)  # type: ignore[method-assign]
