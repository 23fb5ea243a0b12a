"""`python -m tests.mutations`: removes each guard from a copy of the tree and requires that its tests fail.

Exits with 1 if the tests still pass without a guard, if a guard is not found, or if the tests fail on the unchanged
tree.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import py_compile
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutations.guard import Guard
from tests.mutations.guards import GUARDS
from tests.mutations.patches import mutated
from tests.mutations.places import PatchError
from tests.mutations.symbols import ROOT, sources

COPIED = (
    "chalicelib",
    "infra",
    "tests",
    ".chalice",
    "docs",
    "app.py",
    "pyproject.toml",
    "README.md",
    "requirements.txt",
)
WARM = (
    "aws_lambda_powertools.logging aws_lambda_powertools.metrics boto3 chalice.app chalice.local cryptography "
    "hypothesis jwt moto msgspec pynamodb.models pytest stripe"
).split()
TIMEOUT = 180
"""Seconds a guard's tests may take; a mutation that makes them hang has been noticed as well."""

TIMED_OUT, NOT_APPLIED = 98, 99
KILLED, SURVIVED, BROKEN, STALE = "killed", "SURVIVED", "BROKEN", "STALE"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of removing one guard. `file` is the file that contained the guard, or empty if none did."""

    guard: str
    file: str
    tests: tuple[str, ...]
    outcome: str
    seconds: float
    why: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="guards whose name contains NAME")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()
    guards = [each for each in GUARDS if not options.only or any(name in each.name for name in options.only)]
    if not guards:
        parser.error(f"no guard's name contains {' or '.join(map(repr, options.only))}")
    began = time.monotonic()
    _warm_up()
    with tempfile.TemporaryDirectory(prefix="mutations-") as place:
        copies = [_copied(Path(place, str(number))) for number in range(options.jobs)]
        passing = list(_run(_shares(guards, options.jobs), copies))
        for failed_guards in (each for each in passing if each.code):
            print(f"Without any mutation these fail:\n{failed_guards.output[-3000:]}", file=sys.stderr)
            return 1
        results = [_result(each) for each in _run([Trial(guard, guard.tests) for guard in guards], copies)]
    results.sort(key=lambda result: [guard.name for guard in guards].index(result.guard))
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    else:
        _show(results, time.monotonic() - began)
    return 0 if results and all(result.outcome == KILLED for result in results) else 1


def _warm_up() -> None:
    """Imports the modules that every run needs, so that a forked child has them; imports nothing of the tree
    itself.
    """
    for name in WARM:
        __import__(name)


def _copied(place: Path) -> Path:
    place.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, place / name)
    # Bytecode is checked by the source's hash: a mutation may come and go within one tick of the file system.
    for name in ("chalicelib", "infra"):
        compileall.compile_dir(place / name, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    return place


def _shares(guards: Iterable[Guard], jobs: int) -> list[Trial]:
    """Runs all tests on the unchanged tree: a test that fails there proves nothing."""
    files: dict[str, set[str]] = {}
    for test in (test for each in guards for test in each.tests):
        files.setdefault(test.partition("::")[0], set()).add(test)
    spread = [sorted(tests) for tests in files.values()]
    shares = [[test for tests in spread[number::jobs] for test in tests] for number in range(jobs)]
    return [Trial(None, tuple(share)) for share in shares if share]


def _run(trials: Sequence[Trial], copies: Sequence[Path]) -> Iterator[Trial]:
    """Runs each trial in a forked child, in its own copy. Yields the trials that have ended."""
    waiting, free, running = deque(trials), list(copies), dict[int, Trial]()
    while waiting or running:
        while waiting and free:
            trial = waiting.popleft()
            trial.copy = free.pop()
            if trial.prepared():
                running[trial.start()] = trial
            else:
                free.append(trial.copy)
                yield trial
        time.sleep(0.05)
        for child, trial in list(running.items()):
            if trial.ended(child):
                del running[child]
                free.append(trial.copy)
                yield trial


@dataclass
class Trial:
    """Tests to run in a copy from which a guard was removed."""

    guard: Guard | None
    tests: tuple[str, ...]
    copy: Path = ROOT
    code: int = 0
    output: str = ""
    seconds: float = 0.0
    file: str = ""
    _whole: str = ""
    _began: float = 0.0

    def prepared(self) -> bool:
        """Removes the guard, and returns False if it is not found."""
        if self.guard is None:
            return True
        try:
            without = mutated(self.guard, sources(self.copy))
        except PatchError as stale:
            self.code, self.output = NOT_APPLIED, str(stale)
            return False
        self.file = without.file
        target = self.copy / self.file
        self._whole = target.read_text()
        target.write_text(without.text)
        return True

    def start(self) -> int:
        self._began = time.monotonic()
        child = os.fork()
        if child:
            return child
        code = 70
        with suppress(BaseException):
            with (self.copy / "output.txt").open("w") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            code = _run_pytest(self.copy, list(self.tests))
            sys.stdout.flush()
        os._exit(code)

    def ended(self, child: int) -> bool:
        """Returns True if the child has ended or was ended. The guard is in its place again then."""
        process, status = os.waitpid(child, os.WNOHANG)
        self.seconds = time.monotonic() - self._began
        late = not process and self.guard is not None and self.seconds > TIMEOUT
        if late:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        elif not process:
            return False
        self.code = TIMED_OUT if late else os.waitstatus_to_exitcode(status)
        self.output = (self.copy / "output.txt").read_text(errors="replace")
        if self.guard is not None:
            (self.copy / self.file).write_text(self._whole)
        return True


def _result(trial: Trial) -> Result:
    """Returns the result. Only a failing test detects a removal: a tree whose tests cannot be collected was not
    tested.
    """
    assert trial.guard is not None
    outcome = {0: SURVIVED, 1: KILLED, TIMED_OUT: KILLED, NOT_APPLIED: STALE}.get(trial.code, BROKEN)
    why = trial.output[-2000:] if outcome in {BROKEN, STALE} else ""
    return Result(trial.guard.name, trial.file, trial.tests, outcome, round(trial.seconds, 1), why)


def _run_pytest(copy: Path, tests: list[str]) -> int:
    import pytest

    os.chdir(copy)
    sys.path[:] = [str(copy), *(each for each in sys.path if each and Path(each).resolve() != ROOT)]
    for name in list(sys.modules):
        if name.split(".")[0] in {"tests", "chalicelib", "infra", "app"}:
            del sys.modules[name]
    os.environ |= {"POWERTOOLS_METRICS_DISABLED": "true", "PYTHONPATH": str(copy)}
    return int(pytest.main(["-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]))


def _show(results: list[Result], seconds: float) -> None:
    table = Table("guard", "file", "test", "", "s", title=f"{len(results)} guards")
    for result in results:
        tests = "\n".join(test.rpartition("::")[2] for test in result.tests)
        color = "green" if result.outcome == KILLED else "bold red"
        table.add_row(result.guard, result.file, tests, f"[{color}]{result.outcome}[/]", f"{result.seconds:.1f}")
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for result in results:
        if result.why:
            console.print(f"{result.guard}: {result.why}", markup=False)
    killed = sum(result.outcome == KILLED for result in results)
    console.print(
        f"{killed} of {len(results)} guards are killed: a test failed once the guard was gone; {seconds:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
