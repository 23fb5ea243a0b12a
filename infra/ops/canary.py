"""`canary`: tests now whether Stripe's events can reach POM."""

from __future__ import annotations

import click

from chalicelib.usecases.events.canary import send_canaries
from infra.ops.cli import command
from infra.ops.screen import Screen
from infra.ops.stage import Stage


@click.command()
@command
def canary(stage: Stage, screen: Screen) -> None:
    """Send signed test events to the public URL, one for each secret, and check that they reach the table.

    The events are about no customer, do not call Stripe, and are deleted after an hour. The schedule does the same.
    Only the schedule's result is shown on the page of a connection.
    """
    flight = send_canaries(stage.ports.own_webhook, stage.ports)
    screen.document["milliseconds"] = flight.milliseconds
    screen.fact("verdict", flight.verdict, f"{stage.webhook_url}: {flight.verdict} in {flight.milliseconds} ms")
    attempts = [{"fingerprint": each.fingerprint, "verdict": each.verdict} for each in flight.attempts]
    screen.table("secrets", "With each secret, the newest first", attempts)
    if not flight.verdict.passed:
        screen.failure("Stripe's events cannot reach POM: see docs/runbooks/canary.md.")
