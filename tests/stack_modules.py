"""Runs modules as separate programs next to a running local stack, so that they do not load the stack's processes."""

from __future__ import annotations

import os
import subprocess
import sys

from infra.local.stack import ROOT, LocalStack

TIMEOUT = 300
"""The longest time, in seconds, that one program may take."""


def run_module(stack: LocalStack, name: str, *arguments: str, standard_input: str = "") -> str:
    """Returns the output of `python -m NAME ARGUMENTS`, run in the environment of the stack.

    Raises:
        RuntimeError: the program failed; the message has its error output.
    """
    own = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    result = subprocess.run(
        [sys.executable, "-m", name, *arguments],
        input=standard_input,
        env={**own, **stack.environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"{name}: {result.stderr[-2000:]}")
    return result.stdout
