"""`make test-names SINCE=COMMIT`: compares the tests of an earlier commit with those of this tree, by name and
target.

Exits with 1 if a test was removed, so that moving or splitting tests loses none unnoticed. Both trees are collected
with the packages that are installed now.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
TARGET = re.compile(r'^(test[a-z-]*):.*\n\t(?:\$\(TESTS\)|.* pytest) -m (?:"([^"]+)"|(\S+))', re.MULTILINE)
"""In a Makefile: a target's name, and the expression of markers that chooses its tests."""
NOWHERE = "no target"


def targets_of(makefile: str) -> dict[str, str]:
    """Returns the marker expression that chooses each target's tests; `make proofs` runs the tests marked `proof`."""
    expressions = {name: quoted or plain for name, quoted, plain in TARGET.findall(makefile)}
    return {**expressions, "proofs": "proof"} if "proof" in expressions["test"] else expressions


def tests_of(tree: Path) -> dict[str, str]:
    """Returns the name of each test in a tree, with the target that runs it.

    Raises:
        RuntimeError: the tests could not be collected.
    """
    targets = targets_of((tree / "Makefile").read_text())
    targets_by_test = dict.fromkeys(_collect(tree, None), NOWHERE)
    for target, expression in targets.items():
        targets_by_test |= dict.fromkeys(_collect(tree, expression), target)
    return targets_by_test


def moved_tests(before: Mapping[str, str], after: Mapping[str, str]) -> Counter[tuple[str, str, str]]:
    """Returns how many tests of each file another target runs now: file, target before, target now."""
    return Counter(
        (name.partition("::")[0], target, after[name])
        for name, target in before.items()
        if name in after and after[name] != target
    )


def in_other_files(removed: Sequence[str], new: Sequence[str]) -> dict[str, str]:
    """Returns the new name of each removed test that has a new test of the same name in another file."""
    by_test: dict[str, list[str]] = {}
    for name in new:
        by_test.setdefault(name.partition("::")[2], []).append(name)
    new_names = {}
    for name in removed:
        there = by_test.get(name.partition("::")[2], [])
        # Prefers a file of the same name, because a moved file usually keeps its name.
        there.sort(key=lambda each: Path(each.partition("::")[0]).name != Path(name.partition("::")[0]).name)
        if there:
            new_names[name] = there.pop(0)
    return new_names


def _collect(tree: Path, expression: str | None) -> list[str]:
    chosen = [] if expression is None else ["-m", expression]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", *chosen, "tests"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    environment["PYTHONPATH"] = str(tree)
    result = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if result.returncode not in (0, 5):  # 5: an expression that chooses none
        raise RuntimeError(
            f"pytest could not collect the tests of {tree}:\n{result.stdout[-2000:]}{result.stderr[-2000:]}"
        )
    names = [line for line in result.stdout.splitlines() if "::" in line]
    if not names and result.returncode == 0:
        raise RuntimeError(f"pytest names no test of {tree}:\n{result.stdout[-2000:]}")
    return names


def commit_of(name: str) -> str:
    """Returns the hash of the commit with that name.

    Raises:
        LookupError: the commit does not exist; the message can be displayed.
    """
    command = ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise LookupError(f"There is no commit {name!r} in this repository: name one with SINCE=COMMIT.")
    return result.stdout.strip()


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Yields a work tree of the commit, and removes it at the end."""
    with tempfile.TemporaryDirectory(prefix="test-names-") as place:
        tree = Path(place, "tree")
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(tree), commit], cwd=ROOT, check=True)
        try:
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True)


def main() -> int:
    """Compares the trees, prints the report, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="make test-names", description=__doc__)
    parser.add_argument("--since", required=True, metavar="COMMIT", help="the earlier commit")
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    options = parser.parse_args()
    try:
        commit = commit_of(options.since)
    except LookupError as unknown:
        print(unknown, file=sys.stderr)
        return 2
    console = Console(stderr=True)
    with checked_out(commit) as tree, console.status(f"collecting the tests of {options.since}"):
        before = tests_of(tree)
    with console.status("collecting the tests of this tree"):
        after = tests_of(ROOT)
    return report(before, after, as_json=options.json)


def report(before: Mapping[str, str], after: Mapping[str, str], *, as_json: bool) -> int:
    """Prints which tests were moved, added and removed. Returns 1 if a test was removed, else 0."""
    tests_now = len(after)
    counts = Counter(after.values())
    removed, new = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
    files = in_other_files(removed, new)
    removed, new = [each for each in removed if each not in files], sorted(set(new) - set(files.values()))
    after = dict(after) | {was: after[now] for was, now in files.items()}
    elsewhere = [(*where, count) for where, count in sorted(moved_tests(before, after).items())]
    if as_json:
        print(
            json.dumps(
                {
                    "before": len(before),
                    "after": tests_now,
                    "gone": removed,
                    "new": new,
                    "moved": elsewhere,
                    "files": files,
                }
            )
        )
    else:
        console = Console(width=None if sys.stdout.isatty() else 140)
        table = Table("file", "before", "now", "tests", title="Tests that another target runs")
        for file, was, now, count in elsewhere:
            table.add_row(file, f"make {was}", f"make {now}", str(count))
        console.print(table if elsewhere else "No test is run by another target than before.")
        console.print(", ".join(f"make {target}: {count:,}" for target, count in sorted(counts.items())))
        console.print(
            f"{len(before):,} tests before, {tests_now:,} now: {len(removed)} gone, {len(new)} new, "
            f"{len(files)} in another file"
        )
        for name in removed:
            console.print(f"gone: {name}", markup=False, soft_wrap=True)
    return 1 if removed else 0


if __name__ == "__main__":
    sys.exit(main())
