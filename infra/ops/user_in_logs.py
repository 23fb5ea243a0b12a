"""`user-in-logs`: shows the pseudonym of a user in log lines."""

from __future__ import annotations

import click

from chalicelib.domain.caller import user_in_logs
from infra.ops.cli import command
from infra.ops.screen import Screen
from infra.ops.stage import Stage


@click.command("user-in-logs")
@click.argument("organization")
@click.argument("user")
@command
def show_log_name(_: Stage, screen: Screen, organization: str, user: str) -> None:
    """Show the pseudonym that log lines have for a user. USER is the user's id in POM's tokens (`sub`).

    The saved query `who-asked-for-what` shows the pseudonym with each request.
    """
    pseudonym = user_in_logs(organization, user)
    screen.fact("user", pseudonym, pseudonym)
