"""The mutation list as a proof: each guard is removed, and a test must fail.

The middle slice tries every seventh guard, another seventh each day, so a week covers all of them.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys

from infra.local.stack import ROOT
from tests.mutations.guards import GUARDS
from tests.proofs.report import Budget, Result

DAYS = 7
TIMEOUT = 900


def prove(budget: Budget) -> Result:
    """Tries all guards in the full slice, a seventh in the middle slice, and none in the short one."""
    result = Result("mutations", "removed guards", seed=budget.seed)
    if budget.slice == "short":
        result.tried = "not in the short slice"
        return result
    today = (dt.datetime.now(dt.UTC).toordinal() + budget.seed) % DAYS
    chosen = [each.name for each in (GUARDS if budget.slice == "full" else GUARDS[today::DAYS])]
    only = [] if budget.slice == "full" else [word for name in chosen for word in ("--only", name)]
    process = subprocess.run(
        [sys.executable, "-m", "tests.mutations", "--jobs", "2", "--json", *only],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    guards = json.loads(process.stdout) if process.stdout.startswith("[") else []
    outcomes = [each["outcome"] for each in guards]
    result.count = len(guards)
    result.failures = [
        f"{each['guard']}: {each['outcome']} {each['why']}" for each in guards if each["outcome"] != "killed"
    ]
    if not guards or (process.returncode and not result.failures):
        result.failures.append(
            f"tests.mutations ended with {process.returncode}: {(process.stdout + process.stderr)[-2000:]}"
        )
    result.figures = {
        "in the list": len(GUARDS),
        "killed": outcomes.count("killed"),
        "survived": outcomes.count("SURVIVED"),
    }
    return result
