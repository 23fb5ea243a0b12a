"""Related objects, each with the command that explains it."""

from __future__ import annotations

from collections.abc import Sequence

from infra.ops.screen import Screen

COMMANDS = frozenset({"event", "invoice", "organization", "payout"})
"""The names of the commands of `explain`."""


def explain_command(screen: Screen, object_id: str, organization: str, *more_options: str) -> str:
    """Returns the command that explains an object. An object with the name of a command comes after the options."""
    options = ("--organization", organization, *more_options)
    if object_id in COMMANDS:
        return screen.command("explain", options=(*options, object_id))
    return screen.command("explain", object_id, options=options)


def show_related(screen: Screen, organization: str, related: Sequence[tuple[str, str]]) -> None:
    """Shows related objects, each with its command. `related` has the kind and the id of each object."""
    rows = [
        {"what": kind, "id": object_id, "command": explain_command(screen, object_id, organization)}
        for kind, object_id in dict.fromkeys(related)
    ]
    screen.lines(
        "related", "Related", rows, [(f"{row['what']:10}  {row['command']}",) for row in rows], keep_on_one_line=True
    )
