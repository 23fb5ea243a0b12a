"""Related things, each with the command that explains it."""

from __future__ import annotations

from collections.abc import Sequence

from infra.ops.screen import Screen

COMMANDS = frozenset({"event", "invoice", "organization", "payout"})
"""The names of `explain`'s own commands."""


def explaining(screen: Screen, what: str, organization: str, *more: str) -> str:
    """Returns the command that explains a thing. A thing that is called like a command comes behind the options."""
    options = ("--organization", organization, *more)
    if what in COMMANDS:
        return screen.command("explain", options=(*options, what))
    return screen.command("explain", what, options=options)


def go_on(screen: Screen, organization: str, related: Sequence[tuple[str, str]]) -> None:
    """Tells what is related, each with its command. `related` has what each is, and its id."""
    rows = [
        {"what": what, "id": each, "command": explaining(screen, each, organization)}
        for what, each in dict.fromkeys(related)
    ]
    screen.lines("related", "Related", rows, [(f"{row['what']:10}  {row['command']}",) for row in rows], whole=True)
