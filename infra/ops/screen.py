"""What an operator sees: tables for people, or one JSON document for scripts; progress goes to standard error."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

T = TypeVar("T")
Row = Mapping[str, Any]


@dataclass
class Screen:
    """Collects what is to be told; `as_json` says it all at once in the end."""

    as_json: bool = False
    document: dict[str, Any] = field(default_factory=dict)
    failed: bool = False

    def table(
        self,
        name: str,
        title: str,
        rows: Sequence[Row],
        columns: Sequence[str] = (),
        style: Callable[[Row], str] = lambda row: "",
    ) -> None:
        """Tell rows; `columns` are those that people see, all of the first row's unless given; `style` is rich's."""
        self.document[name] = [dict(row) for row in rows]
        if self.as_json:
            return
        shown = Table(title=escape(title), title_justify="left", title_style="bold")
        names = columns or tuple(rows[0] if rows else ("nothing",))
        for column in names:
            shown.add_column(column.replace("_", " "), overflow="fold")
        for row in rows:
            # A text may hold square brackets, which rich would take for markup.
            shown.add_row(*(escape(_text(row.get(column))) for column in names), style=style(row))
        console = Console()
        console.print(shown if rows else f"[bold]{escape(title)}[/bold]: none", highlight=False)

    def fact(self, name: str, value: Any, text: str) -> None:
        """Tell one thing."""
        self.document[name] = value
        if not self.as_json:
            Console().print(text, highlight=False, markup=False, soft_wrap=True)

    def failure(self, text: str) -> None:
        """Something did not go well: the exit status will say so."""
        self.failed = True
        self.document.setdefault("failures", []).append(text)
        print(text, file=sys.stderr)

    def warning(self, text: str) -> None:
        """What must not be overlooked."""
        self.document.setdefault("warnings", []).append(text)
        Console(stderr=True).print(text, style="bold red", highlight=False, markup=False, soft_wrap=True)

    def step(self, text: str) -> None:
        """Tell what is going on, to whoever watches."""
        print(text, file=sys.stderr, flush=True)

    def each(self, items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
        """The items, with a bar where a person watches."""
        console = Console(stderr=True)
        hidden = self.as_json or not console.is_terminal
        yield from track(items, what, total=total, console=console, disable=hidden, transient=True)

    def close(self) -> None:
        """Say the document, if that was asked for."""
        if self.as_json:
            print(json.dumps(self.document, indent=2, default=str))


@contextmanager
def telling(screen: Screen) -> Iterator[Screen]:
    """A screen that is closed in the end, whatever happens."""
    try:
        yield screen
    finally:
        screen.close()


def moment(at: int | None) -> str:
    """Epoch seconds as people and machines read them."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else "-"


def ago(at: int | None, now: int) -> str:
    """How long something is past."""
    if not at:
        return "never"
    seconds = max(now - at, 0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _text(value: Any) -> str:
    return "-" if value is None or value == "" else str(value)
