"""`canary`: whether Stripe's events get in, now."""

from __future__ import annotations

import click

from chalicelib.usecases.events.canary import send_canaries
from infra.ops.cli import command
from infra.ops.screen import Screen
from infra.ops.stage import Stage


@click.command()
@command
def canary(stage: Stage, screen: Screen) -> None:
    """Send signed events of our own by the public URL, one for each secret, and look for them in the table.

    They are about nobody, ask nothing of Stripe, and go by themselves after an hour. The schedule does the same; only
    its flights decide what the page of a connection says.
    """
    flight = send_canaries(stage.ports.own_webhook, stage.ports)
    screen.document["milliseconds"] = flight.milliseconds
    screen.fact("verdict", flight.verdict, f"{stage.webhook_url}: {flight.verdict} in {flight.milliseconds} ms")
    attempts = [{"fingerprint": each.fingerprint, "verdict": each.verdict} for each in flight.attempts]
    screen.table("secrets", "With each secret, the newest first", attempts)
    if not flight.verdict.passed:
        screen.failure("Stripe's events do not get in: see docs/runbooks/canary.md.")
