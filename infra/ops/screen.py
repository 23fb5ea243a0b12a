"""The output of a command: tables for people, or one JSON document for scripts. Progress goes to standard error."""

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
"""The width in columns below which a sentence in a table is hard to read."""

INDENT = 4
"""The columns by which the continuation of a long line is indented."""


_UNSAFE = {
    code: "\ufffd"
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\n\t"
}
"""Characters that control a terminal or reverse the direction of text. Names from outside POM may contain them."""

_HEADINGS = {
    "what": "item",
    "is": "value",
    "good": "ok",
    "events_seen": "events listed",
    "early": "applied before webhook",
    "unheard": "webhook did not arrive",
    "parked_lately": "parked within a day",
    "given_up": "no longer tried",
    "goes_on": "continues in a later run",
    "fees_left_before": "fees not read before",
    "left_out": "skipped because",
}
"""The headings of columns whose JSON keys would be unclear to people."""

BLOCK_MARGIN = 2
"""The columns by which a row is indented that is printed as a block of lines."""


@dataclass
class Screen:
    """Prints the results of a command, or with `as_json` collects them and prints one document at the end.

    `program` has the words that started this program, including the chosen stage.
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
        """Prints rows as a table with `columns`, or with all fields of the first row. `style` is a style of rich.

        Words and ids are never broken. A table that is too wide for the screen is printed row by row, with one field
        on each line. An id that is longer than the screen has a line of its own.
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
        """Prints one line for each row.

        `lines` has each row's line in several forms, the fullest first. The first form that fits on the screen is
        printed. If no form fits, the last one is wrapped and indented, without breaking words. With
        `keep_on_one_line` it is not wrapped, because a line break would make a copied command fail.
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
        """Prints one sentence. The JSON document has `value` under `name`."""
        self.document[name] = value
        if not self.as_json:
            Console().print(_safe(text), highlight=False, markup=False, soft_wrap=True)

    def command(self, name: str, *names: str, options: Sequence[str] = ()) -> str:
        """Returns a command of this program for the same stage, as a line that can be pasted.

        `names` are ids of objects. POM's ids may begin with a dash. Then the names come after `--`, so that no id is
        taken for an option.
        """
        if any(each.startswith("-") for each in names):
            return shlex.join((*self.program, name, *options, "--", *names))
        return shlex.join((*self.program, name, *names, *options))

    def failure(self, text: str) -> None:
        """Prints a failure. The exit status will be 1."""
        self.failed = True
        self.document.setdefault("failures", []).append(text)
        print(_safe(text), file=sys.stderr)

    def warning(self, text: str) -> None:
        """Prints a warning that the operator must not overlook."""
        self.document.setdefault("warnings", []).append(text)
        Console(stderr=True).print(_safe(text), style="bold red", highlight=False, markup=False, soft_wrap=True)

    def step(self, text: str) -> None:
        """Prints what the command is doing now, on standard error."""
        print(_safe(text), file=sys.stderr, flush=True)

    def each(self, items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        """Yields the items, and shows a progress bar on a terminal."""
        console = Console(stderr=True)
        hidden = self.as_json or not console.is_terminal
        yield from track(items, description, total=total, console=console, disable=hidden, transient=True)

    def close(self) -> None:
        """Prints the JSON document, if JSON was requested."""
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
    """Returns epoch seconds as an ISO 8601 timestamp in UTC, or None for None or 0."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def time_since(at: int | None, now: int) -> str:
    """Returns in words how long ago something happened, or `never`."""
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
    """Returns a table whose minimum width keeps every word whole and gives each sentence some room."""
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
    """Returns the width in columns that the table needs: its words, blanks at both sides, and lines between
    columns.
    """
    return sum((column.min_width or 0) + 3 for column in table.columns) + 1


def _row_by_row(names: Sequence[str], rows: Sequence[Row], style: Callable[[Row], str], width: int) -> Iterator[Text]:
    """Yields each row as a block of lines, each with the name of a column and the row's value."""
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
    """Returns the heading of a column. Columns are named by their JSON keys, which do not change."""
    return _HEADINGS.get(column) or column.replace("_", " ")


def _text(value: Any) -> str:
    """Returns a value as people read it: yes, no, or a dash for nothing. JSON keeps true, false and null."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value == "" else _safe(str(value))


def _safe(text: str) -> str:
    """Returns the text with each character replaced that would control the terminal."""
    return text.translate(_UNSAFE)
