"""Figures with their budgets, printed as one table and written as JSON."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

TIMES = "\u00d7"
"""The unit of a ratio."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `good` is None if the figure has no budget. Only counts decide the exit code."""

    what: str
    measured: str
    value: float
    budget: str
    good: bool | None
    how: str
    ratio: float | None = None
    is_count: bool = False


def at_most(
    what: str, value: float, limit: float, unit: str, how: str, *, ratio: float | None = None, is_count: bool = False
) -> Figure:
    """Returns a figure that must not exceed `limit`."""
    return Figure(
        what, _formatted(value, unit), value, f"≤ {_formatted(limit, unit)}", value <= limit, how, ratio, is_count
    )


def at_least(what: str, value: float, limit: float, unit: str, how: str) -> Figure:
    """Returns a figure that must reach `limit`."""
    return Figure(what, _formatted(value, unit), value, f"≥ {_formatted(limit, unit)}", value >= limit, how)


def no_budget(what: str, value: float, unit: str, how: str, *, ratio: float | None = None) -> Figure:
    """Returns a figure without a budget."""
    return Figure(what, _formatted(value, unit), value, "", None, how, ratio)


def show(figures: list[Figure], console: Console) -> None:
    """Prints the figures as one table for people."""
    table = Table(title="Budgets, measured here", title_justify="left", box=box.ROUNDED)
    table.add_column("What", ratio=4)
    table.add_column("Measured", justify="right")
    table.add_column("Budget", justify="right")
    table.add_column("Ratio", justify="right")
    table.add_column("", justify="center")
    table.add_column("How", ratio=5, style="dim")
    marks = {True: Text("✓", "bold green"), False: Text("✗", "bold red"), None: Text("")}
    for each in figures:
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}{TIMES}"
        table.add_row(each.what, each.measured, each.budget, ratio, marks[each.good], each.how)
    console.print(table)


def write(figures: list[Figure], path: Path) -> None:
    """Writes the figures as JSON for scripts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = {"python": platform.python_version(), "platform": platform.platform()}
    path.write_text(json.dumps({"machine": machine, "figures": [asdict(each) for each in figures]}, indent=2))


def percentile(values: list[float], share: float) -> float:
    """Returns the value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _formatted(value: float, unit: str) -> str:
    number = f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
    return f"{number}{'' if unit == TIMES else ' '}{unit}".strip()
