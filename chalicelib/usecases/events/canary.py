"""Prove that our door takes what our secrets sign: send events of ours by the public URL, and look for them.

It takes the whole way of Stripe's events: DNS, TLS, API Gateway, the handler, its copy of the secret, the signature,
the write. Nothing on it calls Stripe, so an outage of Stripe's is not mistaken for ours. Each stored secret signs
one: Stripe's endpoint has one of them, and nobody here knows which.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from chalicelib.domain.canary import Attempt, Canary, CanaryRun, Verdict, fingerprint, verdict_of
from chalicelib.domain.errors import Retryable
from chalicelib.domain.events import StripeEvent
from chalicelib.ports import OwnWebhook, Ports


def receive_canary(event: StripeEvent, ports: Ports) -> None:
    """Keep it where its sender looks for it.

    Raises:
        Retryable: it could not be kept.
    """
    ports.events.save_canary(Canary.of(event), ports.clock.now())


def send_canaries(door: OwnWebhook, ports: Ports) -> CanaryRun:
    """Returns how far a canary comes with each stored secret, and since when a secret has been refused.

    The latest flight that was kept says since when; nothing is kept of this one.
    """
    at = ports.clock.now()
    refused_since = _refused_since(ports)
    attempts: list[Attempt] = []
    slowest = 0
    for secret in _secrets(door):
        began = ports.clock.milliseconds()
        verdict = _send(secret, door, ports)
        slowest = max(slowest, ports.clock.milliseconds() - began)
        name = fingerprint(secret)
        since = refused_since.get(name, at) if verdict is Verdict.REFUSED else None
        attempts.append(Attempt(name, verdict, since))
        if verdict not in {Verdict.PASSED, Verdict.REFUSED}:
            break  # the way is closed, whatever the secret
    return CanaryRun(verdict_of(attempts), slowest, at, tuple(attempts))


def send_and_store_canaries(door: OwnWebhook, ports: Ports) -> CanaryRun:
    """Like `fly`, and keeps the flight where the page of a connection reads it.

    A database that does not take it leaves the flight before in place, which soon is too old to say anything.
    """
    flight = send_canaries(door, ports)
    with suppress(Retryable):
        ports.connections.save_canary_run(flight)
    return flight


def _secrets(door: OwnWebhook) -> Sequence[str]:
    try:
        return door.secrets()
    except Retryable:
        return ()


def _refused_since(ports: Ports) -> dict[str, int]:
    try:
        before = ports.connections.canary_run()
    except Retryable:
        return {}
    attempts = before.attempts if before else ()
    return {each.fingerprint: each.refused_since for each in attempts if each.refused_since is not None}


def _send(secret: str, door: OwnWebhook, ports: Ports) -> Verdict:
    now = ports.clock.now()
    canary, body = Canary.create(ports.clock.nonce(), now)
    try:
        status = door.post(body, secret, now)
    except Retryable:
        return Verdict.NO_ANSWER
    if not 200 <= status < 300:
        return Verdict.THROTTLED if status == 429 else Verdict.REFUSED if 400 <= status < 500 else Verdict.FAILED
    try:
        received = ports.events.canary(canary.id)
    except Retryable:
        return Verdict.UNREADABLE
    if received is None:
        return Verdict.NOT_KEPT
    return Verdict.PASSED if received == canary else Verdict.ALTERED
