"""A story, and the list of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.sandbox.session import Session


@dataclass(frozen=True)
class Story:
    """Steps on the account, which are recorded. After it, the run lists the events that it left."""

    name: str
    """Short, in small letters; the first part of each step's name."""
    sentence: str
    """What it does, as a sentence."""
    play: Callable[[Session], None]
    later: bool = False
    """True if it looks at what a run of a day ago has left, and is only played with `--later`."""
