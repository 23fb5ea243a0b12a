"""Delivers signed webhooks: at least once, in any order, with retries on the double's clock.

https://docs.stripe.com/webhooks. Nothing in this module starts a thread, because `step` delivers one due webhook.
`Server` calls `step` from worker threads, and tests call it themselves. The endpoint is called without the world's
lock, so that it may call the double.
"""

from __future__ import annotations

import fnmatch
import hashlib
import heapq
import hmac
import itertools
import json
import threading
import time
from dataclasses import dataclass, replace

from ..state.ledger import JSON, Ledger
from ..state.world import World
from .transport import Transport, http_transport


@dataclass
class DeliveryPolicy:
    """The faults of delivering webhooks. Rates are probabilities from 0 to 1."""

    drop: float = 0.0
    """The probability that a try is lost on the network. It counts as failed and is repeated."""
    duplicate: float = 0.0
    reorder: float = 0.0
    """The probability that a random due webhook is delivered instead of the oldest."""
    delay: float = 0.0
    delay_seconds: float = 60.0
    lose: tuple[str, ...] = ()
    """Types of events that are listed but never delivered."""
    lose_rate: float = 0.0
    paused: bool = False
    real_time_signatures: bool = False
    """True if webhooks are signed with real time even after the double's clock was moved."""


@dataclass(order=True)
class Task:
    """One try to deliver one event to one endpoint."""

    due: float
    sequence: int
    owner: str
    endpoint: str
    account: str
    event: str
    attempt: int = 1
    duplicate: bool = False


class Deliverer:
    """The queue of webhooks and the log of tries. Every event that the world emits is queued."""

    def __init__(self, world: World, transport: Transport | None = None) -> None:
        self._world = world
        world.listeners.append(self.enqueue)
        self.transport = transport or http_transport(world.config.webhook_timeout)
        self.policy = DeliveryPolicy()
        self.queue: list[Task] = []
        self.log: list[JSON] = []
        self.in_flight = 0
        self.wake_condition = threading.Condition(world.lock)
        self._sequence = itertools.count()

    # -- queueing -----------------------------------------------------------------------------------------

    def enqueue(self, ledger: Ledger, event: JSON) -> None:
        """Queues an event for each endpoint that is enabled for its type."""
        for owner, endpoint in self._listeners(ledger, event):
            self._world.events.await_confirmation(event["id"], endpoint["id"])
            if self._is_lost(event["type"]):
                self._log_try(event, endpoint["id"], 0, "lost")
                continue
            self._push(owner.id, endpoint["id"], ledger.id, event["id"])
            if self._world.rng.random() < self.policy.duplicate:
                self._push(owner.id, endpoint["id"], ledger.id, event["id"], duplicate=True)
        self.wake_condition.notify_all()

    def resend(self, account: str, event_id: str) -> int:
        """Queues an event again, as Resend in the Dashboard does. Returns the number of webhooks that were queued."""
        ledger = self._world.ledger(account)
        event = ledger.events[event_id]
        listeners = self._listeners(ledger, event)
        for owner, endpoint in listeners:
            self._push(owner.id, endpoint["id"], account, event_id)
        self.wake_condition.notify_all()
        return len(listeners)

    # -- delivering ----------------------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        """Returns the epoch second at which the next try is due; None if delivery is paused or the queue is empty."""
        return self.queue[0].due if self.queue and not self.policy.paused else None

    def step(self) -> JSON | None:
        """Delivers one due webhook. Returns its log entry, or None if nothing is due."""
        with self._world.lock:
            task = self._take()
            if task is None:
                return None
            prepared = self._prepare(task)
            if prepared is None:  # the endpoint or the event was deleted
                return self._log_try({"id": task.event, "type": "?"}, task.endpoint, task.attempt, "cancelled")
            event, endpoint, body, headers = prepared
            dropped = self._world.rng.random() < self.policy.drop
            self.in_flight += 1
        status, error = 0, "dropped by the delivery policy"
        started = time.perf_counter()
        try:
            if not dropped:
                status, error = self.transport(endpoint["url"], body, headers), ""
        except OSError as exc:
            error = f"{type(exc).__name__}: {exc}"
        finally:
            with self._world.lock:
                self.in_flight -= 1
                milliseconds = round((time.perf_counter() - started) * 1000, 2)
                entry = self._settle(task, event, status, error, dropped, milliseconds)
                self.wake_condition.notify_all()
        return entry

    def drain(self) -> int:
        """Delivers every due webhook. Returns the number of tries."""
        count = 0
        while self.step() is not None:
            count += 1
        return count

    # -- parts ---------------------------------------------------------------------------------------------------

    def _listeners(self, ledger: Ledger, event: JSON) -> list[tuple[Ledger, JSON]]:
        world, endpoints = self._world, []
        if ledger.connected or event["type"].startswith("account.application."):
            for endpoint in world.platform.all("webhook_endpoint"):
                # A live Connect endpoint receives test events too: https://docs.stripe.com/connect/webhooks
                if endpoint["_connect"] and (endpoint["livemode"] or not ledger.livemode):
                    endpoints.append((world.platform, endpoint))
        endpoints += [(ledger, e) for e in ledger.all("webhook_endpoint")]
        return [
            (owner, e)
            for owner, e in endpoints
            if e["status"] == "enabled" and ("*" in e["enabled_events"] or event["type"] in e["enabled_events"])
        ]

    def _is_lost(self, type_: str) -> bool:
        if any(fnmatch.fnmatchcase(type_, p) for p in self.policy.lose):
            return True
        return self.policy.lose_rate > 0 and self._world.rng.random() < self.policy.lose_rate

    def _push(self, owner: str, endpoint: str, account: str, event: str, *, duplicate: bool = False) -> None:
        due = self._world.clock.now()
        if self.policy.delay > 0 and self._world.rng.random() < self.policy.delay:
            due += self._world.rng.uniform(0, self.policy.delay_seconds)
        task = Task(due, next(self._sequence), owner, endpoint, account, event, duplicate=duplicate)
        heapq.heappush(self.queue, task)

    def _take(self) -> Task | None:
        if self.policy.paused:
            return None
        now = self._world.clock.now()
        if not self.queue or self.queue[0].due > now:
            return None
        if self.policy.reorder == 0 or self._world.rng.random() >= self.policy.reorder:
            return heapq.heappop(self.queue)
        task = self._world.rng.choice([t for t in self.queue if t.due <= now])
        self.queue.remove(task)
        heapq.heapify(self.queue)
        return task

    def _prepare(self, task: Task) -> tuple[JSON, JSON, bytes, dict[str, str]] | None:
        owner = self._world.platform if task.owner == self._world.platform.id else self._world.ledger(task.owner)
        ledger = self._world.ledger(task.account)
        endpoint, event = owner.find("webhook_endpoint", task.endpoint), ledger.events.get(task.event)
        if endpoint is None or event is None or endpoint["status"] != "enabled":
            return None
        on_connect = owner is self._world.platform
        rendered_event = self._world.events.render(event, version=endpoint["api_version"], account=on_connect)
        body = json.dumps(rendered_event, indent=2).encode()
        at = int(time.time()) if self.policy.real_time_signatures else self._world.now()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Accept": "*/*; q=0.5, application/xml",
            "Cache-Control": "no-cache",
            "Stripe-Signature": signature(body, endpoint["_secrets"], at),
        }
        return event, endpoint, body, headers

    def _settle(self, task: Task, event: JSON, status: int, error: str, dropped: bool, milliseconds: float) -> JSON:
        if 200 <= status < 300:
            self._world.events.confirm(task.event, task.endpoint)
            return self._log_try(
                event, task.endpoint, task.attempt, "delivered", status, error, task.duplicate, milliseconds
            )
        config = self._world.config
        waits = config.webhook_retries_live if event["livemode"] else config.webhook_retries_test
        if task.duplicate:
            pass  # the retries belong to the original, not to its duplicate
        elif task.attempt <= len(waits):
            next_try_at = self._world.clock.now() + waits[task.attempt - 1]
            retry = replace(task, due=next_try_at, attempt=task.attempt + 1, sequence=next(self._sequence))
            heapq.heappush(self.queue, retry)
        else:
            self._world.events.give_up(task.event)
        outcome = "dropped" if dropped else "failed"
        return self._log_try(event, task.endpoint, task.attempt, outcome, status, error, task.duplicate, milliseconds)

    def _log_try(
        self,
        event: JSON,
        endpoint: str,
        attempt: int,
        outcome: str,
        status: int = 0,
        error: str = "",
        duplicate: bool = False,
        milliseconds: float = 0.0,
    ) -> JSON:
        entry = {
            "at": self._world.clock.now(),
            "event": event["id"],
            "type": event["type"],
            "account": event.get("account"),
            "endpoint": endpoint,
            "attempt": attempt,
            "outcome": outcome,
            "status": status,
            "error": error,
            "duplicate": duplicate,
            "ms": milliseconds,
        }
        self.log.append(entry)
        return entry


def signature(body: bytes, secrets: list[str], at: int) -> str:
    """Returns the `Stripe-Signature` header, with one `v1` for each secret while a secret is being rolled."""
    signed_payload = f"{at}.".encode() + body
    signatures = [hmac.new(s.encode(), signed_payload, hashlib.sha256).hexdigest() for s in secrets]
    return ",".join([f"t={at}", *(f"v1={m}" for m in signatures), f"v0={signatures[0][::-1]}"])
