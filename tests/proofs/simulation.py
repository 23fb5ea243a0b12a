"""A town: two pool companies, their Stripe accounts and everybody who acts on them, on one stage.

Every call that leaves the process is a boundary: each call of a store or a queue, and each HTTP request to Stripe
beneath the unmodified SDK. At a boundary other actors may overtake the running actor, the call may fail before or
after it took effect, or the actor may end. A response of Stripe may be under way while others write; its `Date` is
the time at which it left. The number of an action decides what happens at its boundaries. The seed decides the
versions of the accounts.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import stripe

from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.domain.errors import InvalidSignature, Retryable, StaleWrite
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.ports.messages import Message
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.events.receive_event import receive_event
from infra.stripe_double import VERSIONS, InProcessClient, StripeDouble
from tests.boundaries import READS, STORES, CountedPorts, ProcessKilled
from tests.proofs.invariants import Invariants, Violation
from tests.proofs.ledger import recorded
from tests.proofs.stage import Action, Actor, Stage
from tests.world import World

BLUE, GREEN = OrganizationId("org_blue"), OrganizationId("org_green")
ORGANIZATIONS = (BLUE, GREEN)

STORE_FAULTS = ("refused", "lost", "lost", "kill_before", "kill_after", "kill_after", "broken")
SINGLE_PUTS = ("customers.save", "connections.save", "connections.save_authorization", "invoices.save")
HTTP_FAULTS = (
    "close_before", "close_after", "close_after", "error_before", "error_before_stored", "error_after", "rate_limit",
    "lock_timeout", "conflict", "kill_before", "kill_after", "kill_after",
)  # fmt: skip

LAGGING = (
    "invoices.page", "invoices.due_for_work", "customers.pending", "customers.find_by_stripe_id", "customers.page",
    "connections.all_active", "events.parked",
)  # fmt: skip
"""Reads of an index, which may return an earlier state."""

LAGGING_TABLES = ("invoices", "customers", "connections", "events")

DEAD_LETTER_AFTER = 5


@dataclass
class Queued:
    """A message in a queue, with its receipts and the time from which it is visible."""

    message: Message
    received: int = 0
    visible_at: int = 0


@dataclass
class Figures:
    """Counts of what the town played."""

    deeds: int = 0
    boundaries: int = 0
    overtaken: int = 0
    lagged: int = 0
    late: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    deliveries: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    events: int = 0
    invoices: int = 0

    def add(self, other: Figures) -> None:
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if isinstance(value, Counter):
                mine.update(value)
            else:
                setattr(self, name, mine + value)


class Town(World):
    """A world with boundaries at which calls can fail. Nothing fails while no actor is on stage."""

    def __init__(self, seed: int = 0, *, faults: bool = True, plain: bool = False) -> None:
        """With `plain`, every account is on our version and no response is late. Old schedules are replayed in such
        towns.
        """
        super().__init__(seed, version=API_VERSION if plain else None)
        self.plain_stripe = plain
        if not plain:
            self._endpoint_of_some_version(random.Random(f"endpoint {seed}"))
        self.stage = Stage()
        self.figures = Figures()
        self.faults = faults
        self.queue: list[Queued] = []
        self.reminded: dict[str, set[int]] = {}
        self.trace: list[str] = []
        self.states: list[tuple[OrganizationId, str]] = []
        self.plain = self.ports
        self.ledger = recorded(self.plain.database, self.plain.clock)
        self.client = stripe.StripeClient(
            self.double.config.platform_key_test,
            client_id=self.double.config.client_id_test,
            stripe_version=API_VERSION,
            http_client=_Wire(self.double, self.cross_http),
        )
        self.plain.stripe = StripeGateway(self.client, self.plain.clock)
        self.ports = CountedPorts(self.plain, self)  # type: ignore[assignment]
        self.invariants = Invariants(self)
        self.accounts = {organization: self.account(payout_schedule="daily") for organization in ORGANIZATIONS}
        self.spare = self.account()
        for organization in ORGANIZATIONS:
            self.connect(organization, self.accounts[organization])
            for number in (1, 2):
                self.customer(f"cust_{number}", f"{number}@pool.test", organization)
        self.take_in()
        self._remember()

    def _endpoint_of_some_version(self, chance: random.Random) -> None:
        """In some towns the endpoint was made for another version than ours."""
        [endpoint] = self.double.world.platform.all("webhook_endpoint")
        endpoint["api_version"] = chance.choice((API_VERSION, API_VERSION, API_VERSION, *VERSIONS))

    def dashboard(self, organization: OrganizationId) -> stripe.StripeClient:
        """Returns a Stripe client for the company itself. Its calls are no boundaries."""
        key = f"sk_test_{self.accounts[organization]}"
        return stripe.StripeClient(key, stripe_version=API_VERSION, http_client=InProcessClient(self.double))

    # Playing

    def play(self, schedule: Sequence[Action], actions: Mapping[str, Callable[[Town, Actor], None]]) -> None:
        """Plays the schedule to its end.

        Raises:
            Violation: an invariant did not hold.
        """
        starts, cast = 0, []
        for action in schedule:
            actor = Actor(action, lambda me: self._act(me, actions[me.action.name]))
            starts += actor.rng.choice((0, 2, 8, 25))
            rates = (0.0, 0.0, 0.04, 0.15), (0.0, 0.1, 0.3, 0.6)
            fault_rate, pause_rate = actor.rng.choice(rates[0]), actor.rng.choice(rates[1])
            if not action.calm:
                actor.fault_rate, actor.pause_rate = fault_rate if self.faults else 0.0, pause_rate
            cast.append((starts, actor))
        try:
            for ended in self.stage.perform(cast):
                self.figures.deeds += 1
                self._judge(ended)
        except BaseException:
            self.stage.close()
            raise

    def _act(self, actor: Actor, action: Callable[[Town, Actor], None]) -> None:
        self.advance(actor.rng.choice((0, 0, 0, 0, 0, 1, 1, 2, 7)))
        actor.began_at = self.ports.clock.now()
        action(self, actor)

    def _judge(self, actor: Actor) -> None:
        failure = actor.failure
        self.note(f"{actor.action} ended{'' if failure is None else f': {type(failure).__name__} {failure}'}")
        if isinstance(failure, Violation):
            raise failure
        if failure is not None and not actor.broken and not self.invariants.is_expected(failure):
            raise Violation(f"{actor.action} failed in a way that nobody foresees: {failure!r}") from failure
        self.invariants.between_deeds()
        if actor.action.number % 3:
            self._remember()

    def note(self, line: str) -> None:
        self.trace.append(f"{self.stage.tick:>5} {self.ports.clock.now() - 1_800_000_000:>8}s  {line}")

    def digest(self) -> str:
        """Returns a digest of the run, which is the same for the same schedule."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]

    # Boundaries

    def cross(self, name: str, call: Callable[[], Any]) -> Any:
        """Makes a call of a port. Calls of Stripe cross the boundary beneath the SDK instead."""
        if name.startswith("stripe."):
            return call()
        if self.stage.current is None:
            self.note(name)
            return call()
        reading = name.split(".")[1] in READS and name.split(".")[0] in STORES
        actor = self._arrive(name)
        fate = self._fate(actor, STORE_FAULTS)
        if fate is not None:
            self.figures.faults[fate] += 1
            self.note(f"{actor.action} meets {fate} at {name}")
        if fate == "kill_before" or (fate == "kill_after" and reading):
            raise self._killed(actor, name)
        if fate == "broken":
            actor.broken = True
            raise RuntimeError(f"broken at {name}")
        if fate == "refused" or (fate == "lost" and reading):
            raise _no_answer()
        try:
            if reading:
                result = self._as_of_before(call) if self._lags(actor, name) else call()
            else:
                result = self.invariants.watch_write(actor, name, call)
        except Exception as refusal:
            self.note(f"{actor.action} {name} !{type(refusal).__name__}")
            raise
        self.note(f"{actor.action} {name}")
        if fate == "kill_after":
            raise self._killed(actor, name)
        if fate == "lost":
            # The condition of a single put fails on its own success when botocore repeats it after a lost response.
            raise StaleWrite(name) if name in SINGLE_PUTS and actor.rng.random() < 0.5 else _no_answer()
        return result

    def cross_http(self, name: str, call: Callable[[], Any]) -> Any:
        """Makes a request to Stripe. Raises stripe.APIConnectionError if the connection is lost."""
        actor = self.stage.current
        if actor is None:
            self.note(name)
            return call()
        self._arrive(name)
        fate = self._fate(actor, HTTP_FAULTS)
        if fate is None:
            result = call()
            self.note(f"{actor.action} {name} {result[1]}")
            self.invariants.after_request(name)
            return self._on_its_way(actor, name, result)
        self.figures.faults[fate] += 1
        self.note(f"{actor.action} meets {fate} at {name}")
        if fate == "kill_before":
            raise self._killed(actor, name)
        if not fate.startswith("kill"):
            kind, _, stored = fate.partition("_stored")
            self.double.order_fault(kind, stored=bool(stored) or fate.endswith("_stored"))
        try:
            result = call()
        finally:
            self.double.clear_faults()
        self.invariants.after_request(name)
        if fate == "kill_after":
            raise self._killed(actor, name)
        return result

    def _arrive(self, name: str) -> Actor:
        actor = self.stage.current
        assert actor is not None
        if actor.dead:
            raise ProcessKilled(name)
        self.stage.tick += 1
        self.figures.boundaries += 1
        if actor.rng.random() < actor.pause_rate:
            self.figures.overtaken += 1
            self.stage.pause(actor, actor.rng.choice((1, 2, 3, 5, 8, 13, 30, 80)))
        self._require_time(actor, name)
        return actor

    def _require_time(self, actor: Actor, name: str) -> None:
        if actor.dead or self.ports.clock.now() - actor.began_at > actor.patience:
            self.note(f"{actor.action} is ended by its timeout before {name}")
            raise self._killed(actor, name)

    def _on_its_way(self, actor: Actor, name: str, answer: Any) -> Any:
        """Returns the response after a delay. It does not contain the writes of other actors during the delay."""
        if actor.action.calm or self.plain_stripe:
            return answer
        chance = random.Random(f"answer to {actor.action} {self.stage.tick}")
        if chance.random() >= actor.pause_rate:
            return answer
        self.figures.late += 1
        self.stage.pause(actor, chance.choice((1, 2, 3, 5, 8, 13, 30)))
        self._require_time(actor, name)
        body, status, headers = answer
        left_at = formatdate(self.ports.clock.now() + chance.choice((0, 1, 1, 2, 3, 8)), usegmt=True)
        return body, status, {**headers, "date": left_at}

    def _lags(self, actor: Actor, name: str) -> bool:
        if name not in LAGGING or actor.action.calm or not self.faults:
            return False
        lags = random.Random(f"{actor.action} {name} {self.stage.tick}").random() < 0.3
        self.figures.lagged += lags
        return lags

    def _as_of_before(self, call: Callable[[], Any]) -> Any:
        """Returns the response of an index that lags: it reads all tables as they were after an earlier step."""
        database, now = self.plain.database, {}
        for name, table in self._before.items():
            now[name] = getattr(database, name)
            setattr(database, name, table)
        try:
            snapshot = call()
            return iter(list(snapshot)) if isinstance(snapshot, Iterator) else snapshot
        finally:
            for name, table in now.items():
                setattr(database, name, table)

    def _remember(self) -> None:
        self._before = {name: dict(getattr(self.plain.database, name)) for name in LAGGING_TABLES}

    def _fate(self, actor: Actor, kinds: Sequence[str]) -> str | None:
        if actor.burst > 0:
            actor.burst -= 1
            return actor.rng.choice(kinds)
        if actor.rng.random() >= actor.fault_rate * (2 if kinds is HTTP_FAULTS else 1):
            return None
        actor.burst = actor.rng.choice((0, 0, 1, 3, 6))
        return actor.rng.choice(kinds)

    def _killed(self, actor: Actor, name: str) -> ProcessKilled:
        actor.dead = True
        return ProcessKilled(name)

    def advance(self, seconds: int) -> None:
        """Advances the clock. Events that are moved into one second get the new present second."""
        super().advance(seconds)
        if seconds and self.double.world.events.policy.squeeze:
            self.double.set_delivery(squeeze=True)

    # Webhooks

    def _receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            event = self.opener.open(body, headers["Stripe-Signature"])
        except InvalidSignature:
            return 400
        self.figures.deliveries += 1
        has_invoice = self.invariants.knows(event)
        with self.invariants.on_behalf_of(self.stage.current, event.account_id):
            try:
                receipt = receive_event(event, Source.WEBHOOK, self.ports)
            except Retryable:
                return 503
            except Exception:
                if self.stage.current is not None and self.stage.current.broken:
                    return 500
                raise
        self.receipts.append(receipt)
        self.figures.outcomes[receipt.outcome] += 1
        if receipt.outcome is EventOutcome.PARKED:
            self.figures.outcomes[f"parked: {receipt.error}"] += 1
        self.invariants.acknowledged(event, receipt.outcome, known=has_invoice and self.invariants.knows(event))
        return 200

    # Queues

    def take_in(self) -> None:
        """Moves sent messages into the queues."""
        self.queue += [Queued(message) for message in self.plain.queues.take()]

    def receive_message(self, rng: random.Random) -> Queued | None:
        """Returns a visible message, and hides it for the longest time that its worker may take."""
        self.take_in()
        now = self.plain.clock.now()
        visible = [queued for queued in self.queue if queued.visible_at <= now]
        if not visible:
            return None
        chosen = rng.choice(visible[:6])
        chosen.received += 1
        chosen.visible_at = now + 6 * 180
        if chosen.received > DEAD_LETTER_AFTER:
            self.queue.remove(chosen)
            return None
        return chosen

    def delete_message(self, queued: Queued) -> None:
        if queued in self.queue:
            self.queue.remove(queued)

    # Looking

    def table(self, account: str, kind: str) -> dict[str, dict[str, Any]]:
        """Returns Stripe's own objects of a kind, which the caller must not change."""
        return self.double.world.ledgers[account].tables.get(kind, {})

    def account_of(self, organization: OrganizationId) -> StripeAccountId | None:
        return self.plain.connections.get(organization).account_id


class _Wire(InProcessClient):
    """Connects the SDK with the double, with a boundary for each request."""

    def __init__(self, double: StripeDouble, cross: Callable[[str, Callable[[], Any]], Any]) -> None:
        super().__init__(double)
        self._cross = cross

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        path = url.split("//", 1)[-1].partition("/")[2].partition("?")[0]
        sent = super().request
        return self._cross(f"{method.upper()} /{path}", lambda: sent(method, url, headers, post_data, **more))


def _no_answer() -> Retryable:
    return Retryable("database_unavailable", "The database does not respond at the moment.")


def readable(value: Any) -> str:
    return json.dumps(value, default=str, sort_keys=True)
