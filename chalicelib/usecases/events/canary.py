"""Sends signed test events ("canaries") to POM's public webhook URL, and checks that each arrives in the table.

A canary takes the path of Stripe's events: DNS, TLS, API Gateway, the handler, its copy of the secret, the signature
and the write. It does not call Stripe, so an outage of Stripe's is not mistaken for one of POM's. One canary is sent
for each stored secret, because POM cannot read which of them Stripe's endpoint uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from chalicelib.domain.canary import Attempt, Canary, CanaryRun, Verdict, fingerprint, verdict_of
from chalicelib.domain.errors import Retryable
from chalicelib.domain.events import StripeEvent
from chalicelib.ports import OwnWebhook, Ports


def receive_canary(event: StripeEvent, ports: Ports) -> None:
    """Stores a received canary, so that its sender can read it.

    Raises:
        Retryable: it could not be stored.
    """
    ports.events.save_canary(Canary.of(event), ports.clock.now())


def send_canaries(webhook: OwnWebhook, ports: Ports) -> CanaryRun:
    """Sends one canary for each stored secret. Returns the results, and since when each refused secret has been
    refused.

    The time of the first refusal comes from the latest stored run. This run is not stored.
    """
    at = ports.clock.now()
    refused_since = _refused_since(ports)
    attempts: list[Attempt] = []
    slowest = 0
    for secret in _secrets(webhook):
        began = ports.clock.milliseconds()
        verdict = _send(secret, webhook, ports)
        slowest = max(slowest, ports.clock.milliseconds() - began)
        name = fingerprint(secret)
        since = refused_since.get(name, at) if verdict is Verdict.REFUSED else None
        attempts.append(Attempt(name, verdict, since))
        if verdict not in {Verdict.PASSED, Verdict.REFUSED}:
            break  # the endpoint cannot be reached, so another secret would fail too
    return CanaryRun(verdict_of(attempts), slowest, at, tuple(attempts))


def send_and_store_canaries(webhook: OwnWebhook, ports: Ports) -> CanaryRun:
    """Sends the canaries and stores the run, from which the health of connections is shown.

    If the run cannot be stored, the previous run stays until it is too old to be used.
    """
    run = send_canaries(webhook, ports)
    with suppress(Retryable):
        ports.connections.save_canary_run(run)
    return run


def _secrets(webhook: OwnWebhook) -> Sequence[str]:
    try:
        return webhook.secrets()
    except Retryable:
        return ()


def _refused_since(ports: Ports) -> dict[str, int]:
    try:
        latest_run = ports.connections.canary_run()
    except Retryable:
        return {}
    attempts = latest_run.attempts if latest_run else ()
    return {each.fingerprint: each.refused_since for each in attempts if each.refused_since is not None}


def _send(secret: str, webhook: OwnWebhook, ports: Ports) -> Verdict:
    now = ports.clock.now()
    canary, body = Canary.create(ports.clock.nonce(), now)
    try:
        status = webhook.post(body, secret, now)
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
