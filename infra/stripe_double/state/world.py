"""The state of a double: ledgers, clock, ids, events, planned jobs, and one lock for all of them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from ..clock import Clock
from ..config import Config
from ..errors import StripeFault
from .event_order import EventOrder
from .events import EventStore
from .ids import Ids
from .ledger import JSON, Ledger, frozen
from .render import render
from .scheduler import Scheduler

Listener = Callable[[Ledger, JSON], None]
"""A function that is called with the account's ledger and each new event, under the world's lock."""


class World:
    """The state of one double. Hold `lock` while you read or change it."""

    def __init__(self, config: Config, clock: Clock, rng: random.Random) -> None:
        self.config, self.clock, self.rng = config, clock, rng
        self.lock = threading.RLock()
        self.ids = Ids(rng)
        self.scheduler = Scheduler(clock)
        self.events = EventStore(clock, self.ids, rng)
        self.order = EventOrder(config.seed)
        self.ledgers: dict[str, Ledger] = {}
        platform: JSON = {"id": "acct_1PlatformOfDouble", "object": "account"}
        self.platform = Ledger(platform, livemode=False, api_version=config.api_version, connected=True)
        self.listeners: list[Listener] = []

    def now(self) -> int:
        """Returns the current epoch second, for the `created` of new objects."""
        return self.clock.seconds()

    def ledger(self, account: str) -> Ledger:
        """Returns the ledger of an account. Raises KeyError if there is none."""
        return self.ledgers[account]

    def emit(self, ledger: Ledger, type_: str, obj: JSON, before: JSON | None = None) -> None:
        """Records an event of a change and passes it to every listener."""
        event = self.events.record(ledger, type_, obj, before)
        if event is not None:
            for listener in self.listeners:
                listener(ledger, event)

    def emit_updated(self, ledger: Ledger, obj: JSON, before: JSON, type_: str | None = None) -> None:
        """Records `<kind>.updated` with the fields that changed since `before`, which is a `snapshot`.

        Does nothing if no field changed.
        """
        self.emit(ledger, type_ or f"{obj['object']}.updated", obj, before)

    def snapshot(self, ledger: Ledger, obj: JSON) -> JSON:
        """Returns a copy of the rendered object, with which `emit_updated` compares the changed object."""
        return frozen(render(ledger, obj))

    def accessible_ledger(self, account: str, key_shown: str, livemode: bool) -> Ledger:
        """Returns a connected account's ledger. Raises StripeFault 403 `account_invalid` if the key has no access to
        it.
        """
        ledger = self.ledgers.get(account)
        if ledger is None or not ledger.connected or ledger.livemode != livemode:
            raise StripeFault(
                403,
                f"The provided key '{key_shown}' does not have access to account '{account}' (or that account does"
                " not exist). Application access may have been revoked.",
                code="account_invalid",
                stored=False,
            )
        return ledger

    def run_due(self) -> int:
        """Runs the jobs that are due. Returns the number of jobs that ran."""
        return self.scheduler.run_due()

    def advance(self, seconds: float) -> int:
        """Moves the clock forward and runs each planned job at its due time. Returns the number of jobs that ran.

        Raises ValueError for negative seconds.
        """
        if seconds < 0:
            raise ValueError("the double's clock only moves forward")
        target = self.clock.now() + seconds
        job_count = 0
        while (due := self.scheduler.next_due()) is not None and due <= target:
            self.clock.move_to(due)
            job_count += self.scheduler.run_due()
        self.clock.move_to(target)
        return job_count
