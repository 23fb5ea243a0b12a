"""Proofs that are pytest files: each runs in its own process and has a row in the table."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

from infra.local.stack import ROOT
from tests.proofs.report import Budget, Result

TIMEOUT = 300


def tests_of(name: str, *paths: str) -> Callable[[Budget], Result]:
    """Returns a function that proves by running these tests."""

    def prove(budget: Budget) -> Result:
        result = Result(name, "tests", seed=budget.seed)
        process = subprocess.run(
            [sys.executable, "-m", "pytest", "--no-header", "-n", "2", "--dist", "loadscope", *paths],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        passed = re.search(r"(\d+) passed", process.stdout)
        result.count = int(passed[1]) if passed else 0
        result.failures = re.findall(r"^(?:FAILED|ERROR) (.*)$", process.stdout, re.MULTILINE)
        if not result.failures and (process.returncode or not result.count):
            result.failures = [f"pytest ended with {process.returncode}: {(process.stdout + process.stderr)[-2000:]}"]
        return result

    return prove
