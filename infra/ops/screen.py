"""What an operator sees: tables for people, or one JSON document for scripts; progress goes to standard error."""

from __future__ import annotations

import datetime as dt
import json
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rich.cells import cell_len
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

T = TypeVar("T")
Row = Mapping[str, Any]

SENTENCE_WIDTH = 24
"""Columns of the screen below which a sentence in a table is hard to read."""

INDENT = 4
"""Columns by which a line that does not fit on the screen is indented where it goes on."""


_UNSAFE = {
    code: "\ufffd"
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\n\t"
}
"""Characters that command a terminal or turn the order of letters. Names that strangers chose may have them."""

BLOCK_MARGIN = 2
"""Columns by which the lines of a row are indented that is shown as a block."""


@dataclass
class Screen:
    """Collects what is to be told; `as_json` says it all at once in the end.

    `program` is how this program was started, with the stage that was meant.
    """

    as_json: bool = False
    program: Sequence[str] = ("./ops",)
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
        """Tells rows; people see `columns`, or all of the first row's if none are given; `style` is rich's.

        Every word stays whole, ids included. A table that is too wide for this screen is shown row by row, one column
        a line; an id that is longer than the screen is wide is a line of its own.
        """
        self.document[name] = [dict(row) for row in rows]
        if self.as_json:
            return
        console = Console()
        console.print(Text(_safe(f"\n{title}{'' if rows else ': none'}"), style="bold"), soft_wrap=True)
        if not rows:
            return
        names = columns or tuple(rows[0])
        table = _table(names, rows, style)
        if _least_width(table) <= console.width:
            console.print(table, highlight=False)
        else:
            for line in _row_by_row(names, rows, style, console.width):
                console.print(line, highlight=False, soft_wrap=True)

    def lines(
        self,
        name: str,
        title: str,
        rows: Sequence[Row],
        lines: Sequence[Sequence[str]],
        heading: str = "",
        *,
        keep_on_one_line: bool = False,
    ) -> None:
        """Tells rows; people see one line for each.

        `lines` has each row's line in several forms, the fullest first. The first form that fits on the screen is
        printed. If none fits, the last one goes on below, indented, and no word of it is broken. With `whole` it is
        one line nevertheless: that is for commands, because a copied line break would end them.
        """
        self.document[name] = [dict(row) for row in rows]
        if self.as_json:
            return
        console = Console()
        console.print(Text(_safe(f"\n{title}{'' if rows else ': none'}"), style="bold"), soft_wrap=True)
        if rows and heading:
            console.print(heading, style="dim", highlight=False, markup=False, soft_wrap=True)
        for forms in lines:
            fitting = (form for form in forms if cell_len(form) <= console.width)
            line = next(fitting, None) or (
                forms[-1] if keep_on_one_line else "\n".join(_wrapped(forms[-1], console.width))
            )
            console.print(_safe(line), highlight=False, markup=False, soft_wrap=True)

    def fact(self, name: str, value: Any, text: str) -> None:
        """Tell one thing."""
        self.document[name] = value
        if not self.as_json:
            Console().print(_safe(text), highlight=False, markup=False, soft_wrap=True)

    def command(self, name: str, *names: str, options: Sequence[str] = ()) -> str:
        """Returns a command of this program as a line that works when it is pasted, at the same stage.

        `what` are names of things. POM's ids may begin with a dash: such a name comes last, so that it is no option.
        """
        if any(each.startswith("-") for each in names):
            return shlex.join((*self.program, name, *options, "--", *names))
        return shlex.join((*self.program, name, *names, *options))

    def failure(self, text: str) -> None:
        """Something did not go well: the exit status will say so."""
        self.failed = True
        self.document.setdefault("failures", []).append(text)
        print(_safe(text), file=sys.stderr)

    def warning(self, text: str) -> None:
        """What must not be overlooked."""
        self.document.setdefault("warnings", []).append(text)
        Console(stderr=True).print(_safe(text), style="bold red", highlight=False, markup=False, soft_wrap=True)

    def step(self, text: str) -> None:
        """Tell what is going on, to whoever watches."""
        print(_safe(text), file=sys.stderr, flush=True)

    def each(self, items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        """The items, with a bar where a person watches."""
        console = Console(stderr=True)
        hidden = self.as_json or not console.is_terminal
        yield from track(items, description, total=total, console=console, disable=hidden, transient=True)

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


def timestamp(at: int | None) -> str | None:
    """Returns epoch seconds as people and machines read them; None if there are none."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def time_since(at: int | None, now: int) -> str:
    """How long something is past."""
    if not at:
        return "never"
    return duration_in_words(max(now - at, 0))


def duration_in_words(seconds: int) -> str:
    """Returns a number of seconds in words, such as `90 s`, `5 min` or `3 d`."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _wrapped(line: str, width: int) -> list[str]:
    indent = " " * INDENT
    return textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _table(names: Sequence[str], rows: Sequence[Row], style: Callable[[Row], str]) -> Table:
    """Returns a table whose least width leaves every word whole and gives each sentence some room."""
    table = Table()
    for name in names:
        texts = [_text(row.get(name)) for row in rows]
        longest = max(cell_len(text) for text in texts)
        sentence = longest > SENTENCE_WIDTH and any(" " in text for text in texts)
        words = [word for text in (_header(name), *texts) for word in text.split()]
        least = max(SENTENCE_WIDTH, *map(cell_len, words)) if sentence else max(longest, len(_header(name)))
        table.add_column(_header(name), overflow="fold", no_wrap=not sentence, min_width=least)
    for row in rows:
        # As `Text`, because rich would take square brackets and colons of a string for markup.
        table.add_row(*(Text(_text(row.get(name))) for name in names), style=style(row))
    return table


def _least_width(table: Table) -> int:
    """Returns the columns of the screen that the table needs: words, blanks at both sides, and lines between."""
    return sum((column.min_width or 0) + 3 for column in table.columns) + 1


def _row_by_row(names: Sequence[str], rows: Sequence[Row], style: Callable[[Row], str], width: int) -> Iterator[Text]:
    """Yields each row as a block of lines: the name of a column, and what the row has there."""
    margin = " " * BLOCK_MARGIN
    label = max(len(_header(name)) for name in names) + 2
    for number, row in enumerate(rows):
        if number:
            yield Text()
        for name in names:
            text = _text(row.get(name))
            room = width - BLOCK_MARGIN - label
            if max(map(cell_len, text.split()), default=0) <= room:
                first, *more_lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [
                    text
                ]
                yield Text(f"{margin}{_header(name):{label}}{first}", style=style(row))
                indent = " " * (BLOCK_MARGIN + label)
            else:
                yield Text(f"{margin}{_header(name)}", style=style(row))
                more_lines = textwrap.wrap(
                    text, max(width - 2 * BLOCK_MARGIN, 1), break_long_words=False, break_on_hyphens=False
                )
                indent = 2 * margin
            yield from (Text(indent + line, style=style(row)) for line in more_lines)


def _header(column: str) -> str:
    return column.replace("_", " ")


def _text(value: Any) -> str:
    """Returns what people see of a value: JSON keeps true, false and null."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value == "" else _safe(str(value))


def _safe(text: str) -> str:
    """Returns a text that only shows: each character that would command the terminal is replaced by a mark."""
    return text.translate(_UNSAFE)
