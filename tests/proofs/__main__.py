"""Run the proofs: `python -m tests.proofs [--slice short|middle|full] [--minutes 15] [names…]`, or replay a failure.

Exits with 1 if anything fails. The full slice spends the minutes on random towns, after all that can be enumerated.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from tests.proofs import conservation, crashes, healing, hostile_doors, machine, never_twice, permutations
from tests.proofs.report import Budget, Result
from tests.proofs.stage import Deed

PROOFS: dict[str, tuple[Callable[[Budget], Result], float]] = {
    "permutations": (permutations.prove, 0.0),
    "crashes": (crashes.prove, 0.0),
    "conservation": (conservation.prove, 0.45),
    "never-twice": (never_twice.prove, 0.25),
    "machine": (machine.prove, 0.2),
    "healing": (healing.prove, 0.05),
    "hostile-doors": (hostile_doors.prove, 0.05),
}
"""Name to what proves it, and its share of the time: those without one are enumerated, however long it takes."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="proof", help=f"of {', '.join(PROOFS)}; all if none is named")
    parser.add_argument("--slice", choices=("short", "middle", "full"), default="full")
    parser.add_argument("--minutes", type=float, default=15.0, help="for what is random, in the full slice")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", help="deeds, with commas between, to be played in the town of the seed")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - set(PROOFS)
    if unknown:
        parser.error(f"no such proof: {', '.join(sorted(unknown))}")
    if asked.replay is not None:
        return replay(asked.seed, asked.replay)
    seconds = {"short": 60.0, "middle": 240.0, "full": asked.minutes * 60}[asked.slice]
    results = [prove(name, asked.slice, seconds, asked.seed) for name in asked.names or PROOFS]
    if asked.json:
        print(json.dumps([asdict(result) for result in results], indent=2, default=str))
    else:
        show(results)
    return 1 if any(result.failures for result in results) else 0


def prove(name: str, size: str, seconds: float, seed: int) -> Result:
    run, share = PROOFS[name]
    began = time.monotonic()
    result = run(Budget(slice=size, seconds=seconds * share, seed=seed))
    result.seconds = round(time.monotonic() - began, 1)
    return result


def replay(seed: int, deeds: str) -> int:
    """Play a schedule again, step by step."""
    played = conservation.run(seed, [Deed.parse(text) for text in deeds.split(",")])
    print("\n".join(played.trace))
    print(f"\nexecution {played.digest}: {played.violation or 'every invariant held'}")
    return 1 if played.violation else 0


def show(results: list[Result]) -> None:
    console = Console()
    table = Table(title="Proofs")
    for column in ("proof", "what was tried", "how many", "failures", "seconds", "seed"):
        table.add_column(column, justify="left" if column in ("proof", "what was tried") else "right")
    for result in results:
        figures = "".join(f"\n{value:,} {name}" for name, value in result.figures.items() if isinstance(value, int))
        failures = f"[red]{len(result.failures)}[/red]" if result.failures else "0"
        table.add_row(
            result.proof, result.tried + figures, f"{result.count:,}", failures, f"{result.seconds:.1f}",
            str(result.seed),
        )  # fmt: skip
    console.print(table)
    for result in results:
        for failure in result.failures:
            console.print(f"\n{result.proof}: {failure}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
