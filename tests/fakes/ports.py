"""A clock, queues, and `Ports` over all fakes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.ports import StripeGateway
from chalicelib.ports.messages import Message, Reconciliation
from tests.fakes.batches import FakeBatches
from tests.fakes.bus import FakeBus, FakeUnpublished
from tests.fakes.changes import FakeChanges
from tests.fakes.database import FakeDatabase
from tests.fakes.events import FakeEvents
from tests.fakes.invoices import FakeInvoices
from tests.fakes.payments import FakePayments
from tests.fakes.payouts import FakePayouts
from tests.fakes.stores import FakeActs, FakeConnections, FakeCustomers, FakeSettings
from tests.fakes.summaries import FakeSummaries


class FakeClock:
    """A clock that stands still until a test moves it; its nonces are numbered."""

    def __init__(self, now: int = 1_800_000_000) -> None:
        self._milliseconds = now * 1000
        self._nonces = 0
        self._guard = threading.Lock()

    def now(self) -> int:
        return self._milliseconds // 1000

    def milliseconds(self) -> int:
        return self._milliseconds

    def sleep(self, seconds: float) -> None:
        self._milliseconds += round(seconds * 1000)

    def pause(self, seconds: float) -> None:
        self.sleep(seconds)

    def nonce(self) -> str:
        with self._guard:
            self._nonces += 1
            return f"nonce-{self._nonces:06d}"

    def set(self, now: int) -> None:
        self._milliseconds = now * 1000

    def advance(self, seconds: int) -> None:
        self._milliseconds += seconds * 1000


@dataclass
class FakeQueues:
    """Records the messages sent; if `failure` is set, sending raises it."""

    sent: list[Message] = field(default_factory=list)
    failure: Exception | None = None

    def send(self, message: Message) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append(message)

    def send_all(self, messages: Sequence[Reconciliation]) -> None:
        for message in messages:
            self.send(message)

    def take(self) -> list[Message]:
        """Returns the messages sent since the last call."""
        messages, self.sent = self.sent, []
        return messages


@dataclass
class FakePorts:
    """Implements `Ports`. All stores share `database`; `stripe` is the test's gateway to Stripe."""

    stripe: StripeGateway
    database: FakeDatabase = field(default_factory=FakeDatabase)
    clock: FakeClock = field(default_factory=FakeClock)
    queues: FakeQueues = field(default_factory=FakeQueues)
    invoices: FakeInvoices = field(init=False)
    payments: FakePayments = field(init=False)
    payouts: FakePayouts = field(init=False)
    summaries: FakeSummaries = field(init=False)
    customers: FakeCustomers = field(init=False)
    connections: FakeConnections = field(init=False)
    settings: FakeSettings = field(init=False)
    acts: FakeActs = field(init=False)
    events: FakeEvents = field(init=False)
    batches: FakeBatches = field(init=False)
    changes: FakeChanges = field(init=False)
    bus: FakeBus = field(default_factory=FakeBus)
    unpublished: FakeUnpublished = field(default_factory=FakeUnpublished)

    def __post_init__(self) -> None:
        self.invoices = FakeInvoices(self.database)
        self.payments = FakePayments(self.database)
        self.payouts = FakePayouts(self.database)
        self.summaries = FakeSummaries(self.database)
        self.customers = FakeCustomers(self.database)
        self.connections = FakeConnections(self.database)
        self.settings = FakeSettings(self.database)
        self.acts = FakeActs(self.database)
        self.events = FakeEvents(self.database)
        self.batches = FakeBatches(self.database)
        self.changes = FakeChanges(self.database, self.clock)
