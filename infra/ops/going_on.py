"""Related things, each with the command that explains it."""

from __future__ import annotations

from collections.abc import Sequence

from infra.ops.screen import Screen


def go_on(screen: Screen, organization: str, related: Sequence[tuple[str, str]]) -> None:
    """Tells what is related, each with its command. `related` has what each is, and its id."""
    rows = [
        {"what": what, "id": each, "command": screen.command("explain", each, "--organization", organization)}
        for what, each in dict.fromkeys(related)
    ]
    screen.lines("related", "Related", rows, [(f"{row['what']:10}  {row['command']}",) for row in rows], whole=True)
