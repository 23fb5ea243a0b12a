"""Counts the functions, files and layer crossings of `chalicelib` that a piece of work passes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, order=True)
class Function:
    """One function of a source tree."""

    file: str
    """Its path below the tree's parent, such as `chalicelib/domain/money.py`."""
    name: str
    """Its name with its class's, such as `Money.parse`."""

    @property
    def layer(self) -> str:
        """The directory directly below the tree, such as `domain`; for a file at the top, the file's own name."""
        below = Path(self.file).parts[1:]
        return below[0].removesuffix(".py")


@dataclass
class Trip:
    """The layers that a request crossed. A crossing is a function that calls a function of another layer. It counts
    once.
    """

    functions: set[Function] = field(default_factory=set)
    crossings: set[tuple[Function, Function]] = field(default_factory=set)

    @property
    def files(self) -> set[str]:
        """The files of these functions."""
        return {each.file for each in self.functions}

    @property
    def figures(self) -> dict[str, int]:
        """The three counts, by name."""
        return {"functions": len(self.functions), "files": len(self.files), "crossings": len(self.crossings)}


@contextmanager
def traced(tree: Path = ROOT / "chalicelib") -> Iterator[Trip]:
    """Traces every thread while the block runs.

    Comprehensions, lambdas and what dataclasses generate are parts of the functions they stand in. Calls through
    libraries count as calls of the nearest function of the tree.
    """
    trip = Trip()
    known: dict[CodeType, Function | None] = {}

    def of(code: CodeType) -> Function | None:
        if code not in known:
            path = Path(code.co_filename)
            ours = path.is_relative_to(tree) and not code.co_name.startswith("<")
            name = code.co_qualname.replace("<locals>.", "")
            known[code] = Function(str(path.relative_to(tree.parent)), name) if ours else None
        return known[code]

    def caller_of(frame: FrameType) -> Function | None:
        above = frame.f_back
        while above is not None:
            if found := of(above.f_code):
                return found
            above = above.f_back
        return None

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or (called := of(frame.f_code)) is None:
            return
        trip.functions.add(called)
        caller = caller_of(frame)
        if caller is not None and caller.layer != called.layer:
            trip.crossings.add((caller, called))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield trip
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
