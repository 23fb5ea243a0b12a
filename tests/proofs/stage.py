"""Several actors on one stage, one at a time: threads that hand a baton over, in an order that a seed decides.

An actor runs until it pauses itself or ends. Who comes next is whoever is ready first by the stage's own count of
ticks, so the same schedule is played the same way every time, on any machine.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.boundaries import ProcessKilled


@dataclass(frozen=True)
class Deed:
    """One thing that somebody does. Its number decides all about it; a calm one meets no fault and gives no way."""

    name: str
    number: int
    calm: bool = False

    def __str__(self) -> str:
        return f"{self.name}.{self.number}{'-' if self.calm else ''}"

    @classmethod
    def parse(cls, text: str) -> Deed:
        name, _, number = text.strip().partition(".")
        return cls(name, int(number.rstrip("-")), number.endswith("-"))


@dataclass
class Actor:
    """Somebody who does one deed."""

    deed: Deed
    play: Callable[[Actor], None]
    fault_rate: float = 0.0
    pause_rate: float = 0.0
    patience: int = 28
    """Seconds after which the platform ends the function."""
    began_at: int = 0
    dead: bool = False
    burst: int = 0
    broken: bool = False
    """Whether it met a fault that no code of ours foresees."""
    ended: bool = False
    failure: BaseException | None = None
    rng: random.Random = field(init=False)
    _go: threading.Lock = field(default_factory=threading.Lock)
    _back: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self.deed.name}.{self.deed.number}")
        self._go.acquire()
        self._back.acquire()

    def resume(self) -> None:
        """Give the baton to this actor, and wait until it comes back."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._perform, daemon=True)
            self._thread.start()
        self._go.release()
        self._back.acquire()

    def give_way(self) -> None:
        """Called by the actor itself: hand the baton back, and wait for it."""
        self._back.release()
        self._go.acquire()

    def _perform(self) -> None:
        self._go.acquire()
        try:
            self.play(self)
        except ProcessKilled:
            pass
        except BaseException as failure:  # noqa: BLE001 the stage reports it
            self.failure = failure
        self.ended = True
        self._back.release()


class Stage:
    """Plays actors in the order of their ticks."""

    def __init__(self) -> None:
        self.tick = 0
        self.current: Actor | None = None
        self._heap: list[tuple[int, int, Actor]] = []
        self._order = itertools.count()

    def perform(self, actors: Iterable[tuple[int, Actor]]) -> Iterable[Actor]:
        """Play actors, each from its tick on; yields each one that has ended."""
        for start, actor in actors:
            self._enter(start, actor)
        while self._heap:
            ready, _, actor = heapq.heappop(self._heap)
            self.tick = max(self.tick, ready)
            self.current = actor
            actor.resume()
            self.current = None
            if actor.ended:
                yield actor

    def pause(self, actor: Actor, ticks: int) -> None:
        """Called by the actor itself: others may go first, for so many ticks."""
        self._enter(self.tick + ticks, actor)
        actor.give_way()

    def close(self) -> None:
        """End whoever is still waiting."""
        while self._heap:
            _, _, actor = heapq.heappop(self._heap)
            actor.dead = True
            if actor._thread is not None:
                actor.resume()

    def _enter(self, tick: int, actor: Actor) -> None:
        heapq.heappush(self._heap, (tick, next(self._order), actor))
