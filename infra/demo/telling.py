"""How the story is told: each step says what the guide says, what was done, and what POM now shows."""

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
class Seen:
    """One thing that was looked at."""

    what: str
    shown: str
    expected: str

    @property
    def true(self) -> bool:
        return self.shown == self.expected


@dataclass(slots=True)
class Step:
    """One step of the story."""

    number: int
    guide: str
    seen: list[Seen] = field(default_factory=list)

    @property
    def true(self) -> bool:
        return bool(self.seen) and all(seen.true for seen in self.seen)


@dataclass(frozen=True, slots=True)
class Headings:
    """How the story's sentences are shown, and what is above them in the summary."""

    title: str = "What the guide promises, and what POM and Stripe showed"
    column: str = "The guide says"
    sentence: str = "“{}”"


class Teller:
    """Prints the story and remembers whether it was true."""

    def __init__(self, console: Console, *, pause: bool = False, headings: Headings | None = None) -> None:
        self._console = console
        self._pause = pause
        self._headings = headings or Headings()
        self._began = time.monotonic()
        self._steps: list[Step] = []

    def title(self, text: str, subtitle: str) -> None:
        """The cover."""
        self._console.print(Panel(Text(text, style="bold", justify="center"), subtitle=subtitle, style="cyan"))

    def chapter(self, name: str) -> None:
        """A heading of the guide."""
        self._console.print()
        self._console.rule(f"[bold cyan]{name}", align="left", style="cyan")

    def says(self, guide: str) -> None:
        """Begin a step with a sentence of the guide."""
        if self._pause and self._steps:
            self._console.input("[dim]Enter goes on[/dim]")
        step = Step(len(self._steps) + 1, guide)
        self._steps.append(step)
        self._console.print()
        self._console.print(
            Text.assemble((f"{step.number:>2}  ", "bold cyan"), (self._headings.sentence.format(guide), "bold"))
        )

    def does(self, what: str) -> None:
        """What was done."""
        self._console.print(Text.assemble("    ", ("did    ", "dim"), what))

    def sees(self, what: str, shown: object, expected: object) -> None:
        """What POM (or somebody else) shows, and whether that is what the guide promises."""
        seen = Seen(what, _plain(shown), _plain(expected))
        self._steps[-1].seen.append(seen)
        mark = ("✓ ", "bold green") if seen.true else ("✗ ", "bold red")
        line = Text.assemble("    ", mark, (f"{what}: ", "dim"), (seen.shown, "green" if seen.true else "red"))
        if not seen.true:
            line.append(f"   expected {seen.expected}", style="red")
        self._console.print(line)

    def tells(self, what: str) -> None:
        """Something worth reading that is not checked."""
        self._console.print(Text.assemble("      ", (what, "dim")))

    def command(self, line: str) -> None:
        """A line that was typed into a terminal."""
        self._console.print()
        self._console.print(Text.assemble("    ", ("$ ", "bold cyan"), (line, "bold")), soft_wrap=True)

    def printed(self, text: str) -> None:
        """What another program printed, with its colours."""
        for line in Text.from_ansi(text).split():
            self._console.print(Text.assemble("      ", line), soft_wrap=True)

    def letter(self, sender: str, subject: str, text: str) -> None:
        """An e-mail, as its reader sees it."""
        shown = Text.assemble(
            ("From: ", "dim"), sender, "\n", ("Subject: ", "dim"), (subject, "bold"), "\n\n", text.strip()
        )
        self._console.print(Padding(Panel(shown, box=box.SQUARE, style="dim"), (0, 0, 0, 4)))

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """A small table inside a step."""
        table = Table(title=title, box=box.SIMPLE, title_justify="left", title_style="dim", pad_edge=False)
        for column in columns:
            table.add_column(column)
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    def ends(self) -> bool:
        """The summary; answers whether everything was as it is promised."""
        self._console.print()
        table = Table(title=self._headings.title, box=box.ROUNDED)
        table.add_column("#", justify="right", style="cyan")
        table.add_column(self._headings.column, ratio=3)
        table.add_column("Result", ratio=2)
        table.add_column("", justify="center")
        for step in self._steps:
            worth_telling = [seen for seen in step.seen if not seen.true] or step.seen[-1:]
            shown = "; ".join(f"{seen.what}: {seen.shown}" for seen in worth_telling) or "nothing"
            mark = Text("✓", style="bold green") if step.true else Text("✗", style="bold red")
            table.add_row(str(step.number), step.guide, shown, mark)
        self._console.print(table)
        false = [step for step in self._steps if not step.true]
        checked = sum(len(step.seen) for step in self._steps)
        took = time.monotonic() - self._began
        failed = sum(not seen.true for step in self._steps for seen in step.seen)
        verdict = f"{checked} checks passed" if not false else f"{failed} of {checked} checks failed"
        self._console.print(f"[bold]{len(self._steps)} steps, {verdict}, in {took:.0f} s.[/bold]")
        return not false


def _plain(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
