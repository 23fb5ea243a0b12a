"""Actors on one stage, one at a time: threads that pass a baton, in an order that a seed decides.

An actor runs until it pauses or ends. The next actor is the first one that is ready by the stage's own count of
ticks, so a schedule is played the same way every time, on any machine.
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
class Action:
    """One action of an actor.

    The number decides its choices and faults. A calm action has no fault and no rival.
    """

    name: str
    number: int
    calm: bool = False

    def __str__(self) -> str:
        return f"{self.name}.{self.number}{'-' if self.calm else ''}"

    @classmethod
    def parse(cls, text: str) -> Action:
        name, _, number = text.strip().partition(".")
        return cls(name, int(number.rstrip("-")), number.endswith("-"))


@dataclass
class Actor:
    """Performs one action."""

    action: Action
    play: Callable[[Actor], None]
    fault_rate: float = 0.0
    pause_rate: float = 0.0
    patience: int = 28
    """Seconds after which the platform ends the function."""
    began_at: int = 0
    dead: bool = False
    burst: int = 0
    broken: bool = False
    """True if the actor met a fault that no code of POM expects."""
    ended: bool = False
    failure: BaseException | None = None
    rng: random.Random = field(init=False)
    _go: threading.Lock = field(default_factory=threading.Lock)
    _back: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self.action.name}.{self.action.number}")
        self._go.acquire()
        self._back.acquire()

    def resume(self) -> None:
        """Passes the baton to this actor, and waits until it comes back."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._perform, daemon=True)
            self._thread.start()
        self._go.release()
        self._back.acquire()

    def give_way(self) -> None:
        """Passes the baton back, and waits for it. Only the actor itself calls this."""
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
        """Plays actors, each from its tick on, and yields each actor that has ended."""
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
        """Lets others run for this number of ticks. Only the actor itself calls this."""
        self._enter(self.tick + ticks, actor)
        actor.give_way()

    def close(self) -> None:
        """Ends all actors that are still waiting."""
        while self._heap:
            _, _, actor = heapq.heappop(self._heap)
            actor.dead = True
            if actor._thread is not None:
                actor.resume()

    def _enter(self, tick: int, actor: Actor) -> None:
        heapq.heappush(self._heap, (tick, next(self._order), actor))
