"""Proofs that are tests: run with pytest in a process of their own, and told in the table."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

from infra.local.stack import ROOT
from tests.proofs.report import Budget, Result

TIMEOUT = 300


def tests_of(name: str, *paths: str) -> Callable[[Budget], Result]:
    """What proves by running these tests."""

    def prove(budget: Budget) -> Result:
        result = Result(name, "tests", seed=budget.seed)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--no-header", "-n", "2", "--dist", "loadscope", *paths],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        passed = re.search(r"(\d+) passed", done.stdout)
        result.count = int(passed[1]) if passed else 0
        result.failures = re.findall(r"^(?:FAILED|ERROR) (.*)$", done.stdout, re.MULTILINE)
        if not result.failures and (done.returncode or not result.count):
            result.failures = [f"pytest ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}"]
        return result

    return prove
