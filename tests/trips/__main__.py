"""`make trips`: how many functions, files and layer crossings four pieces of work pass through in our code.

A layer is a directory directly below `chalicelib`; a crossing is a call from a function of one layer to a function of
another. A shorter trip is easier to follow. `--list NAME` lists, by file, the functions of each trip whose name
contains NAME.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import groupby

from rich.console import Console
from rich.table import Table

from tests.trips.journeys import journeys
from tests.trips.tracer import Trip

WIDTH = 100
"""Of the table where there is no terminal."""


def main() -> int:
    """Trace, and print a table or JSON; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make trips", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    parser.add_argument("--list", metavar="NAME", help="print the functions of these trips, too")
    options = parser.parse_args()
    trips = journeys()
    if options.json:
        print(json.dumps({name: trip.figures for name, trip in trips.items()}, indent=2))
        return 0
    if options.list is not None and not any(options.list in name for name in trips):
        parser.error(f"no trip's name contains {options.list!r}; there are: {', '.join(trips)}")
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    table = Table("trip", title="Trips through chalicelib")
    for column in ("functions", "files", "layer crossings"):
        table.add_column(column, justify="right")
    for name, trip in trips.items():
        table.add_row(name, *map(str, trip.figures.values()))
    console.print(table)
    for name, trip in trips.items():
        if options.list is not None and options.list in name:
            console.print(f"\n[bold]{name}[/bold]")
            console.print(_by_file(trip), markup=False, highlight=False, soft_wrap=True)
    return 0


def _by_file(trip: Trip) -> str:
    lines = []
    for file, functions in groupby(sorted(trip.functions), key=lambda each: each.file):
        lines.append(f"{file}: {', '.join(each.name for each in functions)}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
