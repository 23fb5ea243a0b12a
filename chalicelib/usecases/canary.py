"""Prove that Stripe's events get in: send one of ours by the public URL, and look for it in the table.

It takes the whole way of Stripe's events: DNS, TLS, API Gateway, the handler, its copy of the secret, the signature,
the write. Nothing on it calls Stripe, so an outage of Stripe's is not mistaken for ours.
"""

from __future__ import annotations

from chalicelib.domain.canary import Canary, Flight, Verdict
from chalicelib.domain.errors import Retryable
from chalicelib.domain.events import StripeEvent
from chalicelib.usecases.ports import Ports, WebhookDoor


def receive_canary(event: StripeEvent, ports: Ports) -> None:
    """Keep it where its sender looks for it.

    Raises:
        Retryable: it could not be kept.
    """
    ports.events.keep_canary(Canary.of(event), ports.clock.now())


def fly(door: WebhookDoor, ports: Ports) -> Flight:
    """Send a canary and see how far it comes."""
    began = ports.clock.milliseconds()
    verdict = _verdict(door, ports)
    return Flight(verdict, ports.clock.milliseconds() - began)


def _verdict(door: WebhookDoor, ports: Ports) -> Verdict:
    """With the newest secret; where that one is refused, with those that are to go after a rotation."""
    try:
        secrets = door.secrets()
    except Retryable:
        secrets = ()
    if not secrets:
        return Verdict.NO_SECRET
    newest, *older = secrets
    verdict = _sent(newest, door, ports)
    for secret in older:
        if verdict is Verdict.REFUSED and _sent(secret, door, ports) is Verdict.PASSED:
            return Verdict.PASSED_BY_OLDER_SECRET
    return verdict


def _sent(secret: str, door: WebhookDoor, ports: Ports) -> Verdict:
    now = ports.clock.now()
    canary, body = Canary.hatched(ports.clock.nonce(), now)
    try:
        status = door.post(body, secret, now)
    except Retryable:
        return Verdict.NO_ANSWER
    if not 200 <= status < 300:
        return Verdict.REFUSED if 400 <= status < 500 else Verdict.FAILED
    try:
        kept = ports.events.canary(canary.id)
    except Retryable:
        return Verdict.UNREADABLE
    if kept is None:
        return Verdict.NOT_KEPT
    return Verdict.PASSED if kept == canary else Verdict.ALTERED
