"""`user-in-logs`: shows the name by which log lines refer to a user."""

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
    """Show the name by which log lines refer to a user of an organization. USER is the id in POM's tokens (`sub`).

    The saved query `who-asked-for-what` shows these names with each request.
    """
    name = user_in_logs(organization, user)
    screen.fact("user", name, name)
