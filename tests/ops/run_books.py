"""The run books, and the commands in them."""

from __future__ import annotations

import re

from infra.package import ROOT
from infra.template.alarms import RUN_BOOKS

BOOKS = sorted(book for book in (ROOT / RUN_BOOKS).glob("*.md") if book.name != "README.md")


def commands(text: str) -> list[str]:
    """Returns the lines of its fenced blocks that run this program, then those within sentences, each as printed."""
    fenced_lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    inline_commands = re.findall(r"`(\./ops [^`]+)`", text)
    return [line for line in (*fenced_lines, *inline_commands) if line.startswith("./ops")]
