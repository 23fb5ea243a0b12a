"""`canary`: whether Stripe's events get in, now."""

from __future__ import annotations

import click

from chalicelib.usecases.canary import fly
from infra.ops.cli import command
from infra.ops.screen import Screen
from infra.ops.stage import Stage


@click.command()
@command
def canary(stage: Stage, screen: Screen) -> None:
    """Send a signed event of our own by the public URL, and look for it in the table; the schedule does it too.

    It is about nobody, asks nothing of Stripe, and goes by itself after an hour.
    """
    flight = fly(stage.ports.webhook_door, stage.ports)
    screen.document["milliseconds"] = flight.milliseconds
    screen.fact("verdict", flight.verdict, f"{stage.webhook_url}: {flight.verdict} in {flight.milliseconds} ms")
    if not flight.verdict.passed:
        screen.failure("Stripe's events do not get in: see docs/runbooks/canary.md.")
