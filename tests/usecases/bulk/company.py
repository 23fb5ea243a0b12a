"""Simulates bulk work on many machines in virtual time, with a queue of message groups, workers that die and a
distant Stripe.

Threads take turns: one thread runs until it sleeps, then the thread that wakes next. A run therefore takes seconds,
whatever time it simulates, and the same seed gives the same run.
"""

from __future__ import annotations

import heapq
import random
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import stripe

from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.domain.batch import Batch, BatchItem, BatchStatus
from chalicelib.domain.billing import BillingTerms
from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.errors import Retryable
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.ports import Ports
from chalicelib.ports.messages import BatchJob, Message
from chalicelib.usecases.bulk.batch_work import work_on_part
from chalicelib.usecases.bulk.bill_many import BillMany
from chalicelib.usecases.reconciling.resume_stuck import resume_stuck
from infra.stripe_double import InProcessClient
from tests.boundaries import STORES, ProcessKilled
from tests.fakes import FakeClock, FakeQueues
from tests.world import BEGAN, OFFICE, ORGANIZATION, World, line

VISIBILITY = 90.0
DEDUPLICATED_FOR = 300.0


class Time:
    """Virtual time. `play` runs the registered threads until `done` returns True."""

    def __init__(self) -> None:
        self.now = float(BEGAN)
        self._waiting: list[tuple[float, int, threading.Event]] = []
        self._numbers = count()
        self._baton = threading.Semaphore(0)
        self._over = False
        self._failure: BaseException | None = None

    def begin(self, work: Callable[[], None]) -> None:
        turn = self._wake_at(self.now)

        def run() -> None:
            turn.wait()
            try:
                if not self._over:
                    work()
            except SystemExit:
                pass
            except BaseException as error:  # noqa: BLE001 told by `play`, in the main thread
                self._failure = error
            finally:
                self._baton.release()

        threading.Thread(target=run, daemon=True).start()

    def resume(self) -> None:
        """Allows new threads after `play` has ended."""
        self._over = False

    def sleep(self, seconds: float) -> None:
        turn = self._wake_at(self.now + seconds)
        self._baton.release()
        turn.wait()
        if self._over:
            raise SystemExit

    def play(self, done: Callable[[], bool], hours: float = 12) -> None:
        end = self.now + hours * 3600
        while self._waiting and not done():
            self.now, _, turn = heapq.heappop(self._waiting)
            assert self.now < end, "the work is never done"
            turn.set()
            self._baton.acquire()
            if self._failure is not None:
                raise self._failure
        self._over = True
        while self._waiting:
            heapq.heappop(self._waiting)[2].set()
            self._baton.acquire()

    def _wake_at(self, at: float) -> threading.Event:
        turn = threading.Event()
        heapq.heappush(self._waiting, (at, next(self._numbers), turn))
        return turn


class SharedClock(FakeClock):
    """The clock port on virtual time. Outside of `play`, `sleep` takes no time."""

    def __init__(self, time: Time) -> None:
        super().__init__(BEGAN)
        self._time = time
        self.playing = False

    def now(self) -> int:
        return int(self._time.now)

    def milliseconds(self) -> int:
        return int(self._time.now * 1000)

    def sleep(self, seconds: float) -> None:
        if self.playing:
            self._time.sleep(seconds)


class DistantStripe(InProcessClient):
    """A Stripe client whose requests take a while in each direction."""

    def __init__(self, double: Any, clock: SharedClock, rng: random.Random, seconds: float) -> None:
        super().__init__(double)
        self.request_count = 0
        self.throttled_at: list[float] = []
        """The times at which Stripe responded with 429."""
        self._clock, self._rng, self._seconds = clock, rng, seconds

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **more: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        self._clock.sleep(self._rng.uniform(0.1, 0.7) * self._seconds)
        response = super().request(method, url, headers, post_data, **more)
        self.request_count += 1
        if response[1] == 429:
            self.throttled_at.append(self._clock.milliseconds() / 1000)
        self._clock.sleep(self._rng.uniform(0.1, 1.1) * self._seconds)
        return response


class LaneQueue(FakeQueues):
    """SQS FIFO for batch jobs: one message of a group at a time, and each message once in five minutes."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time = time
        self._groups: dict[tuple[OrganizationId, int], deque[BatchJob]] = defaultdict(deque)
        self._hidden_until: dict[tuple[OrganizationId, int], float] = {}
        self._delivered_ids: dict[BatchJob, float] = {}

    def send(self, message: Message) -> None:
        if not isinstance(message, BatchJob):
            super().send(message)
            return
        if self._delivered_ids.get(message, -DEDUPLICATED_FOR) + DEDUPLICATED_FOR > self._time.now:
            return
        self._delivered_ids[message] = self._time.now
        self._groups[message.organization_id, message.lane].append(message)

    def receive(self) -> BatchJob | None:
        for group, messages in self._groups.items():
            if messages and self._hidden_until.get(group, 0) <= self._time.now:
                self._hidden_until[group] = self._time.now + VISIBILITY
                return messages[0]
        return None

    def delete(self, message: BatchJob, *, again: bool = False) -> None:
        group = (message.organization_id, message.lane)
        self._groups[group].remove(message)
        self._hidden_until[group] = 0
        if again:  # SQS delivers at least once
            self._groups[group].append(message)


class Mortal:
    """`Ports` on which every outward call may kill the worker, before or after the call is made."""

    def __init__(self, ports: Ports, rng: random.Random, risk: float) -> None:
        self._ports, self._rng, self._risk = ports, rng, risk

    def __getattr__(self, name: str) -> Any:
        port = getattr(self._ports, name)
        return _MortalPort(port, self) if name in (*STORES, "stripe", "queues") else port

    def cross(self, call: Callable[[], Any]) -> Any:
        fate = self._rng.random()
        if fate < self._risk / 2:
            raise ProcessKilled
        result = call()
        if fate > 1 - self._risk / 2:
            raise ProcessKilled
        return result


class _MortalPort:
    def __init__(self, port: Any, mortal: Mortal) -> None:
        self._port, self._mortal = port, mortal

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *args, **kwargs: self._mortal.cross(lambda: method(*args, **kwargs))


class Company(World):
    """A connected company whose bulk work runs on many machines. `latency` is the usual duration of a request in
    seconds.
    """

    def __init__(self, seed: int = 0, *, livemode: bool = True, latency: float = 0.3) -> None:
        super().__init__(seed)
        self.time, self.rng = Time(), random.Random(seed)
        self.double.clock._source = lambda: self.time.now
        self.clock = SharedClock(self.time)
        config = self.double.config
        self.distant = DistantStripe(self.double, self.clock, self.rng, latency)
        client = stripe.StripeClient(
            config.platform_key_test,
            client_id=config.client_id_test,
            stripe_version=API_VERSION,
            http_client=self.distant,
        )
        self.ports.stripe = StripeGateway(client, self.clock)
        self.ports.clock = self.clock
        self.queue = self.ports.queues = LaneQueue(self.time)
        self.account_id = self.connect()
        self.double.world.events.policy.never_generate = ("*",)  # no test delivers events
        connection = self.ports.connections.get(ORGANIZATION)
        self.ports.connections.save(replace(connection, livemode=livemode))
        self.deaths = 0

    def customers(self, number: int) -> None:
        """Stores this many customers in POM that Stripe does not have."""
        for each in range(number):
            customer = self.customer(f"cust_{each}", f"owner{each}@example.test")
            self.ports.customers.save(customer.not_synced(SyncStatus.NOT_CONNECTED, None))
        self.queue.take()

    def play(
        self,
        done: Callable[[], bool],
        *,
        machines: int = 12,
        risk: float = 0.0,
        repeats: float = 0.0,
        hours: float = 12,
        idle: float = 1,
    ) -> None:
        """Runs the machines until `done`: by default one machine for each lane and two spare ones.

        A machine without work asks for work again after `idle` seconds.
        """
        self.time.resume()
        self.clock.playing = True
        for _ in range(machines):
            self.time.begin(lambda: self._machine(risk, repeats, idle))
        self.time.begin(self._schedule)
        self.time.play(done, hours)
        self.clock.playing = False

    def _machine(self, risk: float, repeats: float, idle: float) -> None:
        while True:
            message = self.queue.receive()
            if message is None:
                self.time.sleep(idle)
                continue
            try:
                mortal: Any = Mortal(self.ports, self.rng, risk) if risk else self.ports
                work_on_part(message.organization_id, message.batch_id, message.lane, message.turn, mortal)
            except ProcessKilled:
                self.deaths += 1
            else:
                self.queue.delete(message, again=self.rng.random() < repeats)

    def _schedule(self) -> None:
        while True:
            self.time.sleep(300)
            with suppress(Retryable):
                resume_stuck(self.ports)
                self.work()

    # Stored data

    def batch(self, batch: Batch) -> Batch:
        stored = self.ports.batches.get(batch.organization_id, batch.id)
        assert stored is not None
        return stored

    def is_completed(self, batch: Batch) -> bool:
        return self.batch(batch).status is BatchStatus.COMPLETED

    def items(self, batch: Batch) -> list[BatchItem]:
        return [item for (_, of, _), item in sorted(self.ports.database.batch_items.items()) if of == batch.id]

    def throttled_at(self) -> list[float]:
        """Returns the times at which Stripe responded with 429."""
        return self.distant.throttled_at

    def busiest_second(self) -> int:
        """Returns the largest number of requests to one endpoint within a second."""
        entries = self.double.api.log.entries()
        requests = Counter((entry["method"], entry["template"], int(float(str(entry["at"])))) for entry in entries)
        return max(requests.values())


def bill_all(number: int, services: int = 1, key: str = "monthly", **terms: Any) -> BillMany:
    """Returns an order to bill this many customers for this many services each, at 75.00 a service."""
    lines = tuple(
        (CustomerId(f"cust_{each}"), line(f"{key}_{each}_{service}"))
        for service in range(services)
        for each in range(number)
    )
    return BillMany(ORGANIZATION, OFFICE, key, f"{number}-{services}", lines, BillingTerms(**terms))


def world_with(customers: int) -> World:
    """Returns a connected company whose customers cust_0, cust_1 and so on are known to POM and to Stripe."""
    world = World()
    world.connect()
    for number in range(customers):
        world.customer(f"cust_{number}", f"owner{number}@example.test")
    world.work()
    return world


def stored_batch(world: World, batch: Batch) -> Batch:
    stored = world.ports.batches.get(ORGANIZATION, batch.id)
    assert stored is not None
    return stored
