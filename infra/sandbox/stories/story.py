"""The class of stories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.sandbox.session import Session


@dataclass(frozen=True)
class Story:
    """Recorded steps on the account. After all stories, the run lists their events."""

    name: str
    """A short name in small letters. It is the first part of each step's name."""
    sentence: str
    """A sentence that describes the steps."""
    play: Callable[[Session], None]
    later: bool = False
    """True if the story reads what a run of the day before left. It runs only with `--later`."""
