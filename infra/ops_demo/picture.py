"""Draws the dashboard: `python -m infra.ops_demo.picture` writes docs/dashboard.svg.

The widgets are those of the template. The lines are the metrics of a recorded night of `make ops-demo`. To draw
another night, run `make ops-demo ARGS="--record infra/ops_demo/night.json"` and then this command.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from infra.ops_demo.plotted import Line, lines
from infra.ops_demo.recording import Recording
from infra.template.dashboard import body

FILE = Path(__file__).resolve().parents[2] / "docs" / "dashboard.svg"
UNIT_X, UNIT_Y, GAP = 52, 34, 5
LEFT, TOP, BELOW, ROW = 44, 30, 16, 13
"""Pixels around a plot, for the scale, the title and the times, and for each row of the legend."""
NAMES_A_ROW = 9
LABELS, LABEL_WIDTH = 6, 32
HEADROOM = 1.12
"""A graph's height as a multiple of its highest value."""
HOUR = 3600
COLOURS = ("#4269d0", "#efb118", "#3ca951", "#a463f2", "#6cc5b0", "#ff8ab7", "#9c6b4e", "#97bbf5", "#9498a0")
ALARM, INK, PALE, LINK = "#d13212", "#16191f", "#879596", "#0073bb"


def picture(recording: Recording) -> str:
    """Returns the dashboard in its layout, with the recorded metrics, as SVG."""
    widgets = body()["widgets"]
    width = max(each["x"] + each["width"] for each in widgets) * UNIT_X
    height = max(each["y"] + each["height"] for each in widgets) * UNIT_Y
    drawn = "\n".join(_widget(each, recording) for each in widgets)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">\n'
        f'<rect width="{width}" height="{height}" fill="#f2f3f3"/>\n{drawn}\n</svg>\n'
    )


def _widget(widget: dict[str, Any], recording: Recording) -> str:
    x, y = widget["x"] * UNIT_X + GAP, widget["y"] * UNIT_Y + GAP
    width, height = widget["width"] * UNIT_X - 2 * GAP, widget["height"] * UNIT_Y - 2 * GAP
    properties = widget["properties"]
    parts = [f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="#fff" stroke="#d5dbdb"/>']
    if widget["type"] == "text":
        title, _, lines_below = properties["markdown"].removeprefix("## ").partition("\n")
        good, _, books = lines_below.partition(" Run books: ")
        parts += [_text(x + 10, y + 24, title, 17, bold=True), _text(x + 10, y + 44, good, 12)]
        parts.append(_text(x + width - 10, y + 24, _run_book_names(books), 11, colour=LINK, anchor="end"))
    elif widget["type"] == "alarm":
        parts += _alarms([arn.rpartition("}-")[2] for arn in properties["alarms"]], recording, x, y, width, height)
    else:
        parts += Plot(properties, recording, x, y, width, height).drawn()
    return "".join(parts)


def _alarms(names: Sequence[str], recording: Recording, x: int, y: int, width: int, height: int) -> list[str]:
    title = f"{len(names)} alarms; those in red fired during the recorded night, and were quiet again at its end"
    parts = [_text(x + 10, y + 20, title, 13, bold=True)]
    column = (width - 20) // NAMES_A_ROW
    for number, name in enumerate(names):
        row, place = divmod(number, NAMES_A_ROW)
        colour = ALARM if name in recording.fired else INK
        parts.append(_text(x + 10 + place * column, y + 42 + 16 * row, name, 9, colour=colour, bold=colour == ALARM))
    acts = ", ".join(f"{name.partition(':')[0].lower()} ({at // 60} min)" for at, name in recording.acts[1:])
    return [*parts, _text(x + 10, y + height - 10, f"Dotted lines: {acts}", 11, colour=PALE)]


class Plot:
    """One graph: a scale, the lines, the thresholds of alarms, the beginnings of the acts, and a legend."""

    def __init__(
        self, properties: dict[str, Any], recording: Recording, x: int, y: int, width: int, height: int
    ) -> None:
        self._properties = properties
        self._recording = recording
        self._lines = lines(properties, recording)
        self._limits = properties.get("annotations", {}).get("horizontal", [])
        self._legend = _legend(self._lines)
        self._x, self._y = x, y
        self._left, self._right = x + LEFT, x + width - 10
        self._top = y + TOP
        self._bottom = y + height - BELOW - ROW * -(-len(self._legend) // 2) - 4
        self._stacked = bool(properties["stacked"])
        self._highest = self._scale()

    def drawn(self) -> list[str]:
        """Returns all parts of the graph as SVG elements."""
        parts = [_text(self._x + 10, self._y + 18, self._properties["title"], 13, bold=True)]
        parts += self._axes() + self._acts()
        parts += self._areas() if self._stacked else self._curves()
        return parts + self._thresholds() + self._labels()

    def _scale(self) -> float:
        values = (
            self._totals() if self._stacked else [p for line in self._lines for p in line.points if p is not None]
        )
        highest = max([*values, *(each["value"] for each in self._limits)], default=0)
        return (highest if highest > 0 else 1.0) * HEADROOM

    def _totals(self) -> list[float]:
        columns = zip(*(line.points for line in self._lines), strict=True)
        return [sum(point or 0 for point in column) for column in columns]

    def _at(self, number: int, value: float) -> tuple[float, float]:
        seconds = (number + 0.5) * self._properties["period"]
        return round(self._across(seconds), 1), round(self._up(value), 1)

    def _across(self, seconds: float) -> float:
        return self._left + (self._right - self._left) * min(seconds / self._recording.seconds, 1)

    def _up(self, value: float) -> float:
        return self._bottom - (self._bottom - self._top) * value / self._highest

    def _axes(self) -> list[str]:
        parts = []
        for part in (0, 0.5, 1):
            value = self._highest / HEADROOM * part
            at = self._up(value)
            parts.append(f'<path d="M{self._left} {at:.1f}H{self._right}" stroke="#eaeded"/>')
            parts.append(_text(self._left - 5, at + 3, _number(value), 9, colour=PALE, anchor="end"))
        for hour in range(self._recording.seconds // HOUR + 1):
            at = self._across(hour * HOUR)
            parts.append(_text(at, self._bottom + 12, f"{hour} h", 9, colour=PALE, anchor="middle"))
        return parts

    def _acts(self) -> list[str]:
        return [
            f'<path d="M{self._across(at):.1f} {self._top}V{self._bottom}" stroke="#aab7b8" stroke-dasharray="1 3"/>'
            for at, _ in self._recording.acts[1:]
        ]

    def _curves(self) -> list[str]:
        parts = []
        for number, line in enumerate(line for line in self._lines if line.has_data):
            colour = COLOURS[number % len(COLOURS)]
            points = [(n, value) for n, value in enumerate(line.points) if value is not None]
            measured_periods = {n for n, _ in points}
            # Values every ten minutes are joined to one line. A longer time without values is a gap.
            path = "".join(
                f"{'L' if {n - 1, n - 2} & measured_periods else 'M'}{_pair(self._at(n, value))}"
                for n, value in points
            )
            parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
            dots = [self._at(n, value) for n, value in points]
            parts += [f'<circle cx="{x}" cy="{y}" r="1.6" fill="{colour}"/>' for x, y in dots]
        return parts

    def _areas(self) -> list[str]:
        parts = []
        below = [0.0] * (max((len(line.points) for line in self._lines), default=0))
        for number, line in enumerate(line for line in self._lines if line.has_data):
            above = [base + (value or 0) for base, value in zip(below, line.points, strict=True)]
            there = [self._at(n, value) for n, value in enumerate(above)]
            back = [self._at(n, value) for n, value in enumerate(below)][::-1]
            path = "L".join(map(_pair, (*there, *back)))
            parts.append(f'<path d="M{path}Z" fill="{COLOURS[number % len(COLOURS)]}" fill-opacity="0.8"/>')
            below = above
        return parts

    def _thresholds(self) -> list[str]:
        parts = []
        for limit in self._limits:
            at = self._up(limit["value"])
            parts.append(f'<path d="M{self._left} {at:.1f}H{self._right}" stroke="{ALARM}" stroke-dasharray="5 3"/>')
            label = f"{limit['label']}: {limit['value']:g}"
            parts.append(_text(self._right, at - 3, label, 9, colour=ALARM, anchor="end"))
        return parts

    def _labels(self) -> list[str]:
        if not any(line.has_data for line in self._lines):
            middle = (self._left + self._right) / 2, (self._top + self._bottom) / 2
            counted_by_aws = all(str(row[0]).startswith("AWS/") for row in self._properties["metrics"])
            why = "measured by AWS, not by the local stack" if counted_by_aws else "no data that night"
            return [_text(*middle, why, 11, colour=PALE, anchor="middle")]
        parts = []
        column = (self._right - self._x - 10) // 2
        for number, label in enumerate(self._legend):
            row, place = divmod(number, 2)
            x, y = self._x + 10 + place * column, self._bottom + BELOW + 11 + ROW * row
            if number < LABELS:
                parts.append(f'<rect x="{x}" y="{y - 8}" width="9" height="9" fill="{COLOURS[number]}"/>')
            parts.append(_text(x + 13, y, label, 10))
        return parts


def _legend(drawn: Sequence[Line]) -> list[str]:
    labels = [line.label for line in drawn if line.has_data]
    short_labels = [
        label if len(label) <= LABEL_WIDTH else f"{label[: LABEL_WIDTH - 1]}…" for label in labels[:LABELS]
    ]
    hidden_count = len(labels) - len(short_labels)
    return [*short_labels, f"and {hidden_count} more"] if hidden_count else short_labels


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _pair(point: tuple[float, float]) -> str:
    return f"{point[0]} {point[1]}"


def _run_book_names(markdown: str) -> str:
    names = [part.partition("]")[0] for part in markdown.split("[")[1:]]
    return f"Run books: {', '.join(names)}" if names else ""


def _text(
    x: float, y: float, text: str, size: int, *, bold: bool = False, colour: str = INK, anchor: str = "start"
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}"{weight}{where}>{escape(text)}</text>'


if __name__ == "__main__":
    FILE.write_text(picture(Recording.read()))
