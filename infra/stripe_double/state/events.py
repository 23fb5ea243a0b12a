"""Events: a full snapshot at every change, retained for 30 days (https://docs.stripe.com/api/events).

In recordings, the API lists an event in the default version of its account, whatever version the caller sends. A
webhook has the version of its endpoint. The ledger stores each event in the current version, and `render` converts
it. `RelatedObjects` holds the facts that old shapes need from other objects, as they were when the event was created.
"""

from __future__ import annotations

import fnmatch
import random
from dataclasses import dataclass, field
from typing import Any

from ..clock import DAY, Clock
from .ids import Ids
from .ledger import JSON, Ledger, frozen
from .render import render
from .versions import RelatedObjects, before_acacia, before_basil, in_version, related_objects

RETENTION = 30 * DAY


@dataclass
class EventPolicy:
    """The faults of making events. `never_generate` has patterns of types, such as `charge.*`."""

    never_generate: tuple[str, ...] = ()
    """Changes with these types emit no event at all (docs.stripe.com/webhooks/handle-irrecoverable-events)."""
    never_generate_rate: float = 0.0
    invoice_payments_before_basil: bool = True
    """True if accounts on versions before 2025-03-31.basil get `invoice_payment.*` events, which is not
    documented.
    """
    refunds_before_acacia: bool = True
    """True if accounts on versions before 2024-10-28.acacia get `refund.*` events, which is not documented."""
    squeeze: bool = False
    """True if all events have the same second in `created`."""
    frozen_second: int | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Cause:
    """The request that causes an event, as the event names it."""

    id: str | None = None
    idempotency_key: str | None = None


class EventStore:
    """Makes events and stores each in its account's ledger."""

    def __init__(self, clock: Clock, ids: Ids, rng: random.Random) -> None:
        self.policy = EventPolicy()
        self.cause = Cause()
        self.suppressed: list[JSON] = []
        self._clock, self._ids, self._rng = clock, ids, rng
        self._related: dict[str, RelatedObjects] = {}
        self._unconfirmed: dict[str, set[str]] = {}
        self._given_up: set[str] = set()

    def record(self, ledger: Ledger, type_: str, obj: JSON, before: JSON | None = None) -> JSON | None:
        """Records an event and returns it; None if nothing changed since `before`, or if the policy suppresses the
        event.
        """
        snapshot = frozen(obj if obj["object"] in ("application", "account") else render(ledger, obj))
        data: JSON = {"object": snapshot}
        if before is not None:
            previous = difference(before, snapshot)
            if not previous:
                return None
            data["previous_attributes"] = previous
        if self._is_suppressed(type_, ledger.api_version):
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
        self._related[event["id"]] = related_objects(ledger, obj)
        return event

    def render(self, event: JSON, *, version: str | None = None, account: bool = True) -> JSON:
        """Returns the event in an endpoint's version, or by default in the version that its account had at its
        creation.

        `account.application.*` events have the account's version even at an endpoint with its own version.
        """
        own = event["type"].startswith("account.application.")
        rendered_version = event["api_version"] if own or version is None else version
        snapshot = in_version(event["data"]["object"], rendered_version, self._related[event["id"]])
        pending = len(self._unconfirmed.get(event["id"], ()))
        data = {**event["data"], "object": snapshot}
        result = {**event, "api_version": rendered_version, "data": data, "pending_webhooks": pending}
        if not account:
            result.pop("account")
        return result

    def await_confirmation(self, event_id: str, endpoint_id: str) -> None:
        """Records that an event is due at an endpoint, which has not responded with 2xx yet."""
        self._unconfirmed.setdefault(event_id, set()).add(endpoint_id)

    def confirm(self, event_id: str, endpoint_id: str) -> None:
        """Records that an endpoint responded to this event with 2xx."""
        self._unconfirmed.get(event_id, set()).discard(endpoint_id)

    def give_up(self, event_id: str) -> None:
        """Records that the last try to deliver this event to an endpoint failed."""
        self._given_up.add(event_id)

    def is_delivered(self, event_id: str) -> bool:
        """Returns True if every endpoint responded with 2xx; the filter `delivery_success` is about this."""
        return not self._unconfirmed.get(event_id) and event_id not in self._given_up

    def _now(self) -> int:
        if not self.policy.squeeze:
            return self._clock.seconds()
        if self.policy.frozen_second is None:
            self.policy.frozen_second = self._clock.seconds()
        return self.policy.frozen_second

    def _is_suppressed(self, type_: str, version: str) -> bool:
        policy = self.policy
        if (
            type_.startswith("invoice_payment.")
            and before_basil(version)
            and not policy.invoice_payments_before_basil
        ):
            return True
        if type_.startswith("refund.") and before_acacia(version) and not policy.refunds_before_acacia:
            return True
        if any(fnmatch.fnmatchcase(type_, p) for p in policy.never_generate):
            return True
        return policy.never_generate_rate > 0 and self._rng.random() < policy.never_generate_rate


def difference(before: JSON, after: JSON) -> JSON:
    """Returns `previous_attributes`: the old value of each changed field. Of a hash, only the changed names are
    included.
    """
    previous: dict[str, Any] = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and old.get("object") != "list":
            previous[key] = difference(old, new)
        else:
            previous[key] = old
    return dict(sorted(previous.items()))
