"""The limits of a proof, and its result."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Budget:
    """The limits of a run. `seconds` is a target: work under way is finished. A slice is `short`, `middle` or
    `full`.
    """

    slice: str = "short"
    seconds: float = 8.0
    seed: int = 1
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        return self.seconds - (time.monotonic() - self.began)

    def of(self, short: int, middle: int, full: int) -> int:
        """Returns the number for the slice of this run."""
        return {"short": short, "middle": middle, "full": full}[self.slice]


@dataclass
class Result:
    """The result of one proof. `count` is the number of tried things, which `tried` names. A failure states how to
    repeat it.
    """

    proof: str
    tried: str
    count: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    seed: int = 0
    figures: dict[str, object] = field(default_factory=dict)
