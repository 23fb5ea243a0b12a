"""Prints the story: each step quotes the guide, says what was done, and checks the result."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Check:
    """One check: a value in POM or Stripe, and the expected value."""

    subject: str
    actual: str
    expected: str

    @property
    def passed(self) -> bool:
        return self.actual == self.expected


@dataclass(slots=True)
class Step:
    """One step of the story."""

    number: int
    guide: str
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(seen.passed for seen in self.checks)


@dataclass(frozen=True, slots=True)
class Headings:
    """The words above the summary, and the form in which the sentences of the steps are printed."""

    title: str = "The guide's promises, and the results in POM and Stripe"
    column: str = "The guide says"
    sentence: str = "“{}”"


class Narrator:
    """Prints the story and collects the results of its checks."""

    def __init__(self, console: Console, *, pause: bool = False, headings: Headings | None = None) -> None:
        self._console = console
        self._pause = pause
        self._headings = headings or Headings()
        self._began = time.monotonic()
        self._steps: list[Step] = []

    def title(self, text: str, subtitle: str) -> None:
        """Prints the title of the story."""
        self._console.print(Panel(Text(text, style="bold", justify="center"), subtitle=subtitle, style="cyan"))

    def chapter(self, name: str) -> None:
        """Prints the heading of a chapter."""
        self._console.print()
        self._console.rule(f"[bold cyan]{name}", align="left", style="cyan")

    def quotes(self, guide: str) -> None:
        """Begins a step with a sentence of the guide."""
        if self._pause and self._steps:
            self._console.input("[dim]Press Enter to continue[/dim]")
        step = Step(len(self._steps) + 1, guide)
        self._steps.append(step)
        self._console.print()
        self._console.print(
            Text.assemble((f"{step.number:>2}  ", "bold cyan"), (self._headings.sentence.format(guide), "bold"))
        )

    def does(self, action: str) -> None:
        """Prints what was done."""
        self._console.print(Text.assemble("    ", ("did    ", "dim"), action))

    def expects(self, subject: str, actual: object, expected: object) -> None:
        """Prints a value and whether it is the expected one."""
        check = Check(subject, _plain(actual), _plain(expected))
        self._steps[-1].checks.append(check)
        mark = ("✓ ", "bold green") if check.passed else ("✗ ", "bold red")
        line = Text.assemble(
            "    ", mark, (f"{subject}: ", "dim"), (check.actual, "green" if check.passed else "red")
        )
        if not check.passed:
            line.append(f"   expected {check.expected}", style="red")
        self._console.print(line)

    def notes(self, text: str) -> None:
        """Prints a remark that is not checked."""
        self._console.print(Text.assemble("      ", (text, "dim")))

    def command(self, line: str) -> None:
        """Prints a line that was typed into a terminal."""
        self._console.print()
        self._console.print(Text.assemble("    ", ("$ ", "bold cyan"), (line, "bold")), soft_wrap=True)

    def shows_output(self, text: str) -> None:
        """Prints the output of another program, with its colours."""
        for line in Text.from_ansi(text).split():
            self._console.print(Text.assemble("      ", line), soft_wrap=True)

    def letter(self, sender: str, subject: str, text: str) -> None:
        """Prints an e-mail as its recipient reads it."""
        contents = Text.assemble(
            ("From: ", "dim"), sender, "\n", ("Subject: ", "dim"), (subject, "bold"), "\n\n", text.strip()
        )
        self._console.print(Padding(Panel(contents, box=box.SQUARE, style="dim"), (0, 0, 0, 4)))

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """Prints a small table inside a step."""
        table = Table(title=title, box=box.SIMPLE, title_justify="left", title_style="dim", pad_edge=False)
        for column in columns:
            table.add_column(column)
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    def ends(self) -> bool:
        """Prints the summary. Returns True if every check passed."""
        self._console.print()
        table = Table(title=self._headings.title, box=box.ROUNDED)
        table.add_column("#", justify="right", style="cyan")
        table.add_column(self._headings.column, ratio=3)
        table.add_column("Result", ratio=2)
        table.add_column("", justify="center")
        for step in self._steps:
            shown_checks = [check for check in step.checks if not check.passed] or step.checks[-1:]
            results = "; ".join(f"{check.subject}: {check.actual}" for check in shown_checks) or "nothing"
            mark = Text("✓", style="bold green") if step.passed else Text("✗", style="bold red")
            table.add_row(str(step.number), step.guide, results, mark)
        self._console.print(table)
        failed_steps = [step for step in self._steps if not step.passed]
        check_count = sum(len(step.checks) for step in self._steps)
        seconds = time.monotonic() - self._began
        failed_count = sum(not check.passed for step in self._steps for check in step.checks)
        verdict = (
            f"{check_count} checks passed" if not failed_steps else f"{failed_count} of {check_count} checks failed"
        )
        self._console.print(f"[bold]{len(self._steps)} steps, {verdict}, in {seconds:.0f} s.[/bold]")
        return not failed_steps


def _plain(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
