"""Events made by the Stripe double: signed, of realistic size, and about our own invoices."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

from chalicelib.adapters.clock import SystemClock
from chalicelib.domain.events import API_VERSION
from tests.world import World

SECRET = "whsec_bench"


class ClockOfEvent(SystemClock):
    """A clock that stands at the second of a sample event, because POM does not trust a timestamp in the future."""

    def __init__(self, body: bytes) -> None:
        self._now = int(json.loads(body)["created"])

    def now(self) -> int:
        return self._now


def signature(body: bytes, secret: str, at: int | None = None) -> str:
    """Returns a `Stripe-Signature` header."""
    at = int(time.time()) if at is None else at
    return f"t={at},v1={hmac.digest(secret.encode(), b'%d.' % at + body, hashlib.sha256).hex()}"


def updated_event(stripe_invoice: Any, account_id: str, number: int, created: int) -> bytes:
    """Returns an `invoice.updated` event with its own id."""
    event = {
        "id": f"evt_bench_{number:08}",
        "object": "event",
        "account": account_id,
        "api_version": "2026-10-28.endive",
        "created": created,
        "data": {"object": stripe_invoice},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "invoice.updated",
    }
    return json.dumps(event, indent=2).encode()


def sample_event(world: World, size: int) -> bytes:
    """Returns the `invoice.paid` of an invoice in the double, with as many lines as fit into `size` bytes.

    The body has at least the size of an invoice with one line, and at most one line more than `size`.
    """
    # Stripe's invoice contains an amount paid outside of Stripe, so the event is complete, whether or not POM has its
    # payment.
    account = world.connect(account=world.account(tells_paid_outside=True))
    world.customer()
    invoice = world.invoice("svc_1")
    world.double.pay(account, invoice.stripe_invoice_id, "pm_card_visa")
    event = next(each for each in world.double.events(account, version=API_VERSION) if each["type"] == "invoice.paid")
    shown = {**event, "account": account, "livemode": False}
    lines = shown["data"]["object"]["lines"]["data"]
    line = lines[0]
    missing = size - len(json.dumps(shown))
    lines.extend([line] * max(0, -(-missing // len(json.dumps(line) + ", "))))
    return json.dumps(shown).encode()
