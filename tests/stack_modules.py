"""Runs modules as programs of their own beside a running stack: what they do takes nothing from its processes."""

from __future__ import annotations

import os
import subprocess
import sys

from infra.local.stack import ROOT, LocalStack

TIMEOUT = 300
"""Seconds one may take."""


def run_module(stack: LocalStack, name: str, *words: str, given: str = "") -> str:
    """What `python -m name words` prints, in the stack's environment, with `given` on its standard input.

    Raises:
        RuntimeError: it failed; says how.
    """
    own = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", name, *words],
        input=given,
        env={**own, **stack.environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    return done.stdout
