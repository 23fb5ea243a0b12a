"""Events: a full snapshot at every change, kept 30 days (https://docs.stripe.com/api/events)."""

from __future__ import annotations

import fnmatch
import json
import random
from dataclasses import dataclass, field
from typing import Any

from .clock import DAY, Clock
from .ids import Ids
from .ledger import JSON, Ledger
from .render import as_of, render

RETENTION = 30 * DAY


@dataclass
class EventPolicy:
    """What goes wrong with events before anything is delivered; `patterns` are types such as `charge.*`."""

    never_generate: tuple[str, ...] = ()
    """Changes of these types leave no event at all (docs.stripe.com/webhooks/handle-irrecoverable-events)."""
    never_generate_rate: float = 0.0
    squeeze: bool = False
    """All events get the same `created` second until this is taken back."""
    frozen_second: int | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Cause:
    """The request that is being answered; events name it."""

    id: str | None = None
    idempotency_key: str | None = None


class EventStore:
    """Makes events and remembers them in the ledger they belong to."""

    def __init__(self, clock: Clock, ids: Ids, rng: random.Random) -> None:
        self.policy = EventPolicy()
        self.cause = Cause()
        self.suppressed: list[JSON] = []
        self._clock, self._ids, self._rng = clock, ids, rng

    def record(self, ledger: Ledger, type_: str, obj: JSON, before: JSON | None = None) -> JSON | None:
        """Make one event, or None when nothing changed (`*.updated`) or the policy swallows it."""
        snapshot = frozen(obj if obj["object"] in ("application", "account") else render(ledger, obj))
        data: JSON = {"object": snapshot}
        if before is not None:
            previous = difference(before, snapshot)
            if not previous:
                return None
            data["previous_attributes"] = previous
        if self._swallowed(type_):
            self.suppressed.append({"type": type_, "account": ledger.id, "object": snapshot["id"], "at": self._now()})
            return None
        event: JSON = {
            "id": f"evt_1{self._ids.token(23)}",
            "object": "event",
            "account": ledger.id,
            "api_version": ledger.api_version,
            "created": self._now(),
            "data": data,
            "livemode": ledger.livemode,
            "pending_webhooks": 0,
            "request": {"id": self.cause.id, "idempotency_key": self.cause.idempotency_key},
            "type": type_,
        }
        ledger.events[event["id"]] = event
        return event

    def _now(self) -> int:
        if not self.policy.squeeze:
            return self._clock.seconds()
        if self.policy.frozen_second is None:
            self.policy.frozen_second = self._clock.seconds()
        return self.policy.frozen_second

    def _swallowed(self, type_: str) -> bool:
        policy = self.policy
        if any(fnmatch.fnmatchcase(type_, p) for p in policy.never_generate):
            return True
        return policy.never_generate_rate > 0 and self._rng.random() < policy.never_generate_rate


def shown(ledger: Ledger, event: JSON, *, version: str | None = None, account: bool = True) -> JSON:
    """The event as sent or answered: rendered in an endpoint's version, or in the account's own."""
    result = dict(event)
    wanted = version or event["api_version"]
    result["api_version"] = wanted
    result["data"] = {**event["data"], "object": as_of(ledger, event["data"]["object"], wanted)}
    if not account:
        result.pop("account")
    return result


def frozen(obj: JSON) -> JSON:
    """A deep copy that later changes cannot reach."""
    copy: JSON = json.loads(json.dumps(obj))
    return copy


def difference(before: JSON, after: JSON) -> JSON:
    """Old values of what changed; within a hash only the changed names (`previous_attributes`)."""
    changed: dict[str, Any] = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and old.get("object") != "list":
            changed[key] = difference(old, new)
        else:
            changed[key] = old
    return dict(sorted(changed.items()))
