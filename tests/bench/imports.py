"""What a cold start imports, in fresh interpreters, next to the libraries that every such Lambda imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.figures import TIMES, Figure, at_most, only_told

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 7
LIMIT = 1.2
UNWANTED = ("stripe", "pydantic", "cryptography", "boto3")

OURS = "import app"
WEBHOOK = "import app; from chalicelib.adapters import tables; from chalicelib.adapters.stripe import events"
BASELINE = (
    "import chalice.app, pynamodb.models; from aws_lambda_powertools import Logger; "
    "from aws_lambda_powertools.metrics import Metrics"
)
TIMED = (
    "import json, sys, time; began = time.perf_counter(); {code}; took = time.perf_counter() - began; "
    "print(json.dumps([took, [name for name in {unwanted} if name in sys.modules]]))"
)


def measure() -> list[Figure]:
    """Alternating, so that whatever else the machine does falls on all alike; the fastest of each counts."""
    best = {code: float("inf") for code in (OURS, WEBHOOK, BASELINE)}
    unwanted: set[str] = set()
    for _ in range(ROUNDS):
        for code in best:
            took, loaded = _run(code)
            best[code] = min(best[code], took)
            unwanted |= set(loaded) if code != BASELINE else set()
    base = best[BASELINE]
    how = f"fastest of {ROUNDS} fresh interpreters each, alternating"
    return [
        at_most("import app", best[OURS] / base, LIMIT, TIMES, f"{best[OURS] * 1000:.0f} ms; {how}"),
        only_told("import app and what the first webhook adds", best[WEBHOOK] * 1000, "ms", "tables, events",
                  ratio=best[WEBHOOK] / base),
        only_told("import Chalice, pynamodb, Logger, Metrics", base * 1000, "ms", how, ratio=1.0),
        at_most("unwanted modules on the webhook path", len(unwanted), 0, "", ", ".join(sorted(unwanted) or UNWANTED),
                is_count=True),
    ]  # fmt: skip


def _run(code: str) -> tuple[float, list[str]]:
    script = TIMED.format(code=code, unwanted=UNWANTED)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    took, loaded = json.loads(done.stdout)
    return took, loaded
