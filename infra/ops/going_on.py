"""Related things, each with the command that explains it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from infra.ops.screen import Screen


def command_for(what: str, organization: str, kind: str | None = None) -> str:
    """Returns the command that explains something, as `status` and run books write commands: without the program."""
    words = ["explain", what, "--organization", organization, *(("--kind", kind) if kind else ())]
    return shlex.join(words)


def go_on(screen: Screen, organization: str, related: Sequence[tuple[str, str]]) -> None:
    """Tells what is related, each with its command. `related` has what each is, and its id."""
    rows = [
        {"what": what, "id": each, "command": command_for(each, organization)}
        for what, each in dict.fromkeys(related)
    ]
    screen.lines("related", "Related", rows, [(f"{row['what']:10}  {row['command']}",) for row in rows], whole=True)
