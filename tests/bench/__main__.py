"""`make bench`: measures the budgets, prints one table and writes build/bench.json; exits with 1 if a count exceeds
its budget.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console

from tests.bench import (
    bulk,
    cost,
    counts,
    cpu,
    end_to_end,
    fair,
    growth,
    imports,
    month,
    partitions,
    payouts,
    stack,
    stories,
    sweep,
    trips,
    zip_size,
)
from tests.bench.figures import Figure, show, write

PARTS = {
    "imports": imports.measure,
    "cpu": cpu.measure,
    "counts": counts.measure,
    "trips": trips.measure,
    "stories": stories.measure,
    "payouts": payouts.measure,
    "partitions": partitions.measure,
    "fair": fair.measure,
    "cost": cost.measure,
    "month": month.measure,
    "zip": zip_size.measure,
    "bulk": bulk.measure,
    "sweep": sweep.measure,
    "growth": growth.measure,
    "stack": stack.measure,
    "end-to-end": end_to_end.measure,
}
WIDTH = 140


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"only these: {', '.join(PARTS)}")
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"), help="(default: %(default)s)")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    figures: list[Figure] = []
    for name, measure in PARTS.items():
        if options.parts and name not in options.parts:
            continue
        began = time.monotonic()
        with console.status(f"measuring: {name}"):
            figures += measure()
        console.print(f"[dim]{name}: {time.monotonic() - began:.0f} s[/dim]")
    show(figures, console)
    write(figures, options.output)
    console.print(f"[dim]The same as JSON: {options.output}[/dim]")
    return 1 if any(each.is_count and each.good is False for each in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
