"""Follows a run book: runs its commands as they are printed, and shows their output."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from infra.demo.narrator import Narrator
from infra.local.stack import ROOT, LocalStack
from infra.local.summary import description, write
from infra.ops.stage import LOCAL
from infra.template.alarms import RUN_BOOKS

WIDTH = 108
STATUS = "./ops status"
"""This command exits with 1 unless all is well, because other alarms may still fire."""
TIMEOUT = 60
"""The most seconds that a command may take."""


@dataclass(frozen=True)
class RunBook:
    """The commands of one run book, by section.

    `Check` finds the cause, `Fix` has the repair, and `Verify` shows that the repair worked.
    """

    name: str

    def commands(self, section: str) -> list[str]:
        """Returns the commands of a section's first block, in their order, without comments."""
        text = (ROOT / RUN_BOOKS / self.name).read_text()
        first_block = rf"^## {section}\n(?:(?!## )[^\n]*\n)*?```sh\n(.*?)```"
        section_match = re.search(first_block, text, re.MULTILINE | re.DOTALL)
        if section_match is None:
            raise ValueError(f"{self.name} has no commands under {section}")
        return [line for line in section_match[1].splitlines() if line and not line.startswith("#")]


class Operator:
    """An operator at a terminal in `directory`, which contains `./ops` and `.local/stack.json`."""

    def __init__(self, stack: LocalStack, directory: Path, narrator: Narrator) -> None:
        self.directory = directory
        self._stack = stack
        self._narrator = narrator
        write(description(stack), directory / LOCAL)
        program = directory / "ops"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(ROOT / "ops"))} "$@"\n')
        program.chmod(0o755)

    def follows(
        self, book: str, section: str, lines: slice = slice(None), failing: str = "nothing", /, **values: str
    ) -> str:
        """Runs the commands of a section as they are printed. Returns the output of the last one.

        `values` has the values of the $NAMES in the commands. A command that ends with `failing` must exit with 1.
        """
        commands = RunBook(book).commands(section)[lines]
        return [self.runs(line, int(line.endswith(failing)), **values) for line in commands][-1]

    def runs(self, line: str, status: int = 0, /, **values: str) -> str:
        """Runs one command, which must exit with `status`. Returns its output."""
        process = self._types(line, values)
        self._narrator.command(line)
        for name in re.findall(r"\$(\w+)", line):
            self._narrator.notes(f"${name} is {values[name]}")
        self._narrator.shows_output(process.stdout if process.returncode == 0 else process.stdout + process.stderr)
        output = Text.from_ansi(process.stdout).plain
        if line == STATUS:
            status = int(not output.rstrip().endswith("All is well."))
        self._narrator.expects("Exit status", process.returncode, status)
        return output

    def json_of(self, *words: str, good_statuses: tuple[int, ...] = (0,)) -> Any:
        """Returns the JSON output of a command without showing it. `good_statuses` has the accepted exit statuses.

        Raises:
            RuntimeError: the command exited with another status.
        """
        process = self._types(f"./ops --json {' '.join(words)}", {})
        if process.returncode not in good_statuses:
            raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}: {process.stdout}{process.stderr}")
        return json.loads(process.stdout)

    def _types(self, line: str, values: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POM_"))}
        terminal_settings = {
            "COLUMNS": str(WIDTH),
            "FORCE_COLOR": "1",
        }
        return subprocess.run(
            ["/bin/sh", "-c", line],
            env={**environment, **terminal_settings, **values},
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
