"""Runs the proofs or replays a failure: `python -m tests.proofs [--slice short|middle|full] [--minutes 15] [names…]`.

Exits with 1 if a proof fails. The proofs that have an end run first; random towns share the remaining time.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from chalicelib.observability import SERVICE
from tests.proofs import (
    conservation,
    crashes,
    erasures,
    forgeries,
    guards,
    late_responses,
    load,
    machine,
    never_twice,
    permutations,
    publishing,
    quarter,
    reconciliation,
)
from tests.proofs.claims import INVARIANTS
from tests.proofs.pytest_proofs import tests_of
from tests.proofs.report import Budget, Result
from tests.proofs.stage import Action

PYTEST_PROOFS = {
    "own-tests": ("tests/proofs/test_proofs.py",),
    "regressions": ("tests/proofs/test_regressions.py",),
    "isolation": ("tests/proofs/test_isolation.py",),
    "connecting": ("tests/proofs/test_attacks.py", "tests/usecases/connecting/test_connect.py"),
    "stores": ("tests/proofs/test_differential.py", "tests/proofs/test_lease.py"),
    "money": ("tests/domain/test_money.py",),
    "nonsense": ("tests/proofs/test_nonsense.py",),
    "sandbox": ("tests/proofs/test_sandbox_runs.py",),
}
"""The proofs that are pytest files, each with its files."""

PROOFS: dict[str, tuple[Callable[[Budget], Result], float]] = {
    "permutations": (permutations.prove, 0.0),
    "crashes": (crashes.prove, 0.0),
    "quarter": (quarter.prove, 0.0),
    **{name: (tests_of(name, *files), 0.0) for name, files in PYTEST_PROOFS.items()},
    "mutations": (guards.prove, 0.0),
    "load": (load.prove, 0.0),
    "conservation": (conservation.prove, 0.2),
    "publishing": (publishing.prove, 0.1),
    "erasures": (erasures.prove, 0.1),
    "never-twice": (never_twice.prove, 0.2),
    "machine": (machine.prove, 0.2),
    "reconciliation": (reconciliation.prove, 0.05),
    "late-responses": (late_responses.prove, 0.1),
    "forgeries": (forgeries.prove, 0.05),
}
"""Each proof's function and its share of the time.

Proofs without a share have an end and run first, however long they take. The others share the remaining time.
"""

MINUTES = {"short": 1.0, "middle": 4.0, "full": 15.0}
LEAST = 20.0
"""The least number of seconds that the proofs with a share get."""
WIDTH = 140
"""The width of the table without a terminal."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="proof", help=f"of {', '.join(PROOFS)}; all if none is named")
    parser.add_argument("--slice", choices=("short", "middle", "full"), default="full")
    parser.add_argument("--minutes", type=float, help="the time for all proofs (short 1, middle 4, full 15)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", help="actions, separated by commas, to play in the town of the seed")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(PROOFS)
    if unknown:
        parser.error(f"no such proof: {', '.join(sorted(unknown))}")
    if options.replay is not None:
        return replay(options.seed, options.replay)
    deadline = time.monotonic() + 60 * (options.minutes or MINUTES[options.slice])
    results: dict[str, Result] = {}
    names = options.names or list(PROOFS)
    for name in (each for each in names if not PROOFS[each][1]):
        results[name] = prove(name, options.slice, 0.0, options.seed)
    remaining = max(LEAST, deadline - time.monotonic())
    for name in (each for each in names if PROOFS[each][1]):
        results[name] = prove(name, options.slice, remaining, options.seed)
    if options.json:
        print(json.dumps([asdict(result) for result in results.values()], indent=2, default=str))
    else:
        show(results)
    return 1 if any(result.failures for result in results.values()) else 0


def prove(name: str, size: str, seconds: float, seed: int) -> Result:
    run, share = PROOFS[name]
    began = time.monotonic()
    try:
        result = run(Budget(slice=size, seconds=seconds * share, seed=seed))
    except Exception:  # noqa: BLE001 the other proofs still run, and the table shows the error
        result = Result(name, "ended with an error", failures=[traceback.format_exc()], seed=seed)
    result.seconds = round(time.monotonic() - began, 1)
    return result


def replay(seed: int, schedule: str) -> int:
    """Plays a schedule again, prints each step, and returns the exit code."""
    execution = conservation.run(seed, [Action.parse(text) for text in schedule.split(",")])
    print("\n".join(execution.trace))
    print(f"\nexecution {execution.digest}: {execution.violation or 'every invariant held'}")
    return 1 if execution.violation else 0


def show(results: dict[str, Result]) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    table = Table(title="Proofs")
    for column in ("proof", "tried", "count", "failures", "seconds", "seed"):
        table.add_column(column, justify="left" if column in ("proof", "tried") else "right")
    for result in results.values():
        figures = "".join(f"\n{value:,} {name}" for name, value in result.figures.items() if isinstance(value, int))
        failures = f"[red]{len(result.failures)}[/red]" if result.failures else "0"
        table.add_row(
            result.proof, result.tried + figures, f"{result.count:,}", failures, f"{result.seconds:.1f}",
            str(result.seed),
        )  # fmt: skip
    console.print(table)
    console.print(_invariants(results))
    for result in results.values():
        for failure in result.failures:
            console.print(f"\n{result.proof}: {failure}", markup=False, soft_wrap=True)


def _invariants(results: dict[str, Result]) -> Table:
    table = Table("", "invariant", "proofs", "", title="Invariants")
    for each in INVARIANTS:
        verdict = each.verdict(results)
        color = {"held": "green", "FAILED": "bold red"}.get(verdict, "yellow")
        table.add_row(str(each.number), each.claim, ", ".join(each.proofs), f"[{color}]{verdict}[/{color}]")
    return table


if __name__ == "__main__":
    # What the proofs break on purpose is an error to the worker. Its lines would fill the screen above the table.
    logging.getLogger(SERVICE).setLevel(logging.CRITICAL)
    os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"
    sys.exit(main(sys.argv[1:]))
